"""Handlers of the customer's accounts, addresses and shipment number ranges."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..codes import code_lists
from ..context import CLIENT, CONTEXT
from ..request_parsing import PARSED, not_found_problem
from ..responses import json_response, validation_problem

__all__ = ["OPERATIONS"]

MAX_NUMBERS = 100_000
ACCOUNTS = (
    ("0300", "CZ", "CZK"),
    ("0300", "CZ", "EUR"),
    ("1020", "PL", "PLN"),
    ("1070", "HU", "HUF"),
    ("0200", "RO", "RON"),
)
ADDRESSES = (
    ("SKLAD", "Zkušební obchod s.r.o.", "Hlavní sklad", "Průmyslová 1", "Kolín", "28002", True),
    ("POBOCKA", "Zkušební obchod s.r.o.", "Pobočka Brno", "Kounicova 65a", "Brno", "60200", False),
)


async def get(request: web.Request) -> web.Response:
    """Return made-up bank accounts."""
    if not request.app[CONTEXT].settings.customer_configured:
        return not_found_problem(request, "Nic není nastaveno.", "Nothing is configured.")
    accounts = [
        {"bankCode": bank, "country": country, "currency": currency, "swift": "TESTCZPP"}
        for bank, country, currency in ACCOUNTS
    ]
    return json_response({"accounts": accounts})


async def addresses(request: web.Request) -> web.Response:
    """Return made-up addresses."""
    if not request.app[CONTEXT].settings.customer_configured:
        return not_found_problem(request, "Nic není nastaveno.", "Nothing is configured.")
    names = ("code", "name", "name2", "street", "city", "zipCode", "default")
    return json_response([dict(zip(names, address, strict=True)) | {"country": "CZ"} for address in ADDRESSES])


async def create_number_range(request: web.Request) -> web.Response:
    """Reserve a range of numbers for a product. The real bodies are unknown; these are specific to the sandbox."""
    body: dict[str, Any] = request[PARSED].body or {}
    product, count = body.get("productType", "PRIV"), body.get("count", 100)
    if not isinstance(product, str) or product not in code_lists().product_codes:
        return validation_problem(request, "productType", "Neznámý produkt.", "Unknown product.")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_NUMBERS:
        czech, english = f"Počet je 1 až {MAX_NUMBERS}.", f"The count is 1 to {MAX_NUMBERS}."
        return validation_problem(request, "count", czech, english)
    first, last = request.app[CONTEXT].store.reserve(request[CLIENT], product, count)
    return json_response({"productType": product, "count": count, "from": str(first), "to": str(last)})


OPERATIONS = {
    ("GET", "/customer"): ("customer.get", get),
    ("GET", "/customer/address"): ("customer.addresses", addresses),
    ("POST", "/customer/numberRange"): ("customer.create_number_range", create_number_range),
}
