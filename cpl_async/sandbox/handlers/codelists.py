"""Code lists in Czech and English."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .. import codes
from ..codes import Code
from ..problems import words_for
from ..request_parsing import ASKED
from ..responses import page

__all__ = ["OPERATIONS"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _list(entries: tuple[Code, ...], flag: str | None = None) -> Handler:
    """Return what answers a code list; ``flag`` is the API's name of its third field."""

    async def find(request: web.Request) -> web.Response:
        words = words_for(request)
        shown: list[dict[str, Any]] = [
            {"code": entry.code, "name": words(entry.czech, entry.english)} | ({flag: entry.flag} if flag else {})
            for entry in entries
        ]
        return page(request, shown)

    return find


async def validation_messages(request: web.Request) -> web.Response:
    """Answer texts of refusals and import errors."""
    words = words_for(request)
    return page(request, [{"message": words(entry.czech, entry.english)} for entry in codes.VALIDATION_MESSAGES])


async def service_price_limits(request: web.Request) -> web.Response:
    """Answer least and most of cash on delivery and insurance."""
    asked = request[ASKED]
    wanted = {name: asked.text(name.capitalize()) for name in ("service", "currency", "country", "product")}
    shown = [
        limit
        for limit in _limits()
        if all(not text or str(limit[name]).casefold() == text.casefold() for name, text in wanted.items())
    ]
    return page(request, shown)


def _limits() -> list[dict[str, Any]]:
    inland = ("PRID", "BUSD", "SMAD")
    found = []
    for country, (currency, least, most) in codes.CASH_LIMITS.items():
        for product in inland if country == "CZ" else ("COND", "SMED"):
            found.append(_limit("COD", currency, country, product, least, most))
    for country, (currency, _, _) in codes.CASH_LIMITS.items():
        least, most = codes.INSURANCE_LIMITS[currency]
        products = ("PRIV", "BUSS", "SMAR", *inland) if country == "CZ" else ("CONN", "COPL", "SMEU", "COND", "SMED")
        found += [_limit("INSR", currency, country, product, least, most) for product in products]
    return found


def _limit(service: str, currency: str, country: str, product: str, least: float, most: float) -> dict[str, Any]:
    return {
        "service": service,
        "currency": currency,
        "country": country,
        "product": product,
        "minPrice": least,
        "maxPrice": most,
    }


OPERATIONS: dict[tuple[str, str], tuple[str, Handler]] = {
    ("GET", "/codelist/ageCheck"): ("codelists.age_checks", _list(codes.AGE_CHECKS)),
    ("GET", "/codelist/product"): ("codelists.products", _list(codes.PRODUCTS)),
    ("GET", "/codelist/externalNumber"): ("codelists.external_numbers", _list(codes.EXTERNAL_NUMBERS, "allowInput")),
    ("GET", "/codelist/country"): ("codelists.countries", _list(codes.COUNTRIES, "cashOnDelivery")),
    ("GET", "/codelist/currency"): ("codelists.currencies", _list(codes.CURRENCIES)),
    ("GET", "/codelist/service"): ("codelists.services", _list(codes.SERVICES, "allowInput")),
    ("GET", "/codelist/servicePriceLimit"): ("codelists.service_price_limits", service_price_limits),
    ("GET", "/codelist/shipmentPhase"): ("codelists.shipment_phases", _list(codes.PHASES)),
    ("GET", "/codelist/status"): ("codelists.statuses", _list(codes.STATUSES)),
    ("GET", "/codelist/validationMessage"): ("codelists.validation_messages", validation_messages),
    ("GET", "/codelist/proofOfIdentityType"): ("codelists.identity_documents", _list(codes.IDENTITY_DOCUMENTS)),
    ("GET", "/codelist/documentType"): ("codelists.document_types", _list(codes.DOCUMENT_TYPES)),
}
