"""The recipient's names and street, from one column or from two: names, company, street and house number."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .ambiguous_value import AmbiguousValue

__all__ = ["address_lines", "house_number", "recipient_names", "street_line"]


A_DAY = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}\.\s*[0-9]{1,2}\.(\s*[0-9]{4})?|[0-9]{1,2}[.-]\s*[IVX]+\.?|"
    r"[0-9]{1,2}[.-]\s*(led|úno|bře|dub|kvě|čvn|čvc|srp|zář|říj|lis|pro|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)


HAS_NUMBER = re.compile(r"[0-9]")
UNIT = re.compile(
    r"(byt|b\.|apt|apartm|app|patro|poschod|podla[zž]|p[rř][ií]zem|floor|etage|stock|og|top|stiege|wohnung|whg|lak[aá]s|em\.?|emelet"
    r"|m\.|mieszk|lok|unit|suite|room|door|t[uü]r|ajt[oó]|vchod|schodi[sš]t|kl\.|p[ií]et|[0-9]+\.?\s*(patro|poschod|np|p\.|og|em|emelet|floor|etage"
    r"|stock|st(ock)?\.?))\b",
    re.IGNORECASE,
)
"""Beginning of a line with a flat, a floor or a staircase."""


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
    if company:
        contact, person = contact or person, company
    return person, contact if squashed(contact) != squashed(person) else ""


def squashed(text: str) -> str:
    """Return a text in lower case with single spaces, for comparison."""
    return " ".join(text.casefold().split())


def address_lines(values: Mapping[str, str]) -> tuple[str, str]:
    """Return street and number, and what else belongs to the address, for the second line of the name.

    Of several lines the street is the first one with a number; a flat or a floor is written behind it. What stands
    twice, or repeats the city, is written once.
    """
    street = street_line(values)
    further = [line for column in ("street2", "street3") if (line := values.get(column, ""))]
    if not further:
        return street, ""
    known = {squashed(values.get(column, "")) for column in ("city", "zip_code", "country", "name", "company")}
    lines: list[str] = []
    for line in (street, *further):
        is_new = squashed(line) not in known and not any(squashed(line) in squashed(other) for other in lines)
        if line and is_new:
            lines.append(line)
    if not lines:
        return street, ""
    at = next((index for index, line in enumerate(lines) if HAS_NUMBER.search(line) and not UNIT.match(line)), 0)
    street = lines.pop(at)
    street = ", ".join((street, *(line for line in lines if UNIT.match(line))))
    return street, ", ".join(line for line in lines if not UNIT.match(line))


def street_line(values: Mapping[str, str]) -> str:
    """Return street and house number."""
    street, number = values.get("street", ""), values.get("house_number", "")
    if orientation := values.get("orientation_number", ""):
        number = f"{number}/{orientation}" if number and orientation not in number.split("/") else number or orientation
    if not number or squashed(street) == squashed(number) or squashed(street).endswith(f" {squashed(number)}"):
        return street
    return f"{street} {number}".strip()
