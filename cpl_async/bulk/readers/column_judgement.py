"""The meaning of a column by its values, where its heading alone can mean two things.

``Product`` with ``PRIV`` is the carrier's product, with ``Kniha`` it is goods; ``Služba`` with ``BUSS`` is the product;
``Shipping`` with ``99.00`` is postage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from attrs import evolve

from ..parsing.hazards import other_carrier
from ..parsing.product import known_product
from ..parsing.services import service_codes
from ..parsing.text import any_begins, fold, tokens
from ..parsing.vocabulary import OWN_CARRIER
from .header import is_about_items, schema_of
from .raw_row import RawRow
from .table import TableRows

__all__ = ["SAMPLE_ROWS", "judged"]

SAMPLE_ROWS = 1000
"""Rows from whose values the meaning of a column is judged."""
JUDGED = ("product_type", "services", "carrier", "parcels")
CARRIERS_PRODUCT = ("ppl", "typ", "druh", "type", "preprav", "zasil", "shipment", "package")
"""Beginnings of words in a heading that can only mean the carrier's product."""
AMOUNT = re.compile(r"[\d\s.,'’-]*\d[\d\s.,'’-]*(?:kč|czk|eur|€|zł|ft)?", re.IGNORECASE)


def judged(table: TableRows, rows: Iterable[RawRow]) -> tuple[TableRows, list[str]]:
    """Return the table with its columns judged by values, and a note for each column that means something else.

    A column that the shop's own mapping names, or that has this library's own name, is not judged.

    :param rows: The first rows below the heading.
    """
    told = table.terms.names.columns
    suspects = [
        index
        for index, (heading, column) in enumerate(zip(table.headings, table.columns, strict=True))
        if column in JUDGED and heading != column and fold(heading) not in told
    ]
    if not suspects:
        return table, []
    values: dict[int, dict[str, None]] = {index: {} for index in suspects}
    for row in rows:
        for index in suspects:
            if text := row.values.get(table.columns[index], ""):
                values[index][text] = None
    columns, notes = list(table.columns), list[str]()
    for index in suspects:
        heading, column = table.headings[index], table.columns[index]
        texts = list(values[index])
        meaning = MEANINGS[column](heading, texts, table.headings) if texts else column
        if meaning in columns and meaning != column:
            meaning = None
        if meaning == column:
            continue
        columns[index] = meaning or heading
        shown = ", ".join(repr(text[:30]) for text in texts[:2])
        notes.append(f"the column {heading!r} holds {shown}: it is {READ_AS[meaning]}, not as {column}")
    if not notes:
        return table, []
    terms = schema_of(zip(columns, table.headings, strict=True), table.terms.names)
    return evolve(table, columns=columns, terms=terms), notes


def _of_product(heading: str, texts: Sequence[str], headings: Sequence[str]) -> str | None:
    if any(known_product(text) for text in texts):
        return "product_type"
    if all(_is_carrier(text) for text in texts):
        return "carrier"
    is_certain = any_begins(tokens(heading), CARRIERS_PRODUCT)
    return "product_type" if is_certain else None


def _of_services(heading: str, texts: Sequence[str], headings: Sequence[str]) -> str | None:
    if any(known_product(text) for text in texts):
        return "product_type"
    if any(_is_carrier(text) for text in texts):
        return "carrier"
    return "services" if any(_are_services(text) for text in texts) else None


def _of_carrier(heading: str, texts: Sequence[str], headings: Sequence[str]) -> str | None:
    if all(AMOUNT.fullmatch(text) for text in texts):
        return None
    return "product_type" if all(known_product(text) for text in texts) else "carrier"


def _of_parcels(heading: str, texts: Sequence[str], headings: Sequence[str]) -> str | None:
    """Return whether pieces are parcels: beside the columns of an item they are pieces of goods."""
    is_pieces = any_begins(tokens(heading), ("kus", "piece", "item"))
    has_items = any(is_about_items(other) for other in headings if other != heading)
    return None if is_pieces and has_items else "parcels"


def _is_carrier(text: str) -> bool:
    return OWN_CARRIER in tokens(text) or other_carrier(text) is not None


def _are_services(text: str) -> bool:
    try:
        return bool(service_codes(text))
    except ValueError:
        return False


MEANINGS: dict[str, Callable[[str, Sequence[str], Sequence[str]], str | None]] = {
    "product_type": _of_product,
    "services": _of_services,
    "carrier": _of_carrier,
    "parcels": _of_parcels,
}
READ_AS: dict[str | None, str] = {
    None: "not read",
    "product_type": "read as the product",
    "carrier": "read as the carrier",
}
