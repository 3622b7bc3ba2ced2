"""Amounts and weights, with a decimal comma or point and thousands separators, if they are unambiguous."""

from __future__ import annotations

import re
from decimal import Decimal

from .ambiguous_value import AmbiguousValue, without_damage
from .currency import SYMBOLS
from .whitespace import SPACES

__all__ = ["amount", "parcel_count", "weight"]

PLAIN = re.compile(r"[0-9]{1,15}(?:[.,][0-9]{1,2})?")
GROUPED = re.compile(rf"[0-9]{{1,3}}(?:(?:[{SPACES}'’][0-9]{{3}})+|(?:\.[0-9]{{3}})+|(?:,[0-9]{{3}})+)")
DECIMALS = re.compile(r"[.,][0-9]{1,10}")
NOTHING_AFTER = re.compile(r"[.,](?:-{1,2}|–|—)$")
"""The Czech notation for an amount without hundredths: ``1249,-``."""
MONEY = re.compile(rf"([^\d\s.,+-]{{0,6}}?)[{SPACES}]*([-−]?\d.*?)[{SPACES}]*([^\d\s,–—-]{{0,6}}?)\.?")
WEIGHT = re.compile(rf"(.*?)[{SPACES}]*(kgs?|kilo|g|gr|gramů|gramu|dkg|dag)\.?", re.IGNORECASE)
ONE_SEPARATOR = re.compile(r"[0-9]{1,3}[.,][0-9]{1,10}")
PARTS_OF_A_KILOGRAM = {"dkg": 100, "dag": 100, "g": 1000, "gr": 1000, "gramů": 1000, "gramu": 1000}
WHOLE = re.compile(r"(\d{1,9})(?:[.,]0{1,2})?")
HUNDREDTH = Decimal("0.01")


def amount(text: str) -> tuple[Decimal, str]:
    """Return an amount and its currency; the latter is empty if the text has none.

    :raises AmbiguousValue: It is not an amount, or can mean two amounts.
    """
    if PLAIN.fullmatch(text):
        return Decimal(text.replace(",", ".")), ""
    found = MONEY.fullmatch(text)
    if found is None:
        return _number(text), ""
    before, number, after = found.groups()
    unit = (after or before).casefold()
    if not unit:
        return _number(text), ""
    if unit not in SYMBOLS or (before and after):
        raise AmbiguousValue("number.invalid", text=text[:30])
    return _number(number), SYMBOLS[unit]


def weight(text: str, *, per_kilogram: int = 1) -> Decimal:
    """Return a weight in kilograms; grams are rounded up to the ten grams that the API accepts.

    :param per_kilogram: 1000 if the column is in grams. Default: 1.
    :raises AmbiguousValue: It is not a weight, or can mean two weights.
    """
    if PLAIN.fullmatch(text) and per_kilogram == 1:
        return Decimal(text.replace(",", "."))
    if found := WEIGHT.fullmatch(text):
        text, per_kilogram = found[1], PARTS_OF_A_KILOGRAM.get(found[2].lower(), 1)
    if per_kilogram == 1:  # no parcel weighs a thousand kilograms: a separator before three digits is decimal
        return Decimal(text.replace(",", ".")) if ONE_SEPARATOR.fullmatch(text) else _number(text)
    number = _number(text)
    return (number / per_kilogram).quantize(HUNDREDTH, rounding="ROUND_CEILING")


def parcel_count(text: str) -> int:
    """Return a number of parcels.

    :raises AmbiguousValue: It is not a whole number.
    """
    found = WHOLE.fullmatch(text)
    if found is None:
        raise AmbiguousValue("number.not_whole", text=text[:30])
    return int(found[1])


def _number(text: str) -> Decimal:
    text = without_damage(text)
    if text[:1] in ("-", "−") and text[1:2].isdigit():
        raise AmbiguousValue("number.negative", text=text[:30])
    head, decimals = _halves(NOTHING_AFTER.sub("", text))
    grouped = GROUPED.fullmatch(head)
    if not (grouped or re.fullmatch(r"[0-9]{1,15}", head)):
        raise AmbiguousValue("number.invalid", text=text[:30])
    return Decimal("".join(filter(str.isdigit, head)) + decimals.replace(",", "."))


def _halves(text: str) -> tuple[str, str]:
    """Return the digits before the decimals, and the decimals with their separator."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text, ""
    head, tail = text[:last], text[last:]
    if not DECIMALS.fullmatch(tail):
        return text, ""
    if tail[0] in head:  # a decimal point occurs once: these are thousands
        return text, ""
    if len(tail) == 4 and re.fullmatch(r"[1-9][0-9]{0,2}", head):
        digits = head + tail[1:]
        decimal = f"{head}.{tail[1:].rstrip('0') or '0'}"
        raise AmbiguousValue("number.ambiguous", text=text, first=digits, second=decimal)
    return head, tail
