"""The body of a response, read up to a limit."""

from __future__ import annotations

import asyncio

import aiohttp

__all__ = ["ERROR_BYTES", "JSON_BYTES", "LABEL_BYTES", "read_body"]

MEBIBYTE = 2**20
JSON_BYTES = 32 * MEBIBYTE
"""Maximum size of a JSON body in bytes. A page of 1,000 shipments with all their events has about 10 MB."""
LABEL_BYTES = 256 * MEBIBYTE
"""Maximum size of a body with labels in bytes. 200 labels as graphics at 600 dpi have about 100 MB."""
ERROR_BYTES = MEBIBYTE
"""Maximum size of the body of an error in bytes, also used if the headers are sufficient."""


async def read_body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """Return the body of a response and whether it is complete; at most 1 MiB of an incomplete one.

    The body is read and decompressed in pieces of about 100 kB. Other tasks can run between them.

    :param response: A response of which nothing was read yet.
    :param limit: Maximum number of bytes after decompression, at least 1. The rest is not read, and the connection is
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
            await asyncio.sleep(0)  # hundreds of pieces can follow a compressed one without a wait
        return joined(pieces), True
    except RuntimeError as error:  # raised by the HTTP library for some bodies that cannot be decompressed
        raise aiohttp.ClientPayloadError(str(error)) from None
    except MemoryError:
        pieces.clear()
        response.close()
        return b"", False


def joined(pieces: list[bytes]) -> bytes:
    """Return the pieces as one value."""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
