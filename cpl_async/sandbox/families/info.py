"""What the service says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

__all__ = ["OPERATIONS"]

BEGAN = datetime.now(UTC)


async def get(request: web.Request) -> web.Response:
    """Answer version, state and clock, to anybody."""
    return web.json_response(
        {
            "version": "sandbox",
            "state": "OK",
            "time": datetime.now(UTC).isoformat(),
            "node": "sandbox",
            "application": "CPL sandbox",
            "startTime": BEGAN.isoformat(),
        }
    )


OPERATIONS = {("GET", "/info"): ("info.get", get)}
