"""One row as it came from a file, and the failure of a file that cannot be read."""

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
    """One row as it came."""

    number: int
    """1 for the first row of data."""
    line: int
    """Its last line in the file, from 1; of an order over several, that of its first; 0 where there are none."""
    values: dict[str, str] = field(factory=dict, repr=False)
    """Column → text; a column that we do not know has the name that the file gives it."""
    problem: Message | None = None
    """Why the row cannot be used at all."""
    terms: FileSchema = field(default=PLAIN, repr=False)
    """What the names and words of the file mean."""
    more: int = 0
    """Lines after it that hold further items of the same order."""

    @property
    def as_written(self) -> dict[str, str]:
        """Text by the name that the file gives the column."""
        headings = self.terms.headings
        if not headings:
            return self.values
        return {headings.get(column, column): value for column, value in self.values.items()}
