"""Routing information, made up but always the same for the same address."""

from __future__ import annotations

import random

from aiohttp import web

from ..codes import code_lists
from ..request_parsing import PARSED
from ..responses import json_response, validation_problem

__all__ = ["OPERATIONS"]


async def get(request: web.Request) -> web.Response:
    """Answer what a label must show for a shipment to an address or a pickup point."""
    parsed = request[PARSED]
    country, product = parsed.text("Country"), parsed.text("ProductType")
    if country not in code_lists().country_codes:
        return validation_problem(request, "Country", "Neznámá země.", "Unknown country.")
    if product and product not in code_lists().product_codes:
        return validation_problem(request, "ProductType", "Neznámý produkt.", "Unknown product.")
    place = parsed.text("ParcelShopCode") or parsed.text("ZipCode").replace(" ", "") or parsed.text("City")
    chance = random.Random(f"{country} {place}")
    depot = chance.randint(1, 20)
    return json_response(
        {
            "routeCode": f"{depot:02}{chance.randint(0, 999):03}",
            "depotCode": f"{depot:02}",
            "deliveryTour": str(chance.randint(100, 899)),
            "sortCode": f"{country}-{depot:02}-{chance.randint(1, 9)}",
        }
    )


OPERATIONS = {("GET", "/routing"): ("routing.get", get)}
