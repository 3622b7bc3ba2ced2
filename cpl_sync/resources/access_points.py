# generated from cpl_async/resources/access_points.py by tools/generate_sync.py, do not edit
"""Operations on pickup points."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Self, Unpack

from cpl_async.resources import access_points as core
from cpl_async.resources.base import MAX_PAGE_SIZE
from cpl_async.resources.page_cache import DAY_SECONDS

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.access_points import AccessPoint, NearbyAccessPoint
    from cpl_async.models.pages import Page
    from cpl_async.resources.access_points import AccessPointFilters, NearFilters

__all__ = ["AccessPoints"]


class AccessPoints(proxies.SyncProxy[core.AccessPoints]):
    """Pickup points. There are tens of thousands; use ``iterate`` to read them all."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[AccessPointFilters]) -> Page[AccessPoint]:
        """Return one page of pickup points.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        :param filters: Filters (:class:`AccessPointFilters`) and the options of every call.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **filters)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[AccessPointFilters]
    ) -> Generator[AccessPoint, None, None]:
        """Yield all pickup points; the next page is fetched in the background.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        :param filters: Filters (:class:`AccessPointFilters`) and the options of every call.
        """
        return portal.iterate(self._core.iterate, page=page, **filters)

    def nearest(
        self, *, latitude: float, longitude: float, count: int = 10, **filters: Unpack[NearFilters]
    ) -> Sequence[NearbyAccessPoint]:
        """Return the pickup points nearest to a position, nearest first.

        Distances are calculated by the client, independently of the server's ``radius``. All points that match the
        filters are read: filter by country or radius to reduce their number.

        :param latitude: Latitude in degrees, -90 to 90.
        :param longitude: Longitude in degrees, -180 to 180.
        :param count: Maximum number of pickup points, 1–100,000. Default: 10.
        :param filters: Filters (:class:`NearFilters`) and the options of every call.
        """
        return portal.call(self._core.nearest, latitude=latitude, longitude=longitude, count=count, **filters)

    def cached(self, *, ttl: float = DAY_SECONDS, stale_for: float = 0.0) -> Self:
        """Return this resource with a page cache.

        Calls of one client with the same two times share a cache. By default no page is older than ``ttl``. With
        ``stale_for``, an older page is returned while the server fails; it is marked ``stale`` and a warning is
        logged.

        :param ttl: Time to live of a page in seconds, greater than 0. Default: one day.
        :param stale_for: Seconds after ``ttl`` in which a stale page may be returned, at least 0. Default: 0.
        :raises ConfigurationError: If a time is out of range.
        """
        return type(self)(self._core.cached(ttl=ttl, stale_for=stale_for), self)
