"""A heading and the rows below it, for any kind of file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import field, frozen

from ..._nearest import nearest
from ...messages import message
from ..parsing.column_mapping import STANDS_FOR, FileSchema, ShopMapping
from ..parsing.columns import COLUMNS, REQUIRED
from ..parsing.text import fold
from .formula_escape import original
from .header import columns_of, reject_duplicate_columns, schema_of
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions

__all__ = ["Cells", "TableRows", "table_below"]

MAX_SHOWN_LENGTH = 1000
Cells = tuple[int, list[str]]
"""A row's last line and its texts."""


@frozen(kw_only=True)
class TableRows:
    """The headings of a file and their columns."""

    headings: list[str]
    """Column names of the file."""
    columns: list[str]
    """Columns of this library, or the heading itself if it is unknown."""
    terms: FileSchema = field(repr=False)

    def rows(self, lines: Iterable[Cells], between: str) -> Iterator[RawRow]:
        """Yield the rows below the heading.

        :param between: Separator of the fields of a row in messages.
        """
        columns, terms, width = self.columns, self.terms, len(self.columns)
        number = 0
        for line, fields in lines:
            if not (fields and fields[0].strip()) and not any(map(str.strip, fields)):
                continue
            number += 1
            if len(fields) == width:
                values = {
                    column: text if text[:1] != "'" else original(text)
                    for column, text in zip(columns, map(str.strip, fields), strict=True)
                }
                yield RawRow(number=number, line=line, values=values, terms=terms)
            else:
                row = between.join(fields)[:MAX_SHOWN_LENGTH]
                problem = message("row.field_count", fields=len(fields), headings=width, row=row)
                yield RawRow(number=number, line=line, problem=problem, terms=terms)


def table_below(heading: Sequence[str], options: ReadingOptions, shown: str) -> TableRows:
    """Return the table below a heading.

    :param shown: Name of the file in messages.
    :raises InputError: A required column is missing, or a column is duplicate.
    """
    headings = [original(name.strip()) for name in heading]
    columns = columns_of(headings, options.names)
    missing = [
        column
        for column in REQUIRED
        if column not in options.names.defaults
        and not any(name in columns for name in (column, *STANDS_FOR.get(column, ())))
    ]
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        free = [name for name, column in zip(headings, columns, strict=True) if column not in COLUMNS]
        pairs = [(near, column) for column in missing if (near := nearest(column, free))]
        heading, column = pairs[0] if pairs else (free[0] if free else "your heading", missing[0])
        found = ", ".join(name[:30] for name in headings[:30])
        raise InputError(
            f"{shown} lacks the {noun} {', '.join(missing)}; its heading is: {found}; name the columns so, or say "
            f'with --map which they are, e.g. [columns] "{heading[:30]}" = "{column}"'
            + _words_of_absent(headings, options.names)
        )
    reject_duplicate_columns(headings, columns, shown)
    return TableRows(
        headings=headings, columns=columns, terms=schema_of(zip(columns, headings, strict=True), options.names)
    )


def _words_of_absent(headings: Sequence[str], names: ShopMapping) -> str:
    """Return the message about headings in the shop's names that the file does not have."""
    present = set(map(fold, headings))
    words = ""
    for heading in names.headings:
        if fold(heading) not in present:
            near = nearest(heading, headings)
            words += f"; --map names {heading!r}, which is not there" + (f": did you mean {near!r}?" if near else "")
    return words
