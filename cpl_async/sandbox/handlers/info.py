"""What the service says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from ..clock import wall
from ..world import WORLD

__all__ = ["APPLICATION", "OPERATIONS"]

APPLICATION = "CPL sandbox"

BEGAN = datetime.fromtimestamp(wall(), UTC)


async def get(request: web.Request) -> web.Response:
    """Answer version, state and clock, to anybody."""
    return web.json_response(
        {
            "version": "sandbox",
            "state": "OK",
            "time": datetime.fromtimestamp(wall(), UTC).isoformat(),
            "node": request.app[WORLD].store.world,
            "application": APPLICATION,
            "startTime": BEGAN.isoformat(),
        }
    )


OPERATIONS = {("GET", "/info"): ("info.get", get)}
