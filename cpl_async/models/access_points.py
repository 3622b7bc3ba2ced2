"""Pickup points: shops and boxes where a recipient fetches a parcel."""

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
    """A position, in degrees."""

    latitude: float | None = None
    longitude: float | None = None

    def distance_km(self, latitude: float, longitude: float) -> float | None:
        """Return the great circle to another position in kilometres; ``None`` where this one is not known."""
        if self.latitude is None or self.longitude is None:
            return None
        here, there = radians(self.latitude), radians(latitude)
        across = sin(radians(longitude - self.longitude) / 2) ** 2
        chord = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * across
        return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


@define(kw_only=True)
class AccessPointWorkHour:
    """One stretch of opening hours."""

    week_day: int | None = None
    """1 is Monday, 7 Sunday (the vendor's documentation shows no other numbering)."""
    day_part: int | None = None
    """1 before a break at noon, 2 after it."""
    open_from: time | None = None
    open_to: time | None = None
    """``24:00`` is read as one second before midnight."""


@define(kw_only=True)
class AccessPointCapacitySetting:
    """Room for parcels of one size."""

    size: str | None = None
    capacity: int | None = None
    length: int | None = None
    height: int | None = None
    width: int | None = None


@define(kw_only=True)
class AccessPoint(Item):
    """A pickup point; its code goes into ``SpecificDelivery.parcel_shop_code``. Source: the vendor's schema."""

    access_point_code: str | None = None
    access_point_type: AccessPointType | None = None
    name: str | None = None
    name2: str | None = None
    street: str | None = None
    city: str | None = None
    country: str | None = None
    """Two letters, ISO 3166-1."""
    zip_code: str | None = None
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    tribal_service_point: bool | None = None
    active_card_payment: bool | None = None
    active_cash_payment: bool | None = None
    pickup_enabled: bool | None = None
    """Not documented what of: of handing parcels out, or of taking them in."""
    dimension_forced: bool | None = None
    """Whether parcels over the sizes of ``capacity_settings`` are refused."""
    work_hours: list[AccessPointWorkHour] = Factory(list)
    access_point_note: str | None = None
    gps: Coordinates | None = None
    capacity_settings: list[AccessPointCapacitySetting] = Factory(list)


@frozen(kw_only=True)
class NearbyAccessPoint:
    """A pickup point and how far it is."""

    point: AccessPoint
    distance_km: float
    """Kilometres as the crow flies."""
