"""The range of rows that a repository reads and writes: all rows of a job, or those of one shard."""

from __future__ import annotations

from attrs import frozen
from sqlalchemy import ColumnElement, func, select

from .schema import batches, rows

__all__ = ["ALL_ROWS", "RowRange"]


@frozen
class RowRange:
    """Rows from one number to another, inclusive, and the batches whose first row is among them."""

    first: int | None = None
    last: int | None = None

    @property
    def of_rows(self) -> list[ColumnElement[bool]]:
        """Conditions for the rows."""
        if self.first is None or self.last is None:
            return []
        return [rows.c.number.between(self.first, self.last)]

    @property
    def of_batches(self) -> list[ColumnElement[bool]]:
        """Conditions for the batches."""
        if self.first is None or self.last is None:
            return []
        first_row = select(func.min(rows.c.number)).where(rows.c.batch == batches.c.id).scalar_subquery()
        return [first_row.between(self.first, self.last)]


ALL_ROWS: RowRange = RowRange()
