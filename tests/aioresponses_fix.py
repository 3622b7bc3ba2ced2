"""Makes aioresponses 0.7.9 work with aiohttp 3.14, and does nothing once upstream does.

Two things are amiss: the response that it builds lacks the argument ``stream_writer``, which 3.14 requires, and its
stream has a limit of 64 KiB, past which reading is paused on a protocol that has no parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import Mock, patch

from aiohttp import ClientResponse, StreamReader
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses
from aioresponses.core import RequestMatch
from yarl import URL

__all__ = ["adapted", "works_by_itself"]

LARGE = 1 << 31


class _Response(ClientResponse):
    def __init__(self, *args: Any, **named: Any) -> None:
        named.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **named)


def _reader(loop: Any = None) -> StreamReader:
    return StreamReader(ResponseHandler(loop=loop), limit=LARGE, loop=loop)


def works_by_itself() -> bool:
    """Return whether aioresponses builds a large response without help."""
    url = URL("http://127.0.0.1/")
    try:
        RequestMatch(url)._build_response(url=url, body=b"x" * 200_000)
    except (AssertionError, TypeError):
        return False
    return True


@contextmanager
def adapted() -> Iterator[aioresponses]:
    """Give aioresponses, adapted if it needs to be; calls to loopback pass through only when named."""
    with ExitStack() as stack:
        if not works_by_itself():
            stack.enter_context(patch("aioresponses.core.ClientResponse", _Response))
            stack.enter_context(patch("aioresponses.core.stream_reader_factory", _reader))
        yield stack.enter_context(aioresponses())
