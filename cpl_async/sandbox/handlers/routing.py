"""Routing information, made up but always the same for the same address."""

from __future__ import annotations

import random

from aiohttp import web

from ..codes import code_lists
from ..request_parsing import ASKED
from ..responses import answer, refusal

__all__ = ["OPERATIONS"]


async def get(request: web.Request) -> web.Response:
    """Answer what a label must show for a shipment to an address or a pickup point."""
    asked = request[ASKED]
    country, product = asked.text("Country"), asked.text("ProductType")
    if country not in code_lists().country_codes:
        return refusal(request, "Country", "Neznámá země.", "Unknown country.")
    if product and product not in code_lists().product_codes:
        return refusal(request, "ProductType", "Neznámý produkt.", "Unknown product.")
    place = asked.text("ParcelShopCode") or asked.text("ZipCode").replace(" ", "") or asked.text("City")
    chance = random.Random(f"{country} {place}")
    depot = chance.randint(1, 20)
    return answer(
        {
            "routeCode": f"{depot:02}{chance.randint(0, 999):03}",
            "depotCode": f"{depot:02}",
            "deliveryTour": str(chance.randint(100, 899)),
            "sortCode": f"{country}-{depot:02}-{chance.randint(1, 9)}",
        }
    )


OPERATIONS = {("GET", "/routing"): ("routing.get", get)}
