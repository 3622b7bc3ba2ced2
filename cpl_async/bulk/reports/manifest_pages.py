"""Lays the rows of a handover manifest out on pages, and adds them up, before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from attrs import define, field, frozen

from .manifest_data import ManifestRow

__all__ = ["Paging", "Room", "Totals", "broken", "paged"]


@frozen(kw_only=True)
class Room:
    """Room for rows, in points."""

    first: float
    """On the first page."""
    other: float
    """On each other page."""


@define
class Totals:
    """Sums over all rows."""

    shipments: int = 0
    parcels: int = 0
    weight: Decimal = Decimal(0)
    unweighed: int = 0
    """Shipments whose weight is not known."""
    cod: dict[str, Decimal] = field(factory=dict)
    """Currency → amount."""
    cod_shipments: dict[str, int] = field(factory=dict)

    def add(self, row: ManifestRow) -> None:
        """Add a row."""
        self.shipments += 1
        self.parcels += row.parcels
        if row.weight_kg is None:
            self.unweighed += 1
        else:
            self.weight += row.weight_kg
        if row.cod is not None:
            self.cod[row.currency] = self.cod.get(row.currency, Decimal(0)) + row.cod
            self.cod_shipments[row.currency] = self.cod_shipments.get(row.currency, 0) + 1


@frozen
class Paging:
    """How many rows are on each page, and what they come to."""

    rows: list[int]
    totals: Totals


def paged(
    rows: Iterable[ManifestRow],
    height: Callable[[ManifestRow], float],
    room: Room,
    ending: Callable[[Totals], float],
) -> Paging:
    """Return which rows go on which page.

    :param rows: read once.
    :param height: of a row, in points.
    :param ending: height of what follows the last row and stays whole; it gets a page of its own when it must.
    """
    totals = Totals()
    pages, left, last = [0], room.first, 0.0
    for row in rows:
        totals.add(row)
        last = height(row)
        if last > left and pages[-1]:
            pages.append(0)
            left = room.other
        pages[-1] += 1
        left -= last
    if ending(totals) > left:  # the last row goes along: signatures alone on a page would stand for nothing
        if pages[-1] > 1 and last + ending(totals) <= room.other:
            pages[-1] -= 1
            pages.append(1)
        else:
            pages.append(0)
    return Paging(pages, totals)


def broken(text: str, width: float, measure: Callable[[str], float]) -> Sequence[str]:
    """Return a text in lines no wider than so much; a word that is wider is broken too.

    :param measure: returns how wide a text is.
    """
    text = " ".join(text.split())
    if measure(text) <= width:
        return (text,)
    lines = [""]
    for word in text.split():
        joint = f"{lines[-1]} {word}" if lines[-1] else word
        if measure(joint) <= width:
            lines[-1] = joint
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and measure(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines
