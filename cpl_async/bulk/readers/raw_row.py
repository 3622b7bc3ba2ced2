"""A row as it was read from a file, and the error for a file that cannot be read."""

from __future__ import annotations

from attrs import field, frozen

from ...errors import ConfigurationError
from ...messages import Message
from ..parsing.column_mapping import PLAIN, FileSchema

__all__ = ["InputError", "RawRow"]


class InputError(ConfigurationError):
    """The input cannot be read; nothing was sent."""


@frozen(kw_only=True)
class RawRow:
    """A row as it was read."""

    number: int
    """Number of the row, 1 for the first row of data."""
    line: int
    """Its last line in the file, from 1; for an order over several lines, the last line of its first row; 0 without
    lines."""
    values: dict[str, str] = field(factory=dict, repr=False)
    """Column → text; an unknown column has its name in the file."""
    problem: Message | None = None
    """Why the row cannot be used at all, or ``None`` if it can."""
    terms: FileSchema = field(default=PLAIN, repr=False)
    """The meaning of the names and texts of the file."""
    more: int = 0
    """Number of lines after it that hold further items of the same order."""

    further: tuple[tuple[str, str], ...] = ()
    """Heading and text of the cells in those lines that are not read and differ from the first line."""

    @property
    def as_written(self) -> dict[str, str]:
        """Text by the column's name in the file."""
        headings = self.terms.headings
        if not headings:
            return self.values
        return {headings.get(column, column): value for column, value in self.values.items()}
