"""Pickup points, all of them made up."""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from ..context import CONTEXT
from ..points import distance_km, make_points
from ..request_parsing import PARSED, ParsedRequest
from ..responses import page

__all__ = ["OPERATIONS"]

DEFAULT_RADIUS_KM = 50
"""Kilometres; the unit of the API's ``Radius`` is an open question."""
FLAG_FILTERS = {
    "TribalServicePoint": "tribalServicePoint",
    "ActiveCardPayment": "activeCardPayment",
    "ActiveCashPayment": "activeCashPayment",
    "PickupEnabled": "pickupEnabled",
}
TEXT_FILTERS = {"AccessPointCode": "accessPointCode", "CountryCode": "country", "ZipCode": "zipCode", "City": "city"}


@cache
def points(seed: int) -> list[dict[str, Any]]:
    """Return the points of a seed, made when they are first asked for."""
    return make_points(seed)


async def find(request: web.Request) -> web.Response:
    """Answer the points that match the filters; round a position the nearest come first."""
    parsed = request[PARSED]
    found = [point for point in points(request.app[CONTEXT].settings.seed) if _matches(point, parsed)]
    latitude, longitude = parsed.value("Latitude"), parsed.value("Longitude")
    if latitude is not None and longitude is not None:
        radius = DEFAULT_RADIUS_KM if parsed.value("Radius") is None else parsed.value("Radius")
        far = [(distance_km(latitude, longitude, point), number) for number, point in enumerate(found)]
        found = [found[number] for distance, number in sorted(far) if distance <= radius]
    return page(request, found)


def _matches(point: dict[str, Any], parsed: ParsedRequest) -> bool:
    for name, field in TEXT_FILTERS.items():
        text = parsed.text(name).replace(" ", "").casefold()
        if text and str(point[field]).replace(" ", "").casefold() != text:
            return False
    for name, field in FLAG_FILTERS.items():
        if parsed.value(name) is not None and point[field] is not parsed.value(name):
            return False
    kinds, sizes = parsed.values("AccessPointTypes"), parsed.values("Sizes")
    if kinds and point["accessPointType"] not in kinds:
        return False
    return not sizes or bool({setting["size"] for setting in point["capacitySettings"]} & set(sizes))


OPERATIONS = {("GET", "/accessPoint"): ("access_points.list", find)}
