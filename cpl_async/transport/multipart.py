"""A form with files as the body of a request, written piece by piece and never whole in memory."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from attrs import field, frozen

from ..system.blocking import run_blocking
from .exchange import Exchange

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["FileChanged", "FilePart", "MultipartBody"]

PIECE = 64 * 1024


@frozen(kw_only=True)
class FilePart:
    """One file of a form."""

    name: str
    content_type: str
    size: int
    """Size in bytes."""
    source: bytes | Path = field(repr=False)
    """Content, or the path from which it is read while it is sent."""
    changed: int = 0
    """Time of the last change of the file when it was checked, in nanoseconds."""


class FileChanged(OSError):
    """A file has changed since it was checked. The part that was sent is incomplete."""


class MultipartBody(aiohttp.Payload):
    """The files of a form, all under the same name. The time of the first piece is recorded."""

    def __init__(self, name: str, parts: Sequence[FilePart], exchange: Exchange) -> None:
        boundary = uuid.uuid4().hex
        super().__init__(parts, content_type=f"multipart/form-data; boundary={boundary}")
        self._parts = parts
        self._heads = [_head(boundary, name, part) for part in parts]
        self._end = f"--{boundary}--\r\n".encode()
        self._size = len(self._end) + sum(
            len(head) + part.size + 2 for head, part in zip(self._heads, parts, strict=True)
        )
        self._exchange = exchange

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Raise an error, because files are not text."""
        raise TypeError("a form with files is not text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the parts.

        :raises FileChanged: A file has changed since it was checked. The end is then not written.
        """
        for head, part in zip(self._heads, self._parts, strict=True):
            await writer.write(head)
            async for piece in _pieces(part):
                await writer.write(piece)
                self._exchange.record_write()
            await writer.write(b"\r\n")
        await writer.write(self._end)
        self._exchange.record_write()


def _head(boundary: str, name: str, part: FilePart) -> bytes:
    file = part.name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    disposition = f'form-data; name="{name}"; filename="{file}"'
    return f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {part.content_type}\r\n\r\n".encode()


async def _pieces(part: FilePart) -> AsyncIterator[bytes]:
    if isinstance(part.source, bytes):
        for start in range(0, len(part.source), PIECE):
            yield part.source[start : start + PIECE]
        return
    left = part.size
    try:
        with ExitStack() as stack:
            file = stack.enter_context(await run_blocking(part.source.open, "rb"))
            while left:
                piece = await run_blocking(file.read, min(PIECE, left))
                if not piece:
                    break
                left -= len(piece)
                yield piece
            now = os.fstat(file.fileno())
    except FileNotFoundError:
        raise FileChanged(f"{part.name} was removed while it was to be sent") from None
    if left or now.st_size != part.size or now.st_mtime_ns != part.changed:
        raise FileChanged(f"{part.name} was changed while it was sent")
