"""Pickup points: shops and parcel boxes where a recipient collects a parcel."""

from __future__ import annotations

from datetime import time
from math import asin, cos, radians, sin, sqrt

from attrs import Factory, define, field, frozen

from .codes import AccessPointType
from .items import Item

__all__ = [
    "AccessPoint",
    "AccessPointCapacitySetting",
    "AccessPointWorkHour",
    "Coordinates",
    "NearbyAccessPoint",
]

EARTH_RADIUS_KM = 6371.0


@define(kw_only=True)
class Coordinates:
    """A geographic position, in degrees."""

    latitude: float | None = None
    longitude: float | None = None

    def distance_km(self, latitude: float, longitude: float) -> float | None:
        """Return the great-circle distance to another position.

        :param latitude: Latitude of the other position in degrees.
        :param longitude: Longitude of the other position in degrees.
        :return: Kilometres, or ``None`` if this position is unknown.
        """
        if self.latitude is None or self.longitude is None:
            return None
        own_latitude, other_latitude = radians(self.latitude), radians(latitude)
        chord = sin((other_latitude - own_latitude) / 2) ** 2
        chord += cos(own_latitude) * cos(other_latitude) * sin(radians(longitude - self.longitude) / 2) ** 2
        return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


@define(kw_only=True)
class AccessPointWorkHour:
    """One interval of opening hours."""

    week_day: int | None = None
    """Day from 1 (Monday) to 7 (Sunday); the vendor's documentation shows no other numbering."""
    day_part: int | None = None
    """1 before a noon break, 2 after it."""
    open_from: time | None = None
    open_to: time | None = None
    """End of the interval; ``24:00`` is read as 23:59:59."""


@define(kw_only=True)
class AccessPointCapacitySetting:
    """Capacity for parcels of one size."""

    size: str | None = None
    capacity: int | None = None
    length: int | None = None
    height: int | None = None
    width: int | None = None


@define(kw_only=True)
class AccessPoint(Item):
    """A pickup point. Its code is a ``SpecificDelivery.parcel_shop_code``. Source: the vendor's schema."""

    access_point_code: str | None = None
    access_point_type: AccessPointType | None = None
    name: str | None = None
    name2: str | None = None
    street: str | None = None
    city: str | None = None
    country: str | None = None
    """Country code, ISO 3166-1 alpha-2."""
    zip_code: str | None = None
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    tribal_service_point: bool | None = None
    active_card_payment: bool | None = None
    active_cash_payment: bool | None = None
    pickup_enabled: bool | None = None
    """Whether pickup is enabled. Not documented: pickup by recipients or drop-off by senders."""
    dimension_forced: bool | None = None
    """Whether parcels larger than the sizes of ``capacity_settings`` are rejected."""
    work_hours: list[AccessPointWorkHour] = Factory(list)
    access_point_note: str | None = None
    gps: Coordinates | None = None
    capacity_settings: list[AccessPointCapacitySetting] = Factory(list)


@frozen(kw_only=True)
class NearbyAccessPoint:
    """A pickup point with its distance from a position."""

    point: AccessPoint
    distance_km: float
    """Great-circle distance in kilometres."""
