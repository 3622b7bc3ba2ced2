"""The normalization of postcodes: blanks, a country prefix, and leading zeros that a spreadsheet removed."""

from __future__ import annotations

import re

from .ambiguous_value import AmbiguousValue
from .whitespace import blanks_removed

__all__ = ["postcode"]

WIDTHS = {
    "AT": (4, 4),
    "CZ": (5, 5),
    "DE": (5, 4),
    "EE": (5, 5),
    "ES": (5, 4),
    "FI": (5, 3),
    "FR": (5, 4),
    "HR": (5, 5),
    "HU": (4, 4),
    "IT": (5, 3),
    "RO": (6, 5),
    "SI": (4, 4),
    "SK": (5, 4),
}
"""Country → digits of its postcodes, and the minimum that is left if leading zeros are removed."""
STRICT = frozenset({"CZ", "SK"})
"""Countries whose postcodes are known well enough to reject invalid ones."""
PREFIX = {"DE": r"(?:DE?)", "AT": r"(?:AT?)", "HU": r"(?:HU?)", "FR": r"(?:FR?)", "IT": r"(?:IT?)", "ES": r"(?:ES?)"}
WITH_DASH = re.compile(r"([0-9]{3})[-–]([0-9]{2})")
WITH_CITY = re.compile(r"([0-9]{5})[^\W\d_].*")
"""Without blanks: a postcode of a country that has five digits, and the city after it."""
NUMBER_OF_EXCEL = re.compile(r"([0-9]{3,6})[.,]0")


def postcode(text: str, country: str) -> str:
    """Return a postcode in the notation of its country.

    :raises AmbiguousValue: It is certainly not a postcode.
    """
    width, shortest = WIDTHS.get(country, (0, 0))
    if not width:
        found = NUMBER_OF_EXCEL.fullmatch(text)
        return found[1] if found else text
    if len(text) == width and text.isascii() and text.isdigit():
        return text
    digits = blanks_removed(text).lstrip("'’")
    digits = re.sub(rf"^{PREFIX.get(country, country)}[-–]?", "", digits, flags=re.IGNORECASE)
    if found := NUMBER_OF_EXCEL.fullmatch(digits):
        digits = found[1]
    elif country in STRICT and (found := WITH_DASH.fullmatch(digits) or WITH_CITY.fullmatch(digits)):
        digits = "".join(found.groups())
    if digits.isascii() and digits.isdigit() and shortest <= len(digits) <= width:
        return digits.zfill(width)
    if country in STRICT:
        raise _invalid(text, digits, country)
    return text


def _invalid(text: str, digits: str, country: str) -> AmbiguousValue:
    if len(digits) == 4 and digits.isdigit():
        return AmbiguousValue("postcode.four_digits", text=text[:20])
    example = "110 00" if country == "CZ" else "010 01"
    return AmbiguousValue("postcode.invalid", country=country, text=text[:20], example=example)
