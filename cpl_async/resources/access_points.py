"""Operations on pickup points."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from ..errors import ValidationError
from ..transport.call import CallOptions
from .base import MAX_PAGE_SIZE, Listing, checked_int
from .cached_resource import CachedResource

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.access_points import AccessPoint, NearbyAccessPoint
    from ..models.pages import Page

__all__ = ["AccessPointFilters", "AccessPoints", "NearFilters"]


MAX_NEAREST = 100_000


class NearFilters(CallOptions, total=False):
    """Filters of ``access_points.nearest``, in addition to the options of every call."""

    access_point_code: str
    country_code: str
    """Country code, ISO 3166-1 alpha-2."""
    zip_code: str
    city: str
    access_point_types: Sequence[str]
    """See :class:`AccessPointType`."""
    tribal_service_point: bool
    active_card_payment: bool
    active_cash_payment: bool
    pickup_enabled: bool
    sizes: Sequence[str]
    """Parcel sizes that the pickup point must accept."""
    radius: int
    """Maximum distance from the position. The unit is not documented; the sandbox uses kilometres."""


class AccessPointFilters(NearFilters, total=False):
    """Filters of ``access_points.list``, in addition to the options of every call."""

    latitude: float
    """Latitude in degrees, positive in the north."""
    longitude: float
    """Longitude in degrees, positive in the east."""


LIST = Listing.of("access_points.list", "accessPoint", AccessPointFilters)


class AccessPoints(CachedResource):
    """Pickup points. There are tens of thousands; use ``iterate`` to read them all."""

    __slots__ = ()

    async def list(
        self, *, limit: int = 100, offset: int = 0, **filters: Unpack[AccessPointFilters]
    ) -> Page[AccessPoint]:
        """Return one page of pickup points.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        :param filters: Filters (:class:`AccessPointFilters`) and the options of every call.
        """
        from ..models.access_points import AccessPoint

        return await self._page(LIST, filters, AccessPoint, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[AccessPointFilters]
    ) -> AsyncGenerator[AccessPoint, None]:
        """Yield all pickup points; the next page is fetched in the background.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        :param filters: Filters (:class:`AccessPointFilters`) and the options of every call.
        """
        from ..models.access_points import AccessPoint

        return self._iterate(LIST, filters, AccessPoint, page)

    async def nearest(
        self,
        *,
        latitude: float,
        longitude: float,
        count: int = 10,
        **filters: Unpack[NearFilters],
    ) -> Sequence[NearbyAccessPoint]:
        """Return the pickup points nearest to a position, nearest first.

        Distances are calculated by the client, independently of the server's ``radius``. All points that match the
        filters are read: filter by country or radius to reduce their number.

        :param latitude: Latitude in degrees, -90 to 90.
        :param longitude: Longitude in degrees, -180 to 180.
        :param count: Maximum number of pickup points, 1–100,000. Default: 10.
        :param filters: Filters (:class:`NearFilters`) and the options of every call.
        """
        from ..models.access_points import NearbyAccessPoint

        for name, value, maximum in (("latitude", latitude, 90), ("longitude", longitude, 180)):
            if not isinstance(value, (int, float)) or not abs(value) <= maximum:
                raise ValidationError(f"{name} must be a number of degrees from -{maximum} to {maximum}, not {value!r}")
        checked_int("count", count, 1, MAX_NEAREST)
        around: AccessPointFilters = {"latitude": latitude, "longitude": longitude, **filters}
        nearest: list[tuple[float, int, AccessPoint]] = []
        point_count = 0
        async for point in self.iterate(**around):
            distance = point.gps.distance_km(latitude, longitude) if point.gps else None
            if distance is not None:
                point_count += 1
                heapq.heappush(nearest, (-distance, -point_count, point))
                if len(nearest) > count:
                    heapq.heappop(nearest)
        return [
            NearbyAccessPoint(point=point, distance_km=-distance)
            for distance, _, point in sorted(nearest, reverse=True)
        ]
