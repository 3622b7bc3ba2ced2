# generated from cpl_async/resources/data.py by tools/generate_sync.py, do not edit
"""Download of label files by URL or id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import data as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.data import Label
    from cpl_async.transport.call import CallOptions

__all__ = ["Data"]


class Data(proxies.SyncProxy[core.Data]):
    """Files that the API links to."""

    __slots__ = ()

    def get(self, source: str, **options: Unpack[CallOptions]) -> Label:
        """Return a file, usually the label of one parcel.

        The token is sent to the configured host only. A file on another host is fetched without it, and over
        HTTPS only.

        :param source: ``labelUrl`` from the API, or the id at its end.
        :raises NotFound: If the file does not exist or has expired (labels are available for 30 days).
        """
        return portal.call(self._core.get, source, **options)
