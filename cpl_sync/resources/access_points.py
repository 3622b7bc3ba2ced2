# generated from cpl_async/resources/access_points.py by tools/generate_sync.py, do not edit
"""Pickup points: finding them, reading them all, the nearest ones."""

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


class AccessPoints(proxies.Twin[core.AccessPoints]):
    """Pickup points; there are tens of thousands, so read them all with ``iterate``."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[AccessPointFilters]) -> Page[AccessPoint]:
        """Return one page of pickup points.

        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :param filters: filters, see :class:`AccessPointFilters`, and the options of every call.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **filters)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[AccessPointFilters]
    ) -> Generator[AccessPoint, None, None]:
        """Go through all pickup points as a stream; the next page is fetched while the caller works.

        :param page: 1–1000 items a request.
        :param filters: filters, see :class:`AccessPointFilters`, and the options of every call.
        """
        return portal.iterate(self._core.iterate, page=page, **filters)

    def nearest(
        self, *, latitude: float, longitude: float, count: int = 10, **filters: Unpack[NearFilters]
    ) -> Sequence[NearbyAccessPoint]:
        """Return the pickup points nearest to a position, nearest first.

        Distances are counted here from the points' positions, so they hold whatever the server makes of ``radius``.
        All points that the filters leave are read: give a country or a radius where there are many.

        :param latitude: degrees, -90 to 90.
        :param longitude: degrees, -180 to 180.
        :param count: how many, at least 1.
        :param filters: filters, see :class:`NearFilters`, and the options of every call.
        """
        return portal.call(self._core.nearest, latitude=latitude, longitude=longitude, count=count, **filters)

    def cached(self, *, ttl: float = DAY_SECONDS, stale_for: float = 0.0) -> Self:
        """Return the same calls, answered from memory where the answer is young enough.

        What is kept is shared by all who ask this client with the same two times. By default nothing is ever
        older than ``ttl``; with ``stale_for`` an older page stands in while the server fails, and its ``stale``
        and a warning in the log say so.

        :param ttl: seconds for which an answer is given again; a day unless given.
        :param stale_for: seconds after these for which an old answer may stand in.
        :raises ConfigurationError: when a time is out of range.
        """
        return type(self)(self._core.cached(ttl=ttl, stale_for=stale_for), self)
