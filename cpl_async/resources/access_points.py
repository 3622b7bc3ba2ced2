"""Pickup points: finding them, reading them all, the nearest ones."""

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
    """Filters of ``access_points.nearest``, besides the options of every call."""

    access_point_code: str
    country_code: str
    """Two letters, ISO 3166-1."""
    zip_code: str
    city: str
    access_point_types: Sequence[str]
    """See :class:`AccessPointType`."""
    tribal_service_point: bool
    active_card_payment: bool
    active_cash_payment: bool
    pickup_enabled: bool
    sizes: Sequence[str]
    """Of parcels that must fit."""
    radius: int
    """Leaves out what is far from the position; the unit is not documented, the sandbox takes kilometres."""


class AccessPointFilters(NearFilters, total=False):
    """Filters of ``access_points.list``, besides the options of every call."""

    latitude: float
    """Degrees, north is positive."""
    longitude: float
    """Degrees, east is positive."""


LIST = Listing.of("access_points.list", "accessPoint", AccessPointFilters)


class AccessPoints(CachedResource):
    """Pickup points; there are tens of thousands, so read them all with ``iterate``."""

    __slots__ = ()

    async def list(
        self, *, limit: int = 100, offset: int = 0, **filters: Unpack[AccessPointFilters]
    ) -> Page[AccessPoint]:
        """Return one page of pickup points.

        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :param filters: filters, see :class:`AccessPointFilters`, and the options of every call.
        """
        from ..models.access_points import AccessPoint

        return await self._page(LIST, filters, AccessPoint, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[AccessPointFilters]
    ) -> AsyncGenerator[AccessPoint, None]:
        """Go through all pickup points as a stream; the next page is fetched while the caller works.

        :param page: 1–1000 items a request.
        :param filters: filters, see :class:`AccessPointFilters`, and the options of every call.
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

        Distances are counted here from the points' positions, so they hold whatever the server makes of ``radius``.
        All points that the filters leave are read: give a country or a radius where there are many.

        :param latitude: degrees, -90 to 90.
        :param longitude: degrees, -180 to 180.
        :param count: how many, at least 1.
        :param filters: filters, see :class:`NearFilters`, and the options of every call.
        """
        from ..models.access_points import NearbyAccessPoint

        for name, value, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
            if not isinstance(value, (int, float)) or not abs(value) <= most:
                raise ValidationError(f"{name} is a number of degrees from -{most} to {most}, not {value!r}")
        checked_int("count", count, 1, MAX_NEAREST)
        around: AccessPointFilters = {"latitude": latitude, "longitude": longitude, **filters}
        near: list[tuple[float, int, AccessPoint]] = []
        number = 0
        async for point in self.iterate(**around):
            distance = point.gps.distance_km(latitude, longitude) if point.gps else None
            if distance is not None:
                number += 1
                heapq.heappush(near, (-distance, -number, point))
                if len(near) > count:
                    heapq.heappop(near)
        return [NearbyAccessPoint(point=point, distance_km=-far) for far, _, point in sorted(near, reverse=True)]
