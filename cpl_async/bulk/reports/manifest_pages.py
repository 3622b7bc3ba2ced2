"""The layout of a handover manifest's rows on pages, and their totals, computed before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from attrs import define, field, frozen

from .manifest_data import ManifestRow

__all__ = ["Paging", "Room", "Totals", "broken", "paged"]


@frozen(kw_only=True)
class Room:
    """Space for rows, in points."""

    first: float
    """Space on the first page."""
    other: float
    """Space on each other page."""


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
    """The number of rows on each page, and their totals."""

    rows: list[int]
    totals: Totals


def paged(
    rows: Iterable[ManifestRow],
    height: Callable[[ManifestRow], float],
    room: Room,
    ending: Callable[[Totals], float],
) -> Paging:
    """Return the distribution of rows to pages.

    :param rows: Rows, read once.
    :param height: Returns the height of a row, in points.
    :param room: Space for rows.
    :param ending: Returns the height of the block after the last row, which is not split; it gets its own page if it
        must.
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
    if ending(totals) > left:  # the last row moves too: signatures alone on a page would confirm nothing
        if pages[-1] > 1 and last + ending(totals) <= room.other:
            pages[-1] -= 1
            pages.append(1)
        else:
            pages.append(0)
    return Paging(pages, totals)


def broken(text: str, width: float, measure: Callable[[str], float]) -> Sequence[str]:
    """Return a text in lines of a maximum width; a word that is wider is broken too.

    :param width: Maximum width of a line.
    :param measure: Returns the width of a text.
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
