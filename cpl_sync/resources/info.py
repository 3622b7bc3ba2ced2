# generated from cpl_async/resources/info.py by tools/generate_sync.py, do not edit
"""Version and state of the API service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import info as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.info import Info
    from cpl_async.transport.call import CallOptions

__all__ = ["InfoResource"]


class InfoResource(proxies.SyncProxy[core.InfoResource]):
    """Version, state and clock of the service."""

    __slots__ = ()

    def get(self, **options: Unpack[CallOptions]) -> Info:
        """Return version, state and clock of the service. The call needs no token, so it can test the connection."""
        return portal.call(self._core.get, **options)
