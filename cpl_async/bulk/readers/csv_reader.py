"""The reader of CSV with any delimiter, quoting and line ending."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from .bounded_lines import MAX_COLUMNS, bounded_lines
from .encoding import encoding_of
from .header import column_named
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions
from .table import MAX_ROWS_ABOVE, Cells, TableRows, heading_among, table_below

__all__ = ["DelimitedFile"]

DELIMITERS = ",;\t|"
MAX_HEADING_LINES = 50
"""Maximum number of lines of a heading with line breaks between its quotes."""
SEPARATOR_LINE = re.compile(r'"?sep=(.?)"?', re.IGNORECASE)


class DelimitedFile:
    """A CSV file with a heading."""

    def __init__(self, path: Path, options: ReadingOptions, shown: str) -> None:
        """Recognize the format and read the heading.

        :raises InputError: It cannot be read.
        """
        self._path, self._shown = path, shown
        self._encoding = options.encoding or encoding_of(path, shown)
        told = options.delimiter
        try:
            with path.open(encoding=self._encoding, newline="") as file:
                lines = bounded_lines(file, shown)
                start = list(islice((line for line in lines if line.strip()), MAX_HEADING_LINES))
        except UnicodeError as error:
            raise self.not_text(error) from None
        self._skipped = SEPARATOR_LINE.fullmatch(start[0].strip()) if start else None
        if self._skipped:  # Excel's own way to declare the delimiter of a file
            told = told or self._skipped[1]
            start = start[1:]
        self._quote = "'" if start and start[0].startswith("'") and start[0].rstrip().endswith("'") else '"'
        self._delimiter = told or max(DELIMITERS, key=lambda mark: self._known_in(start, mark))
        try:
            first = self._first_rows(start, self._delimiter)
        except csv.Error as error:
            raise InputError(f"the heading of {shown} is not readable as CSV: {error}") from None
        self._above = heading_among(first, options)
        self.table: TableRows = table_below(first[self._above], options, shown, self._above)

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows.

        :raises InputError: The file is not valid CSV.
        """
        return self.table.rows(self._lines(), self._delimiter)

    def not_text(self, error: UnicodeError) -> InputError:
        """Return the error about bytes that are not in the encoding."""
        reason = getattr(error, "reason", str(error))
        return InputError(
            f"{self._shown} is not text in {self._encoding.removesuffix('-sig').upper()} ({reason}): "
            "say its encoding with --encoding, or save it as CSV in UTF-8, as spreadsheets offer it"
        )

    def _first_rows(self, lines: list[str], delimiter: str) -> list[list[str]]:
        """Return the first rows with content; the last one may be cut off, so errors count in the first one only."""
        rows: list[list[str]] = []
        try:
            for fields in csv.reader(lines, delimiter=delimiter, quotechar=self._quote, strict=True):
                if any(map(str.strip, fields)):
                    rows.append(fields)
        except csv.Error:
            if not rows:
                raise
        return rows[:MAX_ROWS_ABOVE] or [[]]

    def _known_in(self, lines: list[str], delimiter: str) -> tuple[int, int]:
        """Return the number of known headings, then of all headings, that a delimiter gives in the best row."""
        try:
            rows = self._first_rows(lines, delimiter)
        except csv.Error:
            rows = [lines[0].split(delimiter) if lines else []]
        return max(
            (sum(column_named(name) is not None for name in names[:MAX_COLUMNS] if len(name) < 100), len(names))
            for names in rows
        )

    def _lines(self) -> Iterator[Cells]:
        before = self._above + (2 if self._skipped else 1)
        with self._path.open(encoding=self._encoding, newline="") as file:
            lines = bounded_lines(file, self._shown)
            reader = csv.reader(lines, delimiter=self._delimiter, quotechar=self._quote, strict=True)
            try:
                for fields in reader:
                    if before:
                        before -= any(map(str.strip, fields))
                    else:
                        yield reader.line_num, fields
            except csv.Error as error:
                raise InputError(
                    f"{self._shown} is not readable as CSV from line {reader.line_num} on or before it: {error}; "
                    "look for a quote that is not closed"
                ) from None
            except UnicodeError as error:
                raise self.not_text(error) from None
