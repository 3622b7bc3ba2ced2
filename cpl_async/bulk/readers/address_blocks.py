"""The addresses of a file: the recipient's, the paying customer's and the sender's, told apart by their headings."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from attrs import frozen

from ..parsing.columns import ADDRESS, BILLING

__all__ = ["Place", "Role", "columns_of_places", "role_of"]

BILLING_WORDS = frozenset(
    [
        "billing",
        "bill",
        "billto",
        "fakturacni",
        "fakturacna",
        "fakturacne",
        "fakturacnej",
        "fakturacneho",
        "fakturace",
        "fakturovat",
        "invoice",
        "rechnung",
        "rechnungs",
        "rechnungsadresse",
        "rechnungsanschrift",
        "faktury",
        "fakturze",
        "szamlazasi",
        "szamla",
        "platce",
        "payer",
        "buyer",
        "kupujici",
        "kupujuci",
        "objednatel",
        "objednavatel",
    ]
)
DELIVERY_WORDS = frozenset(
    [
        "shipping",
        "ship",
        "shipto",
        "delivery",
        "deliver",
        "dodaci",
        "dorucovaci",
        "dorucovacia",
        "dorucovacie",
        "dodacia",
        "dodacie",
        "dodacej",
        "doruceni",
        "dorucenia",
        "dodani",
        "dodania",
        "prijemce",
        "prijemca",
        "prijemcu",
        "adresat",
        "adresata",
        "recipient",
        "recipients",
        "consignee",
        "receiver",
        "rec",
        "lieferung",
        "liefer",
        "lieferadresse",
        "lieferanschrift",
        "empfanger",
        "empfangers",
        "odbiorca",
        "odbiorcy",
        "dostawy",
        "dostawa",
        "szallitasi",
        "cimzett",
        "to",
    ]
)
SENDER_WORDS = frozenset(
    [
        "sender",
        "senders",
        "odesilatel",
        "odesilatele",
        "odosielatel",
        "odosielatela",
        "absender",
        "absenders",
        "nadawca",
        "nadawcy",
        "felado",
        "from",
        "shipper",
        "return",
        "returns",
        "vratka",
    ]
)
CUSTOMER_WORDS = frozenset(
    [
        "customer",
        "customers",
        "zakaznik",
        "zakaznika",
        "client",
        "klient",
        "klienta",
        "kunde",
        "kunden",
        "klienta",
        "ugyfel",
        "vevo",
    ]
)
"""Words that mean neither address."""
CORE = frozenset(("street", "city", "zip_code"))
"""Columns without which a block is no address."""
NAMES = frozenset(("name", "first_name", "last_name", "company", "name2"))


class Role(Enum):
    """The party of an address."""

    RECIPIENT = "recipient"
    CUSTOMER = "customer"
    SENDER = "sender"


@frozen
class Place:
    """The column of a heading, and the party that the heading names."""

    column: str
    role: Role | None
    """``None`` if the heading names no party."""


def role_of(words: Sequence[str]) -> Role | None:
    """Return the party that the words of a heading name, or ``None``."""
    if not SENDER_WORDS.isdisjoint(words):
        return Role.SENDER
    if not BILLING_WORDS.isdisjoint(words):
        return Role.CUSTOMER
    return Role.RECIPIENT if not DELIVERY_WORDS.isdisjoint(words) else None


def columns_of_places(places: Sequence[Place | None], taken: frozenset[str]) -> list[str | None]:
    """Return the column of each heading, or ``None`` if it is not read.

    The recipient's address has its own columns, the customer's the same with ``billing_``. Headings that name no party
    belong to the recipient, but to the customer if the file has a delivery address as well. A file with only one
    address has the recipient's.

    :param places: Place of each heading, or ``None`` if it is unknown.
    :param taken: Columns that other headings have by the shop's own mapping.
    """
    used = {(place.role, place.column) for place in places if place is not None}
    of_recipient = {column for role, column in used if role is Role.RECIPIENT} | taken
    has_delivery = not CORE.isdisjoint(of_recipient - taken)
    has_neutral = any(role is None and column in CORE for role, column in used) or not CORE.isdisjoint(taken)
    is_only_billing = not has_delivery and not has_neutral

    def column_of(place: Place | None) -> str | None:
        if place is None or place.role is Role.SENDER:
            return None
        column = place.column
        if column not in ADDRESS:
            return column if place.role is not Role.CUSTOMER else None
        if place.role is Role.CUSTOMER:
            is_free = is_only_billing and (None, column) not in used and column not in of_recipient
            return column if is_free else BILLING[column]
        if place.role is None and has_delivery:
            has_name = column in NAMES and not NAMES.isdisjoint(of_recipient)
            if column in of_recipient or has_name:
                return BILLING[column]
        return column

    found = [column_of(place) for place in places]
    seen = set(taken)
    for index, (place, column) in enumerate(zip(places, found, strict=True)):
        # of two headings of the customer's block the first one is read; those of the recipient are a mistake
        if (column in BILLING.values() and column in seen) or (
            column is not None and place is not None and column in taken
        ):
            found[index] = None
        elif column is not None:
            seen.add(column)
    return found
