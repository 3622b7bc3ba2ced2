"""The mapping of a file's headings to columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..parsing.column_mapping import FileSchema, ShopMapping
from ..parsing.columns import ADDRESS, BILLING
from ..parsing.currency import SYMBOLS
from ..parsing.text import fold, tokens
from ..parsing.vocabulary import ITEM_WORDS
from .address_blocks import (
    BILLING_WORDS,
    CUSTOMER_WORDS,
    DELIVERY_WORDS,
    SENDER_WORDS,
    Place,
    Role,
    columns_of_places,
    role_of,
)
from .column_aliases import BESIDE, COLUMN_OF, SYNONYMS
from .raw_row import InputError

__all__ = ["column_named", "columns_of", "is_about_items", "reject_duplicate_columns", "schema_below", "schema_of"]

BRACKETS = re.compile(r"[(\[{]([^)\]}]*)[)\]}]")
ENDS_IN_UNIT = re.compile(r"\b(kg|g|gramy|gramech|grams)\s*$", re.IGNORECASE)
IN_GRAMS = frozenset({"g", "gr", "gram", "gramy", "gramech", "grams", "gramu"})
MONEY = ("cod", "cod_price", "order_total", "amount_due", "insurance_price")
CURRENCY_WORDS = frozenset(map(fold, SYMBOLS)) - {""}
OURS = frozenset(("error", "error_code"))
"""The column that this library writes beside rejected rows."""
PARTY_WORDS: frozenset[str] = BILLING_WORDS | DELIVERY_WORDS | SENDER_WORDS | CUSTOMER_WORDS
OF_DELIVERY = frozenset(("note", "delivery_date", "parcel_shop_code", "services"))
"""Columns whose names may have words of the recipient beside them, apart from those of an address."""
BILLING_COLUMNS = frozenset(BILLING.values())
NOT_READ = " (not read)"
"""Suffix of a column name that the file uses for something else."""


def column_named(heading: str) -> str | None:
    """Return the column of a heading, regardless of case, diacritics and punctuation, or ``None`` if it is unknown."""
    place = place_named(heading)
    if place is None or place.role is Role.SENDER:
        return None
    if place.role is Role.CUSTOMER:
        return BILLING.get(place.column)
    return place.column


def place_named(heading: str) -> Place | None:
    """Return column and party of a heading, or ``None`` if it is unknown."""
    plain = BRACKETS.sub(" ", heading)
    all_words = tokens(heading)
    words = tokens(plain) or all_words
    if words and (words[-1] in IN_GRAMS or words[-1] in CURRENCY_WORDS) and "".join(words) not in COLUMN_OF:
        words = words[:-1]
    role = role_of(all_words)
    if (column := COLUMN_OF.get("".join(words))) is not None:
        return Place(column, role)
    bare = [word for word in words if word not in BESIDE]
    if (column := COLUMN_OF.get("".join(bare))) is not None:
        return Place(column, role)
    column = _column_of_party(words) or _column_of_party(bare)
    return Place(column, role) if column is not None else None


def _column_of_party(words: Sequence[str]) -> str | None:
    """Return the column of words without those that name the party: of an address, never of money."""
    column = COLUMN_OF.get("".join(word for word in words if word not in PARTY_WORDS))
    return column if column in ADDRESS or column in OF_DELIVERY else None


def is_about_items(heading: str) -> bool:
    """Return whether a column is about one item of an order, not about the order."""
    return not ITEM_WORDS.isdisjoint(tokens(heading))


def columns_of(headings: Sequence[str], names: ShopMapping) -> list[str]:
    """Return the column of each heading, or the heading itself if it is unknown.

    :param names: The shop's own names, which take precedence.
    """
    told = {heading: names.columns[fold(heading)] for heading in headings if fold(heading) in names.columns}
    places = [None if heading in told or heading.lower() in OURS else place_named(heading) for heading in headings]
    guessed = columns_of_places(places, frozenset(told.values()) - {""})
    found: list[str] = []
    for heading, guess in zip(headings, guessed, strict=True):
        column = told.get(heading, heading.lower() if heading.lower() in OURS else guess)
        found.append(column or (heading + NOT_READ if heading in SYNONYMS or heading in OURS else heading))
    return found


def reject_duplicate_columns(headings: Sequence[str], columns: Sequence[str], where: str) -> None:
    """Verify that no two headings mean the same column.

    :param where: Name of the file in messages.
    :raises InputError: Headings are duplicate; the error names all of them.
    """
    first: dict[str, str] = {}
    same: list[str] = []
    twins: list[tuple[str, str, str]] = []
    for heading, column in zip(headings, columns, strict=True):
        if not column:
            continue
        if column not in first:
            first[column] = heading
        elif first[column] == heading:
            same.append(heading)
        else:
            twins.append((column, first[column], heading))
    if same:
        raise InputError(f"{where} has the column {', '.join(same)} twice: rename or remove one")
    if twins:
        words = "; ".join(f"{column}: {one!r} and {other!r}" for column, one, other in twins)
        lines = " ".join(f'"{other}" = ""' for _, _, other in twins)
        raise InputError(
            f"{where} has columns that mean the same. {words}. Remove one, or say in --map which one is not read, "
            f"e.g. [columns] {lines} (a line each)"
        )


def schema_below(headings: Sequence[str], names: ShopMapping) -> FileSchema:
    """Return the schema of some headings."""
    return schema_of(zip(columns_of(headings, names), headings, strict=True), names)


def schema_of(columns: Mapping[str, str] | Iterable[tuple[str, str]], names: ShopMapping) -> FileSchema:
    """Return the schema of a file's headings: column names and their units.

    :param columns: Column and heading of each.
    """
    pairs = dict(columns)
    headings = {column: heading for column, heading in pairs.items() if column != heading}
    return FileSchema(
        headings=headings,
        names=names,
        has_billing=not BILLING_COLUMNS.isdisjoint(pairs),
        ignored=frozenset(heading for heading in pairs.values() if names.columns.get(fold(heading)) == ""),
        currencies={column: unit for column in MONEY if (unit := _currency_in(headings.get(column, "")))},
        per_kilogram=1000 if _unit_in(headings.get("weight_kg", "")) in IN_GRAMS else 1,
    )


def _unit_in(heading: str) -> str:
    found = BRACKETS.search(heading) or ENDS_IN_UNIT.search(heading)
    return fold(found[1]) if found else ""


def _currency_in(heading: str) -> str:
    found = BRACKETS.search(heading)
    unit = found[1] if found else heading.split()[-1] if heading else ""
    return SYMBOLS.get(unit.strip(" .").casefold(), "")
