"""Business rules of the carrier for batches: codes, amounts, pickup points and numbers.

The rules are independent of the models of the SDK, so that each can reveal errors of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .codes import code_lists
from .problems import Translator
from .request_parsing import Errors

__all__ = ["errors_of_orders", "errors_of_shipments"]

MAX_SHIPMENTS = 1000
MAX_PARCELS = 50
MAX_ORDERED_PARCELS = 50
NOTE = 300
Violations = Iterator[tuple[str, str]]
NumberCheck = Callable[[str, str], bool]


def errors_of_shipments(shipments: list[dict[str, Any]], translate: Translator, is_usable: NumberCheck) -> Errors:
    """Return the errors of a batch of shipments, by path of the field.

    :param shipments: Shipments as JSON objects of the API.
    :param translate: Translator of the messages.
    :param is_usable: Returns whether a shipment number is reserved for a product and unused.
    """
    if len(shipments) > MAX_SHIPMENTS:
        return {"shipments": [translate("Nejvýše 1000 zásilek v jedné dávce.", "At most 1000 shipments in one batch.")]}
    errors: Errors = {}
    used_numbers: set[str] = set()
    for index, shipment in enumerate(shipments):
        for path, message in _shipment(shipment, translate):
            errors.setdefault(f"shipments[{index}].{path}", []).append(message)
        for path, number in _numbers(shipment):
            if number in used_numbers or not is_usable(number, shipment["productType"]):
                text = translate("Číslo zásilky nelze použít.", "The shipment number cannot be used.")
                errors.setdefault(f"shipments[{index}].{path}", []).append(text)
            used_numbers.add(number)
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


def _shipment(shipment: dict[str, Any], translate: Translator) -> Violations:
    product, country = shipment["productType"], shipment["recipient"]["country"]
    if product not in code_lists().product_codes:
        yield "productType", translate(f"Neznámý produkt {product}.", f"Unknown product {product}.")
    if country not in code_lists().country_codes:
        yield "recipient.country", translate(f"Neznámá země {country}.", f"Unknown country {country}.")
    if len(shipment.get("note") or "") > NOTE:
        yield "note", translate(f"Nejvýše {NOTE} znaků.", f"At most {NOTE} characters.")
    if shipment.get("ageCheck") and shipment["ageCheck"] not in code_lists().age_check_codes:
        yield "ageCheck", translate("Neznámý kód kontroly věku.", "Unknown code of an age check.")
    yield from _parcels(shipment.get("shipmentSet"), translate)
    yield from _cash(shipment, product, country, translate)
    yield from _insurance(shipment.get("insurance"), translate)
    if product in code_lists().pickup_point_products and not (shipment.get("specificDelivery") or {}).get(
        "parcelShopCode"
    ):
        yield "specificDelivery.parcelShopCode", translate("Chybí výdejní místo.", "The pickup point is missing.")
    yield from _external(shipment, translate)


def _parcels(parcels: dict[str, Any] | None, translate: Translator) -> Violations:
    if parcels is None:
        return
    count, items = parcels["numberOfShipments"], parcels.get("shipmentSetItems") or []
    if not 1 <= count <= MAX_PARCELS:
        yield "shipmentSet.numberOfShipments", translate("Hodnota je 1 až 50.", "The value is 1 to 50.")
    elif len(items) > count:
        yield "shipmentSet.shipmentSetItems", translate("Více popisů než balíků.", "More descriptions than parcels.")


def _cash(shipment: dict[str, Any], product: str, country: str, translate: Translator) -> Violations:
    cash = shipment.get("cashOnDelivery")
    if cash is None:
        if product in code_lists().cash_products:
            yield "cashOnDelivery", translate("Produkt vyžaduje dobírku.", "The product needs cash on delivery.")
        return
    price, currency, symbol = cash["codPrice"], cash["codCurrency"], cash["codVarSym"]
    if not (symbol.isascii() and symbol.isdigit()):
        yield "cashOnDelivery.codVarSym", translate("Jen číslice.", "Digits only.")
    if currency not in code_lists().currency_codes:
        czech, english = f"Neznámá měna dobírky {currency}.", f"Unknown currency of cash on delivery: {currency}."
        yield "cashOnDelivery.codCurrency", translate(czech, english)
    elif country not in code_lists().cash_limits:
        yield "cashOnDelivery", translate("Do této země nelze poslat dobírku.", "No cash on delivery to this country.")
    else:
        limit = code_lists().cash_limits[country]
        if currency != limit.currency:
            czech, english = (
                f"Měna dobírky do {country} je {limit.currency}.",
                f"Cash on delivery to {country} is in {limit.currency}.",
            )
            yield "cashOnDelivery.codCurrency", translate(czech, english)
        elif price > limit.maximum:
            czech, english = (
                f"Dobírka je nejvýše {limit.maximum} {limit.currency}.",
                f"Cash on delivery is at most {limit.maximum} {limit.currency}.",
            )
            yield "cashOnDelivery.codPrice", translate(czech, english)
        elif price < limit.minimum:
            czech, english = (
                f"Dobírka je nejméně {limit.minimum} {limit.currency}.",
                f"Cash on delivery is at least {limit.minimum} {limit.currency}.",
            )
            yield "cashOnDelivery.codPrice", translate(czech, english)


def _insurance(insurance: dict[str, Any] | None, translate: Translator) -> Violations:
    if insurance is None:
        return
    currency, price = insurance["insuranceCurrency"], insurance["insurancePrice"]
    if currency not in code_lists().currency_codes:
        yield "insurance.insuranceCurrency", translate("Neznámá měna.", "Unknown currency.")
    elif (limit := code_lists().insurance_limits.get(currency)) and price > limit.maximum:
        czech, english = (
            f"Pojištění je nejvýše {limit.maximum} {currency}.",
            f"Insurance is at most {limit.maximum} {currency}.",
        )
        yield "insurance.insurancePrice", translate(czech, english)


def _external(shipment: dict[str, Any], translate: Translator) -> Violations:
    codes = {number["code"] for number in shipment.get("externalNumbers") or []}
    if unknown := codes - code_lists().external_number_codes:
        text = ", ".join(sorted(unknown))
        czech, english = f"Neznámý kód externího čísla: {text}.", f"Unknown code of an external number: {text}."
        yield "externalNumbers", translate(czech, english)
    if {"PRTE", "PRBC"} <= codes:
        yield "externalNumbers", translate("PRTE a PRBC se vylučují.", "PRTE and PRBC exclude each other.")
    services = {service["code"] for service in shipment.get("services") or []}
    if unknown := services - code_lists().service_codes:
        text = ", ".join(sorted(unknown))
        yield "services", translate(f"Neznámý kód služby: {text}.", f"Unknown code of a service: {text}.")


def errors_of_orders(orders: list[dict[str, Any]], translate: Translator) -> Errors:
    """Return the errors of a batch of orders, by path of the field.

    :param orders: Orders as JSON objects of the API.
    :param translate: Translator of the messages.
    """
    errors: Errors = {}
    for index, order in enumerate(orders):
        for path, message in _order(order, translate):
            errors.setdefault(f"orders[{index}].{path}", []).append(message)
    return errors


def _order(order: dict[str, Any], translate: Translator) -> Violations:
    if order["shipmentCount"] > MAX_ORDERED_PARCELS:
        yield "shipmentCount", translate("Hodnota je 1 až 50.", "The value is 1 to 50.")
    product = order.get("productType")
    if product and product not in code_lists().product_codes:
        yield "productType", translate(f"Neznámý produkt {product}.", f"Unknown product {product}.")
    for name in ("sender", "recipient"):
        country = (order.get(name) or {}).get("country")
        if country is not None and country not in code_lists().country_codes:
            yield f"{name}.country", translate(f"Neznámá země {country}.", f"Unknown country {country}.")
    if order["orderType"] == "TransportOrder" and not order.get("recipient"):
        yield "recipient", translate("Přeprava potřebuje příjemce.", "A transport needs a recipient.")
