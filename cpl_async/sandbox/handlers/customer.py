"""The customer: accounts, addresses, series of shipment numbers."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..codes import code_lists
from ..request_parsing import ASKED, missing
from ..responses import answer, refusal
from ..world import CLIENT, WORLD

__all__ = ["OPERATIONS"]

MOST_NUMBERS = 100_000
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
    """Answer the accounts, made up."""
    if not request.app[WORLD].settings.customer_configured:
        return missing(request, "Nic není nastaveno.", "Nothing is configured.")
    accounts = [
        {"bankCode": bank, "country": country, "currency": currency, "swift": "TESTCZPP"}
        for bank, country, currency in ACCOUNTS
    ]
    return answer({"accounts": accounts})


async def addresses(request: web.Request) -> web.Response:
    """Answer the addresses, made up."""
    if not request.app[WORLD].settings.customer_configured:
        return missing(request, "Nic není nastaveno.", "Nothing is configured.")
    names = ("code", "name", "name2", "street", "city", "zipCode", "default")
    return answer([dict(zip(names, address, strict=True)) | {"country": "CZ"} for address in ADDRESSES])


async def create_number_range(request: web.Request) -> web.Response:
    """Reserve a series of numbers for a product. The real bodies are not known: these are the sandbox's own."""
    asked: dict[str, Any] = request[ASKED].body or {}
    product, count = asked.get("productType", "PRIV"), asked.get("count", 100)
    if not isinstance(product, str) or product not in code_lists().product_codes:
        return refusal(request, "productType", "Neznámý produkt.", "Unknown product.")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_NUMBERS:
        czech, english = f"Počet je 1 až {MOST_NUMBERS}.", f"The count is 1 to {MOST_NUMBERS}."
        return refusal(request, "count", czech, english)
    first, last = request.app[WORLD].store.reserve(request[CLIENT], product, count)
    return answer({"productType": product, "count": count, "from": str(first), "to": str(last)})


OPERATIONS = {
    ("GET", "/customer"): ("customer.get", get),
    ("GET", "/customer/address"): ("customer.addresses", addresses),
    ("POST", "/customer/numberRange"): ("customer.create_number_range", create_number_range),
}
