"""Handler of the service's version and state."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from ..clock import wall_time
from ..context import CONTEXT

__all__ = ["APPLICATION", "OPERATIONS"]

APPLICATION = "CPL sandbox"

START_TIME = datetime.fromtimestamp(wall_time(), UTC)


async def get(request: web.Request) -> web.Response:
    """Return version, state and clock, without authentication."""
    return web.json_response(
        {
            "version": "sandbox",
            "state": "OK",
            "time": datetime.fromtimestamp(wall_time(), UTC).isoformat(),
            "node": request.app[CONTEXT].store.instance_id,
            "application": APPLICATION,
            "startTime": START_TIME.isoformat(),
        }
    )


OPERATIONS = {("GET", "/info"): ("info.get", get)}
