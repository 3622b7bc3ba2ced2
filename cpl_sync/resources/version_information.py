# generated from cpl_async/resources/version_information.py by tools/generate_sync.py, do not edit
"""Operations on news and planned outages of the API."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import version_information as core
from cpl_async.resources.base import MAX_PAGE_SIZE

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.pages import Page
    from cpl_async.models.version_information import VersionInformation
    from cpl_async.transport.call import CallOptions

__all__ = ["VersionInformationResource"]


class VersionInformationResource(proxies.SyncProxy[core.VersionInformationResource]):
    """News and planned outages of the API."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **options: Unpack[CallOptions]) -> Page[VersionInformation]:
        """Return one page of news items.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **options)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **options: Unpack[CallOptions]
    ) -> Generator[VersionInformation, None, None]:
        """Yield all news items.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        """
        return portal.iterate(self._core.iterate, page=page, **options)
