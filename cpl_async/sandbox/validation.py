"""What the carrier's server refuses of a batch that is well formed: codes, money, pickup points, numbers.

Written on its own, not with the models of the SDK, so that one can show the other's mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .codes import (
    AGE_CHECKS,
    CASH_LIMITS,
    COUNTRIES,
    CURRENCIES,
    EXTERNAL_NUMBERS,
    INSURANCE_LIMITS,
    PRODUCTS,
    SERVICES,
    TO_PICKUP_POINT,
    WITH_CASH,
    Code,
)
from .problems import Words
from .request_parsing import Errors

__all__ = ["errors_of_orders", "errors_of_shipments"]

MOST_SHIPMENTS = 1000
MOST_PARCELS = 50
MOST_ORDERED = 50
NOTE = 300
Found = Iterator[tuple[str, str]]
Usable = Callable[[str, str], bool]


def _codes(codes: tuple[Code, ...]) -> frozenset[str]:
    return frozenset(code.code for code in codes if code.flag)


PRODUCT_CODES = _codes(PRODUCTS)
NUMBER_CODES = _codes(EXTERNAL_NUMBERS)
SERVICE_CODES = _codes(SERVICES)
AGE_CODES = _codes(AGE_CHECKS)
CURRENCY_CODES = _codes(CURRENCIES)
COUNTRY_CODES = frozenset(country.code for country in COUNTRIES)


def errors_of_shipments(shipments: list[dict[str, Any]], words: Words, usable: Usable) -> Errors:
    """Return what is wrong with the shipments of a batch, by the path of each field.

    :param usable: says whether a shipment number may be used for a product: it was reserved and is free.
    """
    if len(shipments) > MOST_SHIPMENTS:
        return {"shipments": [words("Nejvýše 1000 zásilek v jedné dávce.", "At most 1000 shipments in one batch.")]}
    errors: Errors = {}
    taken: set[str] = set()
    for index, shipment in enumerate(shipments):
        for path, message in _shipment(shipment, words):
            errors.setdefault(f"shipments[{index}].{path}", []).append(message)
        for path, number in _numbers(shipment):
            if number in taken or not usable(number, shipment["productType"]):
                text = words("Číslo zásilky nelze použít.", "The shipment number cannot be used.")
                errors.setdefault(f"shipments[{index}].{path}", []).append(text)
            taken.add(number)
    return errors


def _numbers(shipment: dict[str, Any]) -> Iterator[tuple[str, str]]:
    dormant = (shipment.get("dormant") or {}).get("shipmentNumber")
    if dormant:
        yield "dormant.shipmentNumber", dormant
    items = (shipment.get("shipmentSet") or {}).get("shipmentSetItems") or []
    if shipment.get("shipmentNumber") and not any(item.get("shipmentNumber") for item in items[:1]):
        yield "shipmentNumber", shipment["shipmentNumber"]
    for index, item in enumerate(items):
        if item.get("shipmentNumber"):
            yield f"shipmentSet.shipmentSetItems[{index}].shipmentNumber", item["shipmentNumber"]


def _shipment(shipment: dict[str, Any], words: Words) -> Found:
    product, country = shipment["productType"], shipment["recipient"]["country"]
    if product not in PRODUCT_CODES:
        yield "productType", words(f"Neznámý produkt {product}.", f"Unknown product {product}.")
    if country not in COUNTRY_CODES:
        yield "recipient.country", words(f"Neznámá země {country}.", f"Unknown country {country}.")
    if len(shipment.get("note") or "") > NOTE:
        yield "note", words(f"Nejvýše {NOTE} znaků.", f"At most {NOTE} characters.")
    if shipment.get("ageCheck") and shipment["ageCheck"] not in AGE_CODES:
        yield "ageCheck", words("Neznámý kód kontroly věku.", "Unknown code of an age check.")
    yield from _parcels(shipment.get("shipmentSet"), words)
    yield from _cash(shipment, product, country, words)
    yield from _insurance(shipment.get("insurance"), words)
    if product in TO_PICKUP_POINT and not (shipment.get("specificDelivery") or {}).get("parcelShopCode"):
        yield "specificDelivery.parcelShopCode", words("Chybí výdejní místo.", "The pickup point is missing.")
    yield from _external(shipment, words)


def _parcels(parcels: dict[str, Any] | None, words: Words) -> Found:
    if parcels is None:
        return
    count, items = parcels["numberOfShipments"], parcels.get("shipmentSetItems") or []
    if not 1 <= count <= MOST_PARCELS:
        yield "shipmentSet.numberOfShipments", words("Hodnota je 1 až 50.", "The value is 1 to 50.")
    elif len(items) > count:
        yield "shipmentSet.shipmentSetItems", words("Více popisů než balíků.", "More descriptions than parcels.")


def _cash(shipment: dict[str, Any], product: str, country: str, words: Words) -> Found:
    cash = shipment.get("cashOnDelivery")
    if cash is None:
        if product in WITH_CASH:
            yield "cashOnDelivery", words("Produkt vyžaduje dobírku.", "The product needs cash on delivery.")
        return
    price, currency, symbol = cash["codPrice"], cash["codCurrency"], cash["codVarSym"]
    if not (symbol.isascii() and symbol.isdigit()):
        yield "cashOnDelivery.codVarSym", words("Jen číslice.", "Digits only.")
    if currency not in CURRENCY_CODES:
        czech, english = f"Neznámá měna dobírky {currency}.", f"Unknown currency of cash on delivery: {currency}."
        yield "cashOnDelivery.codCurrency", words(czech, english)
    elif country not in CASH_LIMITS:
        yield "cashOnDelivery", words("Do této země nelze poslat dobírku.", "No cash on delivery to this country.")
    else:
        right, least, most = CASH_LIMITS[country]
        if currency != right:
            czech, english = f"Měna dobírky do {country} je {right}.", f"Cash on delivery to {country} is in {right}."
            yield "cashOnDelivery.codCurrency", words(czech, english)
        elif price > most:
            czech, english = f"Dobírka je nejvýše {most} {right}.", f"Cash on delivery is at most {most} {right}."
            yield "cashOnDelivery.codPrice", words(czech, english)
        elif price < least:
            czech, english = f"Dobírka je nejméně {least} {right}.", f"Cash on delivery is at least {least} {right}."
            yield "cashOnDelivery.codPrice", words(czech, english)


def _insurance(insurance: dict[str, Any] | None, words: Words) -> Found:
    if insurance is None:
        return
    currency, price = insurance["insuranceCurrency"], insurance["insurancePrice"]
    if currency not in CURRENCY_CODES:
        yield "insurance.insuranceCurrency", words("Neznámá měna.", "Unknown currency.")
    elif currency in INSURANCE_LIMITS and price > INSURANCE_LIMITS[currency][1]:
        most = INSURANCE_LIMITS[currency][1]
        czech, english = f"Pojištění je nejvýše {most} {currency}.", f"Insurance is at most {most} {currency}."
        yield "insurance.insurancePrice", words(czech, english)


def _external(shipment: dict[str, Any], words: Words) -> Found:
    codes = {number["code"] for number in shipment.get("externalNumbers") or []}
    if unknown := codes - NUMBER_CODES:
        text = ", ".join(sorted(unknown))
        czech, english = f"Neznámý kód externího čísla: {text}.", f"Unknown code of an external number: {text}."
        yield "externalNumbers", words(czech, english)
    if {"PRTE", "PRBC"} <= codes:
        yield "externalNumbers", words("PRTE a PRBC se vylučují.", "PRTE and PRBC exclude each other.")
    services = {service["code"] for service in shipment.get("services") or []}
    if unknown := services - SERVICE_CODES:
        text = ", ".join(sorted(unknown))
        yield "services", words(f"Neznámý kód služby: {text}.", f"Unknown code of a service: {text}.")


def errors_of_orders(orders: list[dict[str, Any]], words: Words) -> Errors:
    """Return what is wrong with the orders of a batch, by the path of each field."""
    errors: Errors = {}
    for index, order in enumerate(orders):
        for path, message in _order(order, words):
            errors.setdefault(f"orders[{index}].{path}", []).append(message)
    return errors


def _order(order: dict[str, Any], words: Words) -> Found:
    if order["shipmentCount"] > MOST_ORDERED:
        yield "shipmentCount", words("Hodnota je 1 až 50.", "The value is 1 to 50.")
    product = order.get("productType")
    if product and product not in PRODUCT_CODES:
        yield "productType", words(f"Neznámý produkt {product}.", f"Unknown product {product}.")
    for name in ("sender", "recipient"):
        country = (order.get(name) or {}).get("country")
        if country is not None and country not in COUNTRY_CODES:
            yield f"{name}.country", words(f"Neznámá země {country}.", f"Unknown country {country}.")
    if order["orderType"] == "TransportOrder" and not order.get("recipient"):
        yield "recipient", words("Přeprava potřebuje příjemce.", "A transport needs a recipient.")
