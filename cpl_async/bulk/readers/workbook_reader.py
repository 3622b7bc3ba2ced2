"""The reader of a sheet of an Excel workbook (.xlsx), row by row, with its cells as they are displayed."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from attrs import evolve

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
DECIMALS = re.compile(r"[#0?,\s]*[0#?](?:\.([0#?]+))?\s*")
"""A number format without exponent, percent or date: ``# ##0.00``."""
LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.|Kč|€|[$£]|zł|Ft')
"""Parts of a number format that only stand beside the number."""
BLOCK = 1024 * 1024
LONGEST_TAG = 4096
FORMULA_ELEMENT = re.compile(rb"<(?:\w+:)?f[\s>/]")
HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*hidden="(?:1|true)"[^>]*>')
ROW_NUMBER = re.compile(rb'\sr="([0-9]+)"')
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
        self._others: list[str] = []
        """Titles of the sheets with content that are not read."""
        with self._path.open("rb") as file, closing(self._opened(file)) as book:
            self._chosen = self._sheet or self._visible_sheet(book)
            """Title of the sheet that is read."""
            self._hidden, self._has_formulas = self._scanned(book)
        with closing(self._lines()) as lines:
            first = [cells for _, cells in islice(lines, MAX_ROWS_ABOVE)]
        if not first:
            raise InputError(f"{self._where} is empty")
        self._above = heading_among(first, options)
        heading = first[self._above]
        self._width = len(heading)
        self.table: TableRows = table_below(heading, options, self._where, self._above)
        self.table = evolve(self.table, notes=(*self.table.notes, *self._remarks()))

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
        """Yield the visible rows that have content, without empty cells at their end."""
        with ExitStack() as stack:
            rows = self._rows_of(stack, with_formulas=False)
            formulas = self._rows_of(stack, with_formulas=True) if self._has_formulas else None
            for line, cells in enumerate(rows, 1):
                texts = [_text(cell.value, cell) for cell in cells]
                if formulas is not None:
                    # a program that saves a formula without its result has not calculated the amount
                    for index, cell in enumerate(next(formulas, ())):
                        if isinstance(cell.value, str) and cell.value.startswith("=") and not texts[index]:
                            texts[index] = f"={cell.value[1:] or 'formula'}"
                while texts and not texts[-1]:
                    texts.pop()
                if texts and line not in self._hidden:
                    yield line, texts

    def _rows_of(self, stack: ExitStack, *, with_formulas: bool) -> Iterator[Any]:
        file = stack.enter_context(self._path.open("rb"))
        book = stack.enter_context(closing(self._opened(file, with_formulas=with_formulas)))
        sheet = self._found(book)
        sheet.reset_dimensions()  # dimensions that other programs write are not always correct
        return cast("Iterator[Any]", sheet.iter_rows())

    def _visible_sheet(self, book: Workbook) -> str:
        """Return the title of the sheet that a person sees: the active one, or the first visible one with content."""
        full = [sheet for sheet in book.worksheets if _has_content(sheet)]
        visible = [sheet for sheet in full if sheet.sheet_state == "visible"]
        if not visible:
            raise InputError(f"{self._shown} is empty")
        chosen = book.active if book.active in visible else visible[0]
        self._others = [sheet.title for sheet in full if sheet is not chosen]
        return str(chosen.title)

    def _scanned(self, book: Workbook) -> tuple[frozenset[int], bool]:
        """Return the hidden rows of the sheet, and whether it has formulas."""
        hidden: set[int] = set()
        has_formulas = False
        with self._found(book)._get_source() as source:
            tail = b""
            while block := source.read(BLOCK):
                text = tail + block
                has_formulas = has_formulas or FORMULA_ELEMENT.search(text) is not None
                hidden.update(int(number) for row in HIDDEN_ROW.findall(text) for number in ROW_NUMBER.findall(row))
                tail = text[-LONGEST_TAG:]
        return frozenset(hidden), has_formulas

    def _remarks(self) -> list[str]:
        remarks = [f"hidden rows that are not read: {len(self._hidden)}"] if self._hidden else []
        if self._others:
            names = ", ".join(self._others[:10])
            remarks.append(f"the sheet {self._chosen!r} is read; others, chosen by --sheet, are not: {names}")
        return remarks

    def _opened(self, file: IO[bytes], *, with_formulas: bool = False) -> Workbook:
        with needing_extra("excel"):
            from openpyxl import load_workbook
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and the like, which are not read
                return load_workbook(file, read_only=True, data_only=not with_formulas)
        except (KeyError, ValueError, zipfile.BadZipFile, OSError) as error:
            raise InputError(f"{self._shown} cannot be read as a workbook of Excel: {error}") from None

    def _found(self, book: Workbook) -> Any:
        names = [sheet.title for sheet in book.worksheets]
        if not names:
            raise InputError(f"{self._shown} has no sheet with cells")
        if self._chosen not in names:
            near = nearest(self._chosen, names)
            hint = f"did you mean {near}?" if near else f"its sheets are {', '.join(names[:20])}"
            raise InputError(f"{self._shown} has no sheet {self._chosen}; {hint}")
        return book[self._chosen]


def _has_content(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in islice(sheet.iter_rows(), MAX_ROWS_ABOVE) for cell in row)


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
        places = _places(shape)
        if places is not None:
            return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
        return f"{value:.15f}".rstrip("0") if abs(value) < 1e-4 else f"{value:.15g}"
    digits = str(int(value))
    return digits.zfill(shape.count("0")) if ZEROS.fullmatch(shape) else digits


def _places(shape: str) -> int | None:
    """Return the decimal places that a number format shows, or ``None`` if it does not round."""
    found = DECIMALS.fullmatch(LITERAL.sub("", shape.split(";")[0]).strip())
    return len(found[1] or "") if found is not None else None
