"""Handler of made-up routing data, which is constant for an address."""

from __future__ import annotations

import random

from aiohttp import web

from ..codes import code_lists
from ..request_parsing import PARSED
from ..responses import json_response, validation_problem

__all__ = ["OPERATIONS"]


async def get(request: web.Request) -> web.Response:
    """Return the routing data of a shipment to an address or a pickup point."""
    parsed = request[PARSED]
    country, product = parsed.text("Country"), parsed.text("ProductType")
    if country not in code_lists().country_codes:
        return validation_problem(request, "Country", "Neznámá země.", "Unknown country.")
    if product and product not in code_lists().product_codes:
        return validation_problem(request, "ProductType", "Neznámý produkt.", "Unknown product.")
    destination = parsed.text("ParcelShopCode") or parsed.text("ZipCode").replace(" ", "") or parsed.text("City")
    rng = random.Random(f"{country} {destination}")
    depot = rng.randint(1, 20)
    return json_response(
        {
            "routeCode": f"{depot:02}{rng.randint(0, 999):03}",
            "depotCode": f"{depot:02}",
            "deliveryTour": str(rng.randint(100, 899)),
            "sortCode": f"{country}-{depot:02}-{rng.randint(1, 9)}",
        }
    )


OPERATIONS = {("GET", "/routing"): ("routing.get", get)}
