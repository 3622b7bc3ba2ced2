"""Operations on news and planned outages of the API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from .base import MAX_PAGE_SIZE, Listing, Resource

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.pages import Page
    from ..models.version_information import VersionInformation
    from ..transport.call import CallOptions

__all__ = ["VersionInformationResource"]

LIST = Listing("version_information.list", "versionInformation")


class VersionInformationResource(Resource):
    """News and planned outages of the API."""

    async def list(
        self, *, limit: int = 100, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[VersionInformation]:
        """Return one page of news items.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        """
        from ..models.version_information import VersionInformation

        return await self._page(LIST, options, VersionInformation, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **options: Unpack[CallOptions]
    ) -> AsyncGenerator[VersionInformation, None]:
        """Yield all news items.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        """
        from ..models.version_information import VersionInformation

        return self._iterate(LIST, options, VersionInformation, page)
