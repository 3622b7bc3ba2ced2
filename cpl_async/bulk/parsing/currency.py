"""The currencies by their signs, and the currencies of cash on delivery in each country."""

from __future__ import annotations

import re

from ...messages import message
from .ambiguous_value import AmbiguousValue

__all__ = ["CURRENCY_OF", "HOME", "SYMBOLS", "currency_code"]

EURO = [
    "AT",
    "BE",
    "CY",
    "DE",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PT",
    "SI",
    "SK",
]
CURRENCY_OF = {"CZ": "CZK", "PL": "PLN", "HU": "HUF", "RO": "RON", **dict.fromkeys(EURO, "EUR")}
SYMBOLS = {
    "kč": "CZK",
    "kčs": "CZK",
    "czk": "CZK",
    "korun": "CZK",
    "koruny": "CZK",
    "koruna": "CZK",
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "zł": "PLN",
    "zl": "PLN",
    "pln": "PLN",
    "ft": "HUF",
    "huf": "HUF",
    "lei": "RON",
    "leu": "RON",
    "ron": "RON",
    "$": "USD",
    "usd": "USD",
    "£": "GBP",
    "gbp": "GBP",
}
HOME = "CZ"
"""Country of the carrier, in which all amounts are in its own currency."""
CODE = re.compile(r"[A-Z]{3}")


def currency_code(text: str) -> str:
    """Return the three-letter code of a currency.

    :raises AmbiguousValue: It is not a currency.
    """
    if CODE.fullmatch(text):
        return text
    found = SYMBOLS.get(text.casefold().rstrip("."))
    if found is None:
        raise AmbiguousValue("currency.invalid", expected=message("kind.currency_example"), text=text[:30])
    return found
