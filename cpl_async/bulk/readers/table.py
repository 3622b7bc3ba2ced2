"""A heading and the rows below it, for any kind of file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, field, frozen

from ..._nearest import nearest
from ...messages import message
from ..parsing.column_mapping import STANDS_FOR, FileSchema, ItemLines, ShopMapping
from ..parsing.columns import COLUMNS, REQUIRED
from ..parsing.text import fold
from .bounded_lines import MAX_COLUMNS
from .formula_escape import original
from .header import columns_of, reject_duplicate_columns, schema_of
from .profile import profile_named, profile_of
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions

__all__ = ["MAX_ROWS_ABOVE", "Cells", "TableRows", "heading_among", "is_heading", "table_below"]

MAX_SHOWN_LENGTH = 1000
LONGEST_EXAMPLE = 200
"""Characters of a heading that a message repeats as a whole."""
MAX_ROWS_ABOVE = 20
"""Rows among which the heading is looked for."""
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
    notes: tuple[str, ...] = ()
    """Remarks about the file that a person should see."""

    def rows(self, lines: Iterable[Cells], between: str) -> Iterator[RawRow]:
        """Yield the rows below the heading.

        :param between: Separator of the fields of a row in messages.
        """
        columns, terms, width = self.columns, self.terms, len(self.columns)
        names = terms.names
        replaced = {
            column: texts
            for heading, column in zip(self.headings, columns, strict=True)
            if (texts := names.values.get(fold(heading)))
        }
        number = 0
        for line, fields in lines:
            if not (fields and fields[0].strip()) and not any(map(str.strip, fields)):
                continue
            if names.footer and len(fields) != width and any(text in between.join(fields) for text in names.footer):
                continue
            number += 1
            if len(fields) == width:
                values = {
                    column: text if text[:1] != "'" else original(text)
                    for column, text in zip(columns, map(str.strip, fields), strict=True)
                }
                for column, texts in replaced.items():
                    values[column] = texts.get(values[column], values[column])
                if names.items is not None:
                    _read_item_line(values, names.items)
                yield RawRow(number=number, line=line, values=values, terms=terms)
            else:
                row = between.join(fields)[:MAX_SHOWN_LENGTH]
                problem = message("row.field_count", fields=len(fields), headings=width, row=row)
                yield RawRow(number=number, line=line, problem=problem, terms=terms)


def _read_item_line(values: dict[str, str], items: ItemLines) -> None:
    """Read the carrier or the payment of an order from its line."""
    code = values.get(items.code, "")
    if code.startswith((items.carrier, items.payment)):
        column = "carrier" if code.startswith(items.carrier) else "payment"
        values[column], values[items.name] = values.get(items.name, ""), ""


def is_heading(fields: Sequence[str], options: ReadingOptions) -> bool:
    """Return whether fields are the heading of a file of shipments: no required column is missing."""
    if len(fields) > MAX_COLUMNS:
        return False
    headings = [original(name.strip()) for name in fields]
    if profile_of(headings, "") is not None:
        return True
    return not _missing(columns_of(headings, options.names), options.names)


def heading_among(rows: Sequence[Sequence[str]], options: ReadingOptions) -> int:
    """Return the index of the heading among the first rows: the first one that is certain, or the first one."""
    if options.names.heading_row is not None:
        return min(options.names.heading_row, len(rows)) - 1
    return next((index for index, fields in enumerate(rows) if is_heading(fields, options)), 0)


def _missing(columns: Sequence[str], names: ShopMapping) -> list[str]:
    return [
        column
        for column in REQUIRED
        if column not in names.defaults
        and not (column == "country" and names.derives_country)
        and not any(name in columns for name in (column, *STANDS_FOR.get(column, ())))
    ]


def table_below(heading: Sequence[str], options: ReadingOptions, shown: str, above: int = 0) -> TableRows:
    """Return the table below a heading.

    :param shown: Name of the file in messages.
    :param above: Number of rows above the heading. Default: 0.
    :raises InputError: A required column is missing, or a column is duplicate.
    """
    if len(heading) > MAX_COLUMNS:
        raise InputError(f"{shown} has {len(heading):,} columns, at most {MAX_COLUMNS:,} are read: remove the others")
    headings = [original(name.strip()) for name in heading]
    profile = profile_named(options.layout) if options.layout is not None else profile_of(headings, shown)
    notes = []
    if profile is not None:
        options = evolve(options, names=options.names.over(profile.mapping))
        notes.append(f"read as {profile.title}")
    if above:
        notes.append(f"rows above the heading that are not read: {above}")
    columns = columns_of(headings, options.names)
    missing = _missing(columns, options.names)
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        free = [name for name, column in zip(headings, columns, strict=True) if column not in COLUMNS]
        found = ", ".join(name[:30] for name in headings[:30])
        raise InputError(
            f"{shown} lacks the {noun} {', '.join(missing)}; its heading is: {found}; name the columns so, or say "
            f"with --map which they are{_example(missing, free)}" + _words_of_absent(headings, options.names)
        )
    reject_duplicate_columns(headings, columns, shown)
    return TableRows(
        headings=headings,
        columns=columns,
        terms=schema_of(zip(columns, headings, strict=True), options.names),
        notes=tuple(notes),
    )


def _example(missing: Sequence[str], free: Sequence[str]) -> str:
    """Return lines of a mapping that can be pasted, with the headings as the file has them."""
    if list(missing) == ["country"]:
        return ', e.g. for a shop that ships within its country: [defaults] country = "CZ"'
    pairs = [(near, column) for column in missing if (near := nearest(column, free))]
    heading, column = pairs[0] if pairs else (free[0] if free else "", missing[0])
    if not heading or len(heading) > LONGEST_EXAMPLE:
        return ""
    return f', e.g. [columns] {json.dumps(heading, ensure_ascii=False)} = "{column}"'


def _words_of_absent(headings: Sequence[str], names: ShopMapping) -> str:
    """Return the message about headings in the shop's names that the file does not have."""
    present = set(map(fold, headings))
    words = ""
    for heading in names.headings:
        if fold(heading) not in present:
            near = nearest(heading, headings)
            words += f"; --map names {heading!r}, which is not there" + (f": did you mean {near!r}?" if near else "")
    return words
