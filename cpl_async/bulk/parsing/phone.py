"""The completion of telephone numbers by the country of their row, if it is certain."""

from __future__ import annotations

import re

from attrs import frozen

from .ambiguous_value import AmbiguousValue, without_damage

__all__ = ["telephone"]

INTERNATIONAL = re.compile(r"\+[1-9][0-9]{7,14}")
POSSIBLE = re.compile(r"\+?[0-9][0-9 ()/.-]{4,}")
PUNCTUATION = re.compile(r"[\s()/.–-]+")
LABEL = re.compile(r"(?:tel|mob|mobil|telefon|phone)\.?:?\s*", re.IGNORECASE)
CODE_IN_BRACKETS = re.compile(r"\((\+|00)([0-9]{1,3})\)\s*")
WORDS_AFTER = re.compile(r"\s*\([^()0-9]+\)$|\s+[-–]\s+[^\W\d_]+$")
"""Remark about the owner of the number: ``777 123 456 (manžel)``."""
TRUNK_IN_BRACKETS = re.compile(r"(\+[0-9]{1,3}\s*)\(0\)")


@frozen
class _Plan:
    """The national notation of a country's telephone numbers."""

    code: str
    """Country calling code, without the plus."""
    trunk: str
    """Trunk prefix, which is dialled before a national number and omitted from abroad."""
    number: re.Pattern[str]
    """Pattern of a number without the trunk prefix."""


PLANS = {
    country: _Plan(code, trunk, re.compile(number))
    for country, code, trunk, number in (
        ("AT", "43", "0", r"[1-9][0-9]{6,12}"),
        ("BE", "32", "0", r"[1-9][0-9]{7,8}"),
        ("BG", "359", "0", r"[2-9][0-9]{7,8}"),
        ("CZ", "420", "", r"[2-9][0-9]{8}"),
        ("DE", "49", "0", r"[1-9][0-9]{6,11}"),
        ("DK", "45", "", r"[2-9][0-9]{7}"),
        ("EE", "372", "", r"[3-9][0-9]{6,7}"),
        ("ES", "34", "", r"[5-9][0-9]{8}"),
        ("FI", "358", "0", r"[1-9][0-9]{5,10}"),
        ("FR", "33", "0", r"[1-9][0-9]{8}"),
        ("GB", "44", "0", r"[1-9][0-9]{8,9}"),
        ("HR", "385", "0", r"[1-9][0-9]{7,8}"),
        ("HU", "36", "06", r"[1-9][0-9]{7,8}"),
        ("IE", "353", "0", r"[1-9][0-9]{6,9}"),
        ("LU", "352", "", r"[2-9][0-9]{5,8}"),
        ("LV", "371", "", r"[26][0-9]{7}"),
        ("NL", "31", "0", r"[1-9][0-9]{8}"),
        ("PL", "48", "", r"[1-9][0-9]{8}"),
        ("PT", "351", "", r"[29][0-9]{8}"),
        ("RO", "40", "0", r"[237][0-9]{8}"),
        ("SE", "46", "0", r"[1-9][0-9]{6,8}"),
        ("SI", "386", "0", r"[1-9][0-9]{7}"),
        ("SK", "421", "0", r"[2-59][0-9]{8}"),
    )
}
"""Country → its plan; countries without a certain code are left out."""
WITHOUT_TRUNK_TOO = frozenset({"FR", "NL", "RO", "SI", "SK"})
"""Countries with numbers of one length: a leading zero that a spreadsheet removed can be detected."""


def telephone(text: str, country: str) -> str:
    """Return a telephone number with its country calling code if that is certain, else unchanged.

    :raises AmbiguousValue: It is not a telephone number, or a spreadsheet has lost digits of it.
    """
    if INTERNATIONAL.fullmatch(text):
        return text
    number = WORDS_AFTER.sub("", without_damage(text.lstrip("'’")))
    if number.endswith(".0") and number[:-2].isdigit():  # Excel's form of a number
        number = number[:-2]
    number = CODE_IN_BRACKETS.sub(r"\1\2 ", LABEL.sub("", number, count=1), count=1)
    number = TRUNK_IN_BRACKETS.sub(r"\1", number)
    if not POSSIBLE.fullmatch(re.sub(r"\s|–", " ", number)):
        raise AmbiguousValue("phone.invalid", text=text[:30])
    digits = PUNCTUATION.sub("", number)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        if not INTERNATIONAL.fullmatch(digits):
            raise AmbiguousValue("phone.wrong_length", text=text[:30], digits=len(digits) - 1)
        return digits
    return _completed(digits, country) or number


def _completed(digits: str, country: str) -> str | None:
    plan = PLANS.get(country)
    if plan is None:
        return None
    if plan.trunk:
        if digits.startswith(plan.trunk) and plan.number.fullmatch(digits, len(plan.trunk)):
            return f"+{plan.code}{digits[len(plan.trunk) :]}"
        at_home = country in WITHOUT_TRUNK_TOO and plan.number.fullmatch(digits)
    else:
        at_home = plan.number.fullmatch(digits)
    if at_home:
        return f"+{plan.code}{digits}"
    if digits.startswith(plan.code) and plan.number.fullmatch(digits, len(plan.code)):
        longest = not plan.number.fullmatch(digits)
        return f"+{digits}" if longest else None
    return None
