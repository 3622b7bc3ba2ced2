"""The grouping of an order's consecutive lines, one for each of its items, to one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from ...messages import message
from ...models.references import normal_reference
from ..parsing.columns import COLUMNS
from ..parsing.payment import may_need_total
from ..parsing.whitespace import blanks_removed
from .header import is_about_items
from .raw_row import RawRow

__all__ = ["grouped_orders"]

OF_ITEM_LINES = ("carrier", "payment")
"""Columns that a line of their own may fill: the carrier and the payment of an order as items."""
TOTAL = "order_total"


def grouped_orders(rows: Iterable[RawRow]) -> Iterator[RawRow]:
    """Yield the rows, with the lines of one order merged to one row.

    Lines belong together if they are consecutive, have the same reference, and agree or are empty in all columns that
    this library reads. They must differ in another column, or have a column about items: two identical lines are more
    likely a duplicate of the same order, which the journal refuses. The number of parcels and the weight belong to the
    order like everything else: they are not added up, and lines in which they differ are not merged.
    """
    first: RawRow | None = None
    for row in rows:
        if first is None:
            first = row
            continue
        reference = normal_reference(row.values.get("reference_id", ""))
        if reference and reference == normal_reference(first.values.get("reference_id", "")) and row.problem is None:
            together = _together(first, row)
            if together is not None:
                first = together
                continue
            if differing := _told_otherwise(first.values, row.values):
                names = ", ".join(map(first.terms.heading, differing))
                row = evolve(row, problem=message("row.contradicts_line_above", columns=names))
        yield first
        first = row
    if first is not None:
        yield first


def _together(first: RawRow, further: RawRow) -> RawRow | None:
    """Return the order with one more line, or ``None`` if the line may be another order."""
    one, other = first.values, further.values
    differing = [column for column in other if other[column] != one.get(column, "")]
    told = _told_otherwise(one, other)
    if told not in ([], [TOTAL]) or (first.problem is not None and not first.more):
        return None
    if not (any(column not in COLUMNS for column in differing) or any(map(is_about_items, _unread(other)))):
        return None
    problem = first.problem
    if told and may_need_total(one):
        heading = first.terms.heading(TOTAL)
        problem = message("row.two_totals", column=heading, first=one.get(TOTAL, ""), second=other[TOTAL])
    filled = {column: other[column] for column in OF_ITEM_LINES if other.get(column) and not one.get(column)}
    cells = [(column, other[column]) for column in differing if other[column] and column not in COLUMNS]
    return evolve(
        first,
        values=one | filled if filled else one,
        more=first.more + 1,
        further=(*first.further, *cells),
        problem=problem,
    )


def _told_otherwise(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the columns read by this library in which two lines differ; blanks do not count."""
    return [
        column
        for column, text in other.items()
        if text
        and column in COLUMNS
        and column != "reference_id"
        and blanks_removed(text) != blanks_removed(one.get(column, ""))
        and (column not in OF_ITEM_LINES or one.get(column))
    ]


def _unread(values: dict[str, str]) -> list[str]:
    return [column for column in values if column not in COLUMNS]
