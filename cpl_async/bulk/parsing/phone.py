"""The completion of telephone numbers by the country of their row, if it is certain."""

from __future__ import annotations

import re

from .ambiguous_value import AmbiguousValue, without_damage

__all__ = ["telephone"]

INTERNATIONAL = re.compile(r"\+[1-9][0-9]{7,14}")
POSSIBLE = re.compile(r"\+?\(?[0-9][0-9 ()/.-]{4,}")
PUNCTUATION = re.compile(r"[\s()/.–-]+")
LABEL = re.compile(r"(?:tel|mob|mobil|telefon|phone)\.?:?\s*", re.IGNORECASE)
CODE_IN_BRACKETS = re.compile(r"\((\+|00)([0-9]{1,3})\)\s*")
WORDS_AFTER = re.compile(r"\s*\([^()0-9]+\)$|\s+[-–]\s+[^\W\d_]+$")
"""Remark about the owner of the number: ``777 123 456 (manžel)``."""
TRUNK_IN_BRACKETS = re.compile(r"(\+[0-9]{1,3}\s*)\(0\)")


AT_HOME = {"CZ": ("420", re.compile(r"([2-9][0-9]{8})")), "SK": ("421", re.compile(r"0?([2-59][0-9]{8})"))}
"""Country → its calling code, and the pattern of its numbers without it: most numbers need no library."""
FIXED_LENGTH = frozenset({"NL", "RO", "SI", "SK"})
"""Countries in which a number without its trunk prefix has one length only, apart from service numbers: a zero that a
spreadsheet removed is certain there."""


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
    """Return a national number with its country calling code, or ``None`` if it is not certain."""
    if country in AT_HOME:
        code, pattern = AT_HOME[country]
        if (match := pattern.fullmatch(digits)) is not None:
            return f"+{code}{match[1]}"
    return _by_telephone_plan(digits, country)


def _by_telephone_plan(digits: str, country: str) -> str | None:
    import phonenumbers  # some milliseconds, which most jobs do not need

    plan = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    if plan is None:
        return None
    lengths = plan.general_desc.possible_length if plan.general_desc is not None else ()
    is_fixed = country in FIXED_LENGTH or len(lengths) == 1
    if plan.national_prefix and not digits.startswith(plan.national_prefix) and not is_fixed:
        return None  # without the trunk prefix it may be a part of a number
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(number, country):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
