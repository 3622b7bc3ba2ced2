"""Version and state of the API service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..transport.call import Call
from .base import Resource

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.info import Info
    from ..transport.call import CallOptions

__all__ = ["InfoResource"]


class InfoResource(Resource):
    """Version, state and clock of the service."""

    async def get(self, **options: Unpack[CallOptions]) -> Info:
        """Return version, state and clock of the service. The call needs no token, so it can test the connection."""
        from ..models.info import Info

        call = Call(operation="info.get", method="GET", path="info", authorized=False)
        return await self._object(call, options, Info)
