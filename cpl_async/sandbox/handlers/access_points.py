"""Handler of pickup points, all of which are made up."""

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
"""Default of ``Radius``, whose unit in the API is an open question."""
FLAG_FILTERS = {
    "TribalServicePoint": "tribalServicePoint",
    "ActiveCardPayment": "activeCardPayment",
    "ActiveCashPayment": "activeCashPayment",
    "PickupEnabled": "pickupEnabled",
}
TEXT_FILTERS = {"AccessPointCode": "accessPointCode", "CountryCode": "country", "ZipCode": "zipCode", "City": "city"}


@cache
def points(seed: int) -> list[dict[str, Any]]:
    """Return the pickup points of a seed, which are generated once."""
    return make_points(seed)


async def find(request: web.Request) -> web.Response:
    """Return the pickup points that match the filters, nearest first if there is a position."""
    parsed = request[PARSED]
    matches = [point for point in points(request.app[CONTEXT].settings.seed) if _matches(point, parsed)]
    latitude, longitude = parsed.value("Latitude"), parsed.value("Longitude")
    if latitude is not None and longitude is not None:
        radius = DEFAULT_RADIUS_KM if parsed.value("Radius") is None else parsed.value("Radius")
        distances = [(distance_km(latitude, longitude, point), index) for index, point in enumerate(matches)]
        matches = [matches[index] for distance, index in sorted(distances) if distance <= radius]
    return page(request, matches)


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
