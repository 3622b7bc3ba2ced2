"""Handlers of code lists in Czech and English."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ..codes import Code, CodeLists, PriceLimit, code_lists
from ..problems import translator_for
from ..request_parsing import PARSED
from ..responses import page

__all__ = ["OPERATIONS"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _list(entries: Callable[[CodeLists], tuple[Code, ...]], flag: str | None = None) -> Handler:
    """Return the handler of a code list.

    :param entries: Selects the list.
    :param flag: Name of the third field in the API, or ``None`` if the list has two fields.
    """

    async def find(request: web.Request) -> web.Response:
        translate = translator_for(request)
        shown: list[dict[str, Any]] = [
            {"code": entry.code, "name": translate(entry.czech, entry.english)} | ({flag: entry.flag} if flag else {})
            for entry in entries(code_lists())
        ]
        return page(request, shown)

    return find


async def validation_messages(request: web.Request) -> web.Response:
    """Return messages of rejected requests and import errors."""
    translate = translator_for(request)
    return page(
        request, [{"message": translate(entry.czech, entry.english)} for entry in code_lists().validation_messages]
    )


async def service_price_limits(request: web.Request) -> web.Response:
    """Return minimum and maximum amounts of cash on delivery and insurance."""
    parsed = request[PARSED]
    filters = {name: parsed.text(name.capitalize()) for name in ("service", "currency", "country", "product")}
    shown = [
        limit
        for limit in _limits()
        if all(not text or str(limit[name]).casefold() == text.casefold() for name, text in filters.items())
    ]
    return page(request, shown)


def _limits() -> list[dict[str, Any]]:
    lists = code_lists()
    domestic = ("PRID", "BUSD", "SMAD")
    limits = []
    for country, limit in lists.cash_limits.items():
        for product in domestic if country == "CZ" else ("COND", "SMED"):
            limits.append(_limit("COD", country, product, limit))
    for country, cash_limit in lists.cash_limits.items():
        insurance = lists.insurance_limits[cash_limit.currency]
        products = ("PRIV", "BUSS", "SMAR", *domestic) if country == "CZ" else ("CONN", "COPL", "SMEU", "COND", "SMED")
        limits += [_limit("INSR", country, product, insurance) for product in products]
    return limits


def _limit(service: str, country: str, product: str, limit: PriceLimit) -> dict[str, Any]:
    return {
        "service": service,
        "currency": limit.currency,
        "country": country,
        "product": product,
        "minPrice": limit.minimum,
        "maxPrice": limit.maximum,
    }


OPERATIONS: dict[tuple[str, str], tuple[str, Handler]] = {
    ("GET", "/codelist/ageCheck"): ("codelists.age_checks", _list(lambda lists: lists.age_checks)),
    ("GET", "/codelist/product"): ("codelists.products", _list(lambda lists: lists.products)),
    ("GET", "/codelist/externalNumber"): (
        "codelists.external_numbers",
        _list(lambda lists: lists.external_numbers, "allowInput"),
    ),
    ("GET", "/codelist/country"): ("codelists.countries", _list(lambda lists: lists.countries, "cashOnDelivery")),
    ("GET", "/codelist/currency"): ("codelists.currencies", _list(lambda lists: lists.currencies)),
    ("GET", "/codelist/service"): ("codelists.services", _list(lambda lists: lists.services, "allowInput")),
    ("GET", "/codelist/servicePriceLimit"): ("codelists.service_price_limits", service_price_limits),
    ("GET", "/codelist/shipmentPhase"): ("codelists.shipment_phases", _list(lambda lists: lists.shipment_phases)),
    ("GET", "/codelist/status"): ("codelists.statuses", _list(lambda lists: lists.statuses)),
    ("GET", "/codelist/validationMessage"): ("codelists.validation_messages", validation_messages),
    ("GET", "/codelist/proofOfIdentityType"): (
        "codelists.identity_documents",
        _list(lambda lists: lists.identity_documents),
    ),
    ("GET", "/codelist/documentType"): ("codelists.document_types", _list(lambda lists: lists.document_types)),
}
