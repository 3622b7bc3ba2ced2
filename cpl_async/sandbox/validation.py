"""Looks at a batch as the carrier's server does: form first; only when all is well formed, the code lists.

Written against the contract on its own, not with the models of the SDK, so that one can show the other's mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .problems import Words

__all__ = ["Errors", "errors_of_labels", "errors_of_shipments"]

Errors = dict[str, list[str]]
COUNTRIES = {
    "CZ": "CZK", "SK": "EUR", "PL": "PLN", "HU": "HUF", "RO": "RON", "DE": "EUR", "AT": "EUR", "SI": "EUR",
    "HR": "EUR", "BG": "BGN", "FR": "EUR", "IT": "EUR", "ES": "EUR", "BE": "EUR", "NL": "EUR", "LT": "EUR",
    "LV": "EUR", "EE": "EUR", "DK": "DKK", "SE": "SEK", "FI": "EUR", "PT": "EUR", "IE": "EUR", "LU": "EUR",
}  # fmt: skip
CASH = {"CZ": ("CZK", 100000), "SK": ("EUR", 5000), "PL": ("PLN", 15000), "HU": ("HUF", 1000000), "RO": ("RON", 15000)}
"""Currency and most of cash on delivery, by destination."""
CURRENCIES = {"CZK", "EUR", "PLN", "HUF", "RON", "USD", "GBP"}
PRODUCTS = {
    "PRIV", "PRID", "BUSS", "BUSD", "SMAR", "SMAD", "SBOX", "CONN", "COND", "COPL", "SMEU", "SMED", "DOPO", "RETD",
    "IMPO",
}  # fmt: skip
WITH_CASH = {"PRID", "BUSD", "SMAD", "COND", "SMED"}
TO_PICKUP_POINT = {"SMAR", "SMAD", "SMEU", "SMED"}
NUMBER_CODES = {"CUST", "ESPN", "PRTE", "PRBC", "B2CO", "VARS"}
ADDRESS = {
    "name": 50, "name2": 50, "street": 60, "city": 50, "zipCode": 10, "contact": 50, "phone": 30, "email": 50,
}  # fmt: skip
FORMATS = {"Pdf", "Zpl", "Png", "Jpeg", "Svg"}
Found = Iterator[tuple[str, str]]


def errors_of_shipments(shipments: Any, words: Words, capital: bool) -> Errors:
    """Return what is wrong with the shipments of a batch, by the path of each field."""
    name = "Shipments" if capital else "shipments"
    if not isinstance(shipments, list) or not shipments:
        return {name: [words("Seznam zásilek je prázdný.", "The list of shipments is empty.")]}
    if len(shipments) > 1000:
        return {name: [words("Nejvýše 1000 zásilek v jedné dávce.", "At most 1000 shipments in one batch.")]}
    errors = _gather(shipments, name, lambda shipment: _form(shipment, words))
    if errors:
        return errors
    return _gather(shipments, name, lambda shipment: _rules(shipment, words))


def _gather(shipments: list[Any], name: str, look: Callable[[Any], Found]) -> Errors:
    errors: Errors = {}
    for index, shipment in enumerate(shipments):
        for path, message in look(shipment):
            errors.setdefault(f"{name}[{index}]{'.' + path if path else ''}", []).append(message)
    return errors


def errors_of_labels(settings: Any, words: Words) -> Errors:
    """Return what is wrong with label settings."""
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        return {"labelSettings": [words("Očekáván objekt.", "An object is expected.")]}
    errors: Errors = {}
    if settings.get("format", "Pdf") not in FORMATS:
        errors["labelSettings.format"] = [words("Neznámý formát.", "Unknown format.")]
    dpi = settings.get("dpi")
    if dpi is not None and not (isinstance(dpi, int) and 203 <= dpi <= 1200):
        errors["labelSettings.dpi"] = [words("Rozlišení je 203 až 1200.", "The resolution is 203 to 1200.")]
    complete = settings.get("completeLabelSettings") or {}
    if complete.get("pageSize", "Default") not in ("Default", "A4"):
        errors["labelSettings.completeLabelSettings.pageSize"] = [words("Neznámá stránka.", "Unknown page.")]
    if complete.get("position") is not None and complete["position"] not in (1, 2, 3, 4):
        errors["labelSettings.completeLabelSettings.position"] = [words("Pozice je 1 až 4.", "The position is 1 to 4.")]
    return errors


def _text(value: Any, path: str, words: Words, most: int | None = None, required: bool = False) -> Found:
    if value is None or value == "":
        if required:
            yield path, words("Pole je povinné.", "The field is required.")
    elif not isinstance(value, str):
        yield path, words("Očekáván text.", "Text is expected.")
    elif most is not None and len(value) > most:
        yield path, words(f"Nejvýše {most} znaků.", f"At most {most} characters.")


def _number(value: Any, path: str, words: Words, least: float = 0, most: float = 10**12) -> Found:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        yield path, words("Očekáváno číslo.", "A number is expected.")
    elif not least <= value <= most:
        yield path, words(f"Hodnota je {least:g} až {most:g}.", f"The value is {least:g} to {most:g}.")


def _form(shipment: Any, words: Words) -> Found:
    if not isinstance(shipment, dict):
        yield "", words("Očekáván objekt.", "An object is expected.")
        return
    yield from _text(shipment.get("referenceId"), "referenceId", words, 128, required=True)
    yield from _text(shipment.get("productType"), "productType", words, required=True)
    yield from _text(shipment.get("note"), "note", words, 300)
    for name in ("recipient", "sender", "senderMask", "backAddress"):
        address = shipment.get(name)
        if address is not None or name == "recipient":
            yield from _address(address, name, words)
    yield from _cash(shipment.get("cashOnDelivery"), words)
    insurance = shipment.get("insurance")
    if insurance is not None:
        yield from _number(insurance.get("insurancePrice"), "insurance.insurancePrice", words)
        yield from _text(insurance.get("insuranceCurrency"), "insurance.insuranceCurrency", words, 3, required=True)
    for index, number in enumerate(shipment.get("externalNumbers") or []):
        yield from _text(
            number.get("externalNumber"), f"externalNumbers[{index}].externalNumber", words, 100, required=True
        )
        yield from _text(number.get("code"), f"externalNumbers[{index}].code", words, required=True)
    yield from _set(shipment.get("shipmentSet"), words)


def _address(address: Any, name: str, words: Words) -> Found:
    if not isinstance(address, dict):
        yield name, words("Adresa je povinná.", "The address is required.")
        return
    for field, most in ADDRESS.items():
        yield from _text(address.get(field), f"{name}.{field}", words, most, required=field == "zipCode")
    yield from _text(address.get("country"), f"{name}.country", words, required=True)


def _cash(cash: Any, words: Words) -> Found:
    if cash is None:
        return
    yield from _number(cash.get("codPrice"), "cashOnDelivery.codPrice", words)
    yield from _text(cash.get("codCurrency"), "cashOnDelivery.codCurrency", words, 3, required=True)
    symbol = cash.get("codVarSym")
    yield from _text(symbol, "cashOnDelivery.codVarSym", words, 10, required=True)
    if isinstance(symbol, str) and symbol and not re.fullmatch(r"\d+", symbol):
        yield "cashOnDelivery.codVarSym", words("Jen číslice.", "Digits only.")


def _set(parcels: Any, words: Words) -> Found:
    if parcels is None:
        return
    yield from _number(parcels.get("numberOfShipments"), "shipmentSet.numberOfShipments", words, 1, 50)
    for index, item in enumerate(parcels.get("shipmentSetItems") or []):
        weight = (item.get("weighedShipmentInfo") or {}).get("weight")
        if weight is not None:
            yield from _number(
                weight, f"shipmentSet.shipmentSetItems[{index}].weighedShipmentInfo.weight", words, 0, 10**9
            )


def _rules(shipment: dict[str, Any], words: Words) -> Found:
    product, country = shipment["productType"], shipment["recipient"]["country"]
    if product not in PRODUCTS:
        yield "productType", words(f"Neznámý produkt {product}.", f"Unknown product {product}.")
    if country not in COUNTRIES:
        yield "recipient.country", words(f"Neznámá země {country}.", f"Unknown country {country}.")
    cash = shipment.get("cashOnDelivery")
    if product in WITH_CASH and cash is None:
        yield "cashOnDelivery", words("Produkt vyžaduje dobírku.", "The product needs cash on delivery.")
    if cash is not None:
        yield from _cash_rules(cash, country, words)
    insurance = shipment.get("insurance")
    if insurance is not None and insurance["insuranceCurrency"] not in CURRENCIES:
        yield "insurance.insuranceCurrency", words("Neznámá měna.", "Unknown currency.")
    if product in TO_PICKUP_POINT and not (shipment.get("specificDelivery") or {}).get("parcelShopCode"):
        yield "specificDelivery.parcelShopCode", words("Chybí výdejní místo.", "The pickup point is missing.")
    codes = {number["code"] for number in shipment.get("externalNumbers") or []}
    if unknown := codes - NUMBER_CODES:
        text = ", ".join(sorted(unknown))
        yield (
            "externalNumbers",
            words(f"Neznámý kód externího čísla: {text}.", f"Unknown code of an external number: {text}."),
        )
    if {"PRTE", "PRBC"} <= codes:
        yield "externalNumbers", words("PRTE a PRBC se vylučují.", "PRTE and PRBC exclude each other.")


def _cash_rules(cash: dict[str, Any], country: str, words: Words) -> Found:
    if cash["codCurrency"] not in CURRENCIES:
        yield (
            "cashOnDelivery.codCurrency",
            words(
                f"Neznámá měna dobírky {cash['codCurrency']}.",
                f"Unknown currency of cash on delivery: {cash['codCurrency']}.",
            ),
        )
    elif country not in CASH:
        yield "cashOnDelivery", words("Do této země nelze poslat dobírku.", "No cash on delivery to this country.")
    elif cash["codCurrency"] != CASH[country][0]:
        yield (
            "cashOnDelivery.codCurrency",
            words(
                f"Měna dobírky do {country} je {CASH[country][0]}.",
                f"Cash on delivery to {country} is in {CASH[country][0]}.",
            ),
        )
    elif cash["codPrice"] > CASH[country][1]:
        yield (
            "cashOnDelivery.codPrice",
            words(
                f"Dobírka je nejvýše {CASH[country][1]} {CASH[country][0]}.",
                f"Cash on delivery is at most {CASH[country][1]} {CASH[country][0]}.",
            ),
        )
