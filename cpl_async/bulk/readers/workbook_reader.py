"""The reader of a sheet of an Excel workbook (.xlsx), row by row, with its cells as they are displayed."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..._nearest import nearest
from .extras import needing_extra
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions
from .table import MAX_ROWS_ABOVE, Cells, TableRows, heading_among, table_below

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

__all__ = ["WorkbookFile"]

ZEROS = re.compile(r"0+(?:(?:\\ | |-|\\-|\"[ -]\")0+)*")
"""A format such as ``00000`` or ``000 00``, in which postcodes keep their zeros."""
CERTAIN = 10**15
"""The number from which a spreadsheet has rounded the last digits away."""


class WorkbookFile:
    """A sheet of a workbook, with a heading."""

    def __init__(self, path: Path, options: ReadingOptions, shown: str) -> None:
        """Find the sheet and read its heading.

        :raises InputError: It cannot be read.
        :raises ConfigurationError: The package that reads workbooks is not installed.
        """
        self._path, self._shown = path, shown
        self._sheet = options.sheet
        with closing(self._lines()) as lines:
            first = [cells for _, cells in islice(lines, MAX_ROWS_ABOVE)]
        if not first:
            raise InputError(f"{self._where} is empty")
        self._above = heading_among(first, options)
        heading = first[self._above]
        self._width = len(heading)
        self.table: TableRows = table_below(heading, options, self._where, self._above)

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows."""
        lines = self._lines()
        next(islice(lines, self._above, None), None)
        return self.table.rows(self._as_wide(lines), ";")

    @property
    def _where(self) -> str:
        return f"the sheet {self._sheet} of {self._shown}" if self._sheet else self._shown

    def _as_wide(self, lines: Iterator[Cells]) -> Iterator[Cells]:
        for line, cells in lines:
            yield line, cells + [""] * (self._width - len(cells))

    def _lines(self) -> Generator[Cells]:
        """Yield the rows that have content, without empty cells at their end."""
        with self._path.open("rb") as file, closing(self._opened(file)) as book:
            sheet = self._found(book)
            sheet.reset_dimensions()  # dimensions that other programs write are not always correct
            for line, cells in enumerate(sheet.iter_rows(), 1):
                texts = [_text(cell.value, cell) for cell in cells]
                while texts and not texts[-1]:
                    texts.pop()
                if texts:
                    yield line, texts

    def _opened(self, file: IO[bytes]) -> Workbook:
        with needing_extra("excel"):
            from openpyxl import load_workbook
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and the like, which are not read
                return load_workbook(file, read_only=True, data_only=True)
        except (KeyError, ValueError, zipfile.BadZipFile, OSError) as error:
            raise InputError(f"{self._shown} cannot be read as a workbook of Excel: {error}") from None

    def _found(self, book: Workbook) -> Any:
        names = [sheet.title for sheet in book.worksheets]
        if not names:
            raise InputError(f"{self._shown} has no sheet with cells")
        if self._sheet is None:
            return book.worksheets[0]
        if self._sheet not in names:
            near = nearest(self._sheet, names)
            hint = f"did you mean {near}?" if near else f"its sheets are {', '.join(names[:20])}"
            raise InputError(f"{self._shown} has no sheet {self._sheet}; {hint}")
        return book[self._sheet]


def _text(value: Any, cell: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _digits(value, cell.number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _digits(value: float, shape: str) -> str:
    if abs(value) >= CERTAIN:
        return f"{value:.14E}"
    if value != int(value):
        return f"{value:.15f}".rstrip("0") if abs(value) < 1e-4 else f"{value:.15g}"
    digits = str(int(value))
    return digits.zfill(shape.count("0")) if ZEROS.fullmatch(shape) else digits
