"""The grouping of a caller's items: they are processed together, and no item waits long for the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import TypeVar

from ...errors import ConfigurationError
from ...system.clock import monotonic

__all__ = ["row_groups"]

T = TypeVar("T")
ROWS_PER_COMMIT = 100
MAX_WAIT_SECONDS = 0.5
"""Seconds that rows wait for others to be inserted and sent together."""


async def row_groups(rows: Iterable[T] | AsyncIterable[T], name: str) -> AsyncGenerator[list[T], None]:
    """Yield a caller's items in small groups. An incomplete group is yielded if the next item does not come soon.

    :param name: Name of the items, for the error.
    :raises ConfigurationError: It is not an iterable.
    """
    if isinstance(rows, AsyncIterable):
        source = aiter(rows)
        waiting: asyncio.Future[T] | None = None
        group: list[T] = []
        began = 0.0
        try:
            while True:
                waiting = waiting or asyncio.ensure_future(_next(source))
                left = max(0.0, began + MAX_WAIT_SECONDS - monotonic()) if group else None
                await asyncio.wait({waiting}, timeout=left)
                if not waiting.done() or len(group) == ROWS_PER_COMMIT:
                    yield group
                    group = []
                    continue
                done, waiting = waiting, None
                began = began if group else monotonic()
                group.append(done.result())
        except StopAsyncIteration:
            if group:
                yield group
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
        return
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise ConfigurationError(f"{name} takes an iterable, not {type(rows).__name__}")
    group = []
    for row in rows:
        group.append(row)
        if len(group) == ROWS_PER_COMMIT:
            yield group
            group = []
            await asyncio.sleep(0)
    if group:
        yield group


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)
