# generated from cpl_async/resources/data.py by tools/generate_sync.py, do not edit
"""Files by their address: one label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import data as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.data import Label
    from cpl_async.transport.call import CallOptions

__all__ = ["Data"]


class Data(proxies.SyncProxy[core.Data]):
    """Files that the API points to."""

    __slots__ = ()

    def get(self, source: str, **options: Unpack[CallOptions]) -> Label:
        """Fetch a file, as a rule the label of one parcel.

        The token goes to the configured host only: a file on another host is fetched without it, and over
        HTTPS only.

        :param source: a ``labelUrl`` as the API gave it, or the id at its end.
        :raises NotFound: when there is no such file, or it is gone (labels are kept for 30 days).
        """
        return portal.call(self._core.get, source, **options)
