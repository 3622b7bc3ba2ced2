"""Pickup points, all of them made up."""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from ..points import distance_km, make_points
from ..request_parsing import ASKED, Asked
from ..responses import page
from ..world import WORLD

__all__ = ["OPERATIONS"]

DEFAULT_RADIUS = 50
"""Kilometres; the unit of the API's ``Radius`` is an open question."""
FLAGS = {
    "TribalServicePoint": "tribalServicePoint",
    "ActiveCardPayment": "activeCardPayment",
    "ActiveCashPayment": "activeCashPayment",
    "PickupEnabled": "pickupEnabled",
}
TEXTS = {"AccessPointCode": "accessPointCode", "CountryCode": "country", "ZipCode": "zipCode", "City": "city"}


@cache
def points(seed: int) -> list[dict[str, Any]]:
    """Return the points of a seed, made when they are first asked for."""
    return make_points(seed)


async def find(request: web.Request) -> web.Response:
    """Answer the points that match the filters; round a position the nearest come first."""
    asked = request[ASKED]
    found = [point for point in points(request.app[WORLD].settings.seed) if _matches(point, asked)]
    latitude, longitude = asked.one("Latitude"), asked.one("Longitude")
    if latitude is not None and longitude is not None:
        radius = DEFAULT_RADIUS if asked.one("Radius") is None else asked.one("Radius")
        far = [(distance_km(latitude, longitude, point), number) for number, point in enumerate(found)]
        found = [found[number] for distance, number in sorted(far) if distance <= radius]
    return page(request, found)


def _matches(point: dict[str, Any], asked: Asked) -> bool:
    for name, field in TEXTS.items():
        text = asked.text(name).replace(" ", "").casefold()
        if text and str(point[field]).replace(" ", "").casefold() != text:
            return False
    for name, field in FLAGS.items():
        if asked.one(name) is not None and point[field] is not asked.one(name):
            return False
    kinds, sizes = asked.many("AccessPointTypes"), asked.many("Sizes")
    if kinds and point["accessPointType"] not in kinds:
        return False
    return not sizes or bool({setting["size"] for setting in point["capacitySettings"]} & set(sizes))


OPERATIONS = {("GET", "/accessPoint"): ("access_points.list", find)}
