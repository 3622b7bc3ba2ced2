"""The recipient's names and street, from one column or from two: names, company, street and house number."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .ambiguous_value import AmbiguousValue

__all__ = ["house_number", "recipient_names", "street_line"]


A_DAY = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}\.\s*[0-9]{1,2}\.(\s*[0-9]{4})?|[0-9]{1,2}[.-]\s*[IVX]+\.?|"
    r"[0-9]{1,2}[.-]\s*(led|úno|bře|dub|kvě|čvn|čvc|srp|zář|říj|lis|pro|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)


def house_number(text: str) -> str:
    """Return a house number.

    :raises AmbiguousValue: A spreadsheet has converted it to a date.
    """
    if A_DAY.fullmatch(text):
        raise AmbiguousValue("address.house_number_date", text=text[:20])
    return text


def recipient_names(values: Mapping[str, str]) -> tuple[str, str]:
    """Return the name on the label and the contact person: a company's name goes first, the person is its contact."""
    person, contact, company = values.get("name", ""), values.get("contact", ""), values.get("company", "")
    first, last = values.get("first_name", ""), values.get("last_name", "")
    if first or last:
        # a column named only "Jméno" is the first name if there is a column for the last name
        full = " ".join(part for part in (first or person, last) if part)
        person = person if person and last and last.casefold() in person.casefold() else full
    if not company:
        return person, contact
    if not contact and squashed(person) != squashed(company):
        contact = person
    return company, contact


def squashed(text: str) -> str:
    """Return a text in lower case with single spaces, for comparison."""
    return " ".join(text.casefold().split())


def street_line(values: Mapping[str, str]) -> str:
    """Return street and house number."""
    street, number = values.get("street", ""), values.get("house_number", "")
    if orientation := values.get("orientation_number", ""):
        number = f"{number}/{orientation}" if number else orientation
    if not number or street == number or street.endswith(f" {number}"):
        return street
    return f"{street} {number}".strip()
