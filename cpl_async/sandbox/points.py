"""Made-up pickup points of the sandbox, the same points for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from attrs import frozen

from .data_files import load_json
from .towns import Town, streets, towns

__all__ = ["distance_km", "make_points"]

EARTH_RADIUS_KM = 6371.0
"""Mean radius."""
KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180
NOTE = (
    "Vymyšlené místo ke zkoušení, ve skutečnosti neexistuje. / "
    "A made up place for testing; it does not exist in reality."
)


Hours = dict[str, tuple[tuple[str, str], ...]]
"""Opening intervals by days of the week, Monday being 1; a second interval follows a noon break."""


@frozen(kw_only=True)
class Network:
    """Properties that the pickup points of one country have in common."""

    prefix: str
    """First letters of a point's code."""
    point_count: int
    """Approximate number of points."""
    shop_name: str
    box_name: str
    calling_code: str
    has_alza_boxes: bool
    open_on_sundays: bool
    """Whether shops may open on Sundays."""
    shop_kinds: tuple[str, ...]
    """Kinds of shop in the local language, in the order of `PointTables.shop_hours`."""


@frozen(kw_only=True)
class SizeLimit:
    """Largest parcel of a size, in millimetres, and the largest capacity of one point for it."""

    size: str
    length: int
    height: int
    width: int
    max_capacity: int


@frozen(kw_only=True)
class PointTables:
    """Tables from which pickup points are generated."""

    networks: dict[str, Network]
    """By country code; their order decides which random numbers a point gets."""
    shop_hours: tuple[Hours, ...]
    box_hours: Hours
    shop_sizes: tuple[SizeLimit, ...]
    box_sizes: tuple[SizeLimit, ...]


@cache
def point_tables() -> PointTables:
    """Return the tables of ``data/networks.json``."""
    data = load_json("networks.json")
    return PointTables(
        networks={
            country: Network(**network | {"shop_kinds": tuple(network["shop_kinds"])})
            for country, network in data["networks"].items()
        },
        shop_hours=tuple(_hours(hours) for hours in data["shop_hours"]),
        box_hours=_hours(data["box_hours"]),
        shop_sizes=tuple(SizeLimit(**size) for size in data["shop_sizes"]),
        box_sizes=tuple(SizeLimit(**size) for size in data["box_sizes"]),
    )


def _hours(data: dict[str, list[list[str]]]) -> Hours:
    return {days: tuple((opens, closes) for opens, closes in intervals) for days, intervals in data.items()}


def make_points(seed: int) -> list[dict[str, Any]]:
    """Return about 5,400 pickup points in seven countries, as JSON objects of the API.

    :param seed: Seed of the random numbers; the same seed gives the same points.
    """
    rng = random.Random(seed)
    numbers = _numbers(rng)
    points = []
    for country, network in point_tables().networks.items():
        population = sum(town.population for town in towns()[country])
        for town in towns()[country]:
            count = max(3, round(network.point_count * town.population / population))
            points += [_point(rng, country, town, next(numbers), position) for position in range(1, count + 1)]
    return points


def distance_km(latitude: float, longitude: float, point: dict[str, Any]) -> float:
    """Return the great-circle distance from a position to a pickup point, in kilometres.

    :param latitude: Latitude of the position in degrees.
    :param longitude: Longitude of the position in degrees.
    :param point: Pickup point as a JSON object of the API.
    """
    latitude_1, latitude_2 = math.radians(latitude), math.radians(point["gps"]["latitude"])
    longitude_delta = math.radians(point["gps"]["longitude"] - longitude)
    chord = (
        math.sin((latitude_2 - latitude_1) / 2) ** 2
        + math.cos(latitude_1) * math.cos(latitude_2) * math.sin(longitude_delta / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))


def _numbers(rng: random.Random) -> Iterator[str]:
    """Yield distinct numbers of eight digits that do not end in 000."""
    for number in rng.sample(range(10_000 * 999, 100_000 * 999), 10_000):
        thousands, rest = divmod(number, 999)
        yield f"{thousands:05}{rest + 1:03}"


def _point(rng: random.Random, country: str, town: Town, number: str, position: int) -> dict[str, Any]:
    tables = point_tables()
    network = tables.networks[country]
    code = network.prefix + number
    draw = rng.random()
    point_type = "ParcelShop" if draw < 0.65 else "AlzaBox" if network.has_alza_boxes and draw > 0.88 else "ParcelBox"
    is_shop = point_type == "ParcelShop"
    kind = rng.randrange(len(tables.shop_hours))
    hours = tables.shop_hours[kind] if is_shop else tables.box_hours
    # petrol stations open on Sundays in countries where shops may not
    open_on_sundays = network.open_on_sundays or hours == tables.box_hours
    latitude, longitude = _coordinates(rng, town)
    return {
        "accessPointCode": code,
        "accessPointType": point_type,
        "name": f"{network.shop_name if is_shop else network.box_name} TEST {town.name} {position}",
        "name2": network.shop_kinds[kind] if is_shop else "24/7",
        "street": f"{rng.choice(streets()[country])} {rng.randint(1, 180)}",
        "city": town.name,
        "country": country,
        "zipCode": town.zip_code,
        "phone": network.calling_code + "000000000",
        "email": f"{code.lower()}@example.com",
        "tribalServicePoint": is_shop and rng.random() < 0.05,
        "activeCardPayment": rng.random() < (0.8 if is_shop else 0.9),
        "activeCashPayment": is_shop and rng.random() < 0.85,
        "pickupEnabled": rng.random() < (0.9 if is_shop else 0.6),
        "dimensionForced": not is_shop,
        "workHours": _work_hours(hours, open_on_sundays),
        "accessPointNote": NOTE,
        "gps": {"latitude": latitude, "longitude": longitude},
        "capacitySettings": _capacity(rng, tables.shop_sizes if is_shop else tables.box_sizes),
    }


def _coordinates(rng: random.Random, town: Town) -> tuple[float, float]:
    """Return coordinates near the centre of a town: within 2 km for a small town, 12 km for the largest."""
    distance = min(12.0, 0.4 * math.sqrt(town.population) + 0.5) * rng.random() ** 0.7
    direction = rng.random() * math.tau
    latitude = town.latitude + distance * math.sin(direction) / KM_PER_DEGREE
    longitude = town.longitude + distance * math.cos(direction) / KM_PER_DEGREE / math.cos(math.radians(town.latitude))
    return round(latitude, 6), round(longitude, 6)


def _work_hours(hours: Hours, open_on_sundays: bool) -> list[dict[str, Any]]:
    return [
        {"weekDay": day, "dayPart": part, "openFrom": opens, "openTo": closes}
        for day, intervals in sorted((int(day), intervals) for days, intervals in hours.items() for day in days)
        if open_on_sundays or day != 7
        for part, (opens, closes) in enumerate(intervals, start=1)
    ]


def _capacity(rng: random.Random, sizes: tuple[SizeLimit, ...]) -> list[dict[str, Any]]:
    return [
        {
            "size": limit.size,
            "capacity": rng.randint(limit.max_capacity // 4, limit.max_capacity),
            "length": limit.length,
            "height": limit.height,
            "width": limit.width,
        }
        for limit in sizes[: rng.choice((2, 3, 3, 4, 4))]
    ]
