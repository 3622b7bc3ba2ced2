"""Makes up the pickup points that the sandbox offers, the same ones for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from .towns import STREETS, TOWNS, Town

__all__ = ["distance_km", "make_points"]

EARTH = 6371.0
"""Mean radius in kilometres."""
KM_OF_DEGREE = EARTH * math.pi / 180
NOTE = (
    "Vymyšlené místo ke zkoušení, ve skutečnosti neexistuje. / "
    "A made up place for testing; it does not exist in reality."
)


@frozen(kw_only=True)
class Network:
    """What the points of one country have in common."""

    prefix: str
    points: int
    """About how many."""
    shop: str
    box: str
    dialling: str
    alza: bool = False
    sundays: bool = True
    """Whether shops may open on Sundays."""
    kinds: tuple[str, ...]
    """Local words for the kinds of shop, in the order of `HOURS`."""


NETWORKS = {
    "CZ": Network(
        prefix="KM", points=3240, shop="Zkušební výdejna", box="Zkušební box", dialling="+420", alza=True,
        kinds=("Trafika", "Květinářství", "Potraviny", "Nákupní centrum", "Čerpací stanice", "Papírnictví", "Elektro"),
    ),
    "SK": Network(
        prefix="SK", points=640, shop="Skúšobná výdajňa", box="Skúšobný box", dialling="+421", alza=True,
        kinds=("Trafika", "Kvetinárstvo", "Potraviny", "Nákupné centrum", "Benzínová pumpa", "Papiernictvo", "Elektro"),
    ),
    "PL": Network(
        prefix="PL", points=500, shop="Zmyślony punkt", box="Zmyślony automat", dialling="+48", sundays=False,
        kinds=("Kiosk", "Kwiaciarnia", "Sklep spożywczy", "Galeria handlowa", "Stacja paliw", "Papierniczy", "RTV AGD"),
    ),
    "DE": Network(
        prefix="DE", points=280, shop="Erfundener Shop", box="Erfundene Box", dialling="+49", sundays=False,
        kinds=("Kiosk", "Blumenladen", "Lebensmittel", "Einkaufszentrum", "Tankstelle", "Schreibwaren", "Elektronik"),
    ),
    "AT": Network(
        prefix="AT", points=220, shop="Erfundener Shop", box="Erfundene Box", dialling="+43", sundays=False,
        kinds=("Trafik", "Blumenladen", "Lebensmittel", "Einkaufszentrum", "Tankstelle", "Papierwaren", "Elektronik"),
    ),
    "HU": Network(
        prefix="HU", points=300, shop="Kitalált csomagpont", box="Kitalált automata", dialling="+36", alza=True,
        kinds=("Trafik", "Virágbolt", "Élelmiszerbolt", "Bevásárlóközpont", "Benzinkút", "Papírbolt", "Műszaki bolt"),
    ),
    "RO": Network(
        prefix="RO", points=220, shop="Punct fictiv", box="Cutie fictivă", dialling="+40",
        kinds=("Chioșc", "Florărie", "Alimentara", "Centru comercial", "Benzinărie", "Papetărie", "Electronice"),
    ),
}  # fmt: skip
WHOLE_DAY = (("00:00", "23:59"),)
Hours = dict[str, tuple[tuple[str, str], ...]]
"""Spans of opening by the days that have them, Monday being 1; two spans have a noon break between them."""
HOURS: tuple[Hours, ...] = (
    {"12345": (("06:00", "18:00"),), "6": (("07:00", "11:00"),)},
    {"12345": (("08:00", "12:00"), ("13:00", "17:00")), "6": (("08:00", "11:00"),)},
    {"123456": (("07:00", "20:00"),), "7": (("08:00", "18:00"),)},
    {"1234567": (("09:00", "21:00"),)},
    {"1234567": WHOLE_DAY},
    {"13": (("08:00", "12:00"), ("13:00", "18:00")), "24": (("08:00", "12:00"), ("13:00", "16:00")),
     "5": (("08:00", "12:00"),)},
    {"12345": (("10:00", "19:00"),), "6": (("09:00", "13:00"),)},
)  # fmt: skip
NONSTOP: Hours = {"1234567": WHOLE_DAY}
SHOP_SIZES = (("S", 350, 250, 120, 60), ("M", 500, 350, 250, 40), ("L", 700, 450, 400, 20), ("XL", 1200, 600, 600, 8))
BOX_SIZES = (("S", 440, 80, 450, 32), ("M", 440, 190, 450, 20), ("L", 440, 390, 450, 10), ("XL", 440, 800, 450, 4))
"""Size, length, height and width in millimetres, and the most of them at one point."""


def make_points(seed: int) -> list[dict[str, Any]]:
    """Return about 5,400 pickup points in seven countries, as the API writes them."""
    chance = random.Random(seed)
    numbers = _numbers(chance)
    points = []
    for country, network in NETWORKS.items():
        people = sum(town.people for town in TOWNS[country])
        for town in TOWNS[country]:
            count = max(3, round(network.points * town.people / people))
            points += [_point(chance, country, town, next(numbers), position) for position in range(1, count + 1)]
    return points


def distance_km(latitude: float, longitude: float, point: dict[str, Any]) -> float:
    """Return the length of the great circle from a place to a pickup point."""
    here, there = math.radians(latitude), math.radians(point["gps"]["latitude"])
    across = math.radians(point["gps"]["longitude"] - longitude)
    chord = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(chord))


def _numbers(chance: random.Random) -> Iterator[str]:
    """Yield numbers of eight digits, none twice and none ending in 000."""
    for number in chance.sample(range(10_000 * 999, 100_000 * 999), 10_000):
        thousands, rest = divmod(number, 999)
        yield f"{thousands:05}{rest + 1:03}"


def _point(chance: random.Random, country: str, town: Town, number: str, position: int) -> dict[str, Any]:
    network = NETWORKS[country]
    code = network.prefix + number
    drawn = chance.random()
    place_type = "ParcelShop" if drawn < 0.65 else "AlzaBox" if network.alza and drawn > 0.88 else "ParcelBox"
    shop = place_type == "ParcelShop"
    kind = chance.randrange(len(HOURS))
    hours = HOURS[kind] if shop else NONSTOP
    sundays = network.sundays or hours == NONSTOP  # petrol stations open where shops may not
    latitude, longitude = _place(chance, town)
    return {
        "accessPointCode": code,
        "accessPointType": place_type,
        "name": f"{network.shop if shop else network.box} TEST {town.name} {position}",
        "name2": network.kinds[kind] if shop else "24/7",
        "street": f"{chance.choice(STREETS[country])} {chance.randint(1, 180)}",
        "city": town.name,
        "country": country,
        "zipCode": town.zip_code,
        "phone": network.dialling + "000000000",
        "email": f"{code.lower()}@example.com",
        "tribalServicePoint": shop and chance.random() < 0.05,
        "activeCardPayment": chance.random() < (0.8 if shop else 0.9),
        "activeCashPayment": shop and chance.random() < 0.85,
        "pickupEnabled": chance.random() < (0.9 if shop else 0.6),
        "dimensionForced": not shop,
        "workHours": _work_hours(hours, sundays),
        "accessPointNote": NOTE,
        "gps": {"latitude": latitude, "longitude": longitude},
        "capacitySettings": _capacity(chance, shop),
    }


def _place(chance: random.Random, town: Town) -> tuple[float, float]:
    """Return a place near the town's middle: within 2 km of a small one, 12 km of the largest."""
    far = min(12.0, 0.4 * math.sqrt(town.people) + 0.5) * chance.random() ** 0.7
    direction = chance.random() * math.tau
    latitude = town.latitude + far * math.sin(direction) / KM_OF_DEGREE
    longitude = town.longitude + far * math.cos(direction) / KM_OF_DEGREE / math.cos(math.radians(town.latitude))
    return round(latitude, 6), round(longitude, 6)


def _work_hours(hours: Hours, sundays: bool) -> list[dict[str, Any]]:
    return [
        {"weekDay": day, "dayPart": part, "openFrom": opens, "openTo": closes}
        for day, spans in sorted((int(day), spans) for days, spans in hours.items() for day in days)
        if sundays or day != 7
        for part, (opens, closes) in enumerate(spans, start=1)
    ]


def _capacity(chance: random.Random, shop: bool) -> list[dict[str, Any]]:
    sizes = SHOP_SIZES if shop else BOX_SIZES
    return [
        {
            "size": size,
            "capacity": chance.randint(most // 4, most),
            "length": length,
            "height": height,
            "width": width,
        }
        for size, length, height, width, most in sizes[: chance.choice((2, 3, 3, 4, 4))]
    ]
