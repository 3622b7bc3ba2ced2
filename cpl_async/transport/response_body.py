"""The body of a response, read up to a limit."""

from __future__ import annotations

import asyncio

import aiohttp

__all__ = ["ERROR_BYTES", "JSON_BYTES", "LABEL_BYTES", "read_body"]

MEBIBYTE = 2**20
JSON_BYTES = 32 * MEBIBYTE
"""A page of 1,000 shipments with all their events has about 10 MB."""
LABEL_BYTES = 256 * MEBIBYTE
"""200 labels as graphics at 600 dpi have about 100 MB."""
ERROR_BYTES = MEBIBYTE
"""Also the limit where the headers say everything that matters."""


async def read_body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """Return the body of a response and whether it is complete; of an incomplete one at most the first megabyte.

    It is read in pieces of some 100 kB, and also decompressed in such pieces. Other tasks can run between them.

    :param response: A response of which nothing was read yet.
    :param limit: Largest number of bytes after decompression, at least 1. The rest is not read, and the connection is
        closed.
    :raises aiohttp.ClientError: The connection broke, or the body cannot be decompressed.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        # `response.read()` would decompress without a limit
        while piece := await response.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                response.close()
                return (joined(pieces)[:limit] if limit <= ERROR_BYTES else b""), False
            await asyncio.sleep(0)  # a compressed piece can be followed by hundreds of others without a wait
        return joined(pieces), True
    except RuntimeError as error:  # the HTTP library at some bodies that cannot be decompressed
        raise aiohttp.ClientPayloadError(str(error)) from None
    except MemoryError:
        pieces.clear()
        response.close()
        return b"", False


def joined(pieces: list[bytes]) -> bytes:
    """Return the pieces as one."""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
