"""The source of rows: a file that is read row by row, without holding it in memory."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from ..parsing.column_mapping import FileSchema
from .column_judgement import SAMPLE_ROWS, judged
from .csv_reader import DelimitedFile
from .jsonl_reader import JsonLines
from .line_grouping import grouped_orders
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions

__all__ = ["InputError", "RawRow", "ReadingOptions", "Source"]

BLOCK = 1024 * 1024
JSON_LINES = (".jsonl", ".ndjson")
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
OTHER_KINDS = {
    b"\xd0\xcf\x11\xe0": "a workbook of an old Excel or one with a password: save it as .xlsx without a password",
    b"%PDF": "a PDF: export the shipments as CSV or .xlsx",
    b"\x1f\x8b": "packed with gzip: unpack it first",
    b"7z\xbc\xaf": "an archive (7-Zip): unpack it first",
    b"Rar!": "an archive (RAR): unpack it first",
    b"BZh": "packed with bzip2: unpack it first",
    b"\xfd7zXZ": "packed with xz: unpack it first",
}


XML = re.compile(rb"<\?xml|<(?!!|html|table|\w+:)[A-Za-z_][\w.-]*\s*>", re.IGNORECASE)
OTHER_TEXTS = {
    rb"<": "a web page or XML of another program: open it in a spreadsheet and save it as .xlsx",
    rb"\{\\rtf": "a text document (RTF): save the shipments as CSV or .xlsx",
}
"""Beginning of a text → what it is instead."""


class _Reader(Protocol):
    def rows(self) -> Iterator[RawRow]: ...


class Source:
    """A file of shipments: CSV with a heading, JSON Lines, an Excel workbook, or Parquet, recognized by its content."""

    def __init__(self, path: Path, options: ReadingOptions | None = None) -> None:
        """Open the file.

        :param options: Options for reading it. Default: recognized from the file.
        :raises InputError: It is missing, a folder, empty, or cannot be read.
        :raises ConfigurationError: The package that reads its kind is not installed.
        """
        self.path = path
        self.options: ReadingOptions = options or ReadingOptions()
        self._shown = self.options.shown or str(path)
        self.is_json: bool = False
        self.columns: list[str] = []
        """Column names of the file; empty for JSON Lines, whose rows name them."""
        self.terms: FileSchema = FileSchema(names=self.options.names)
        """The meaning of its headings."""
        self.notes: list[str] = []
        """Remarks about the columns that a person should see."""
        start = self._start()
        try:
            self._reader = self._reader_of(start)
            self._judge_columns()
        except OSError as error:
            raise self._unreadable(error) from None

    def digest(self) -> str:
        """Return the digest of the content, independent of the path; other reading options give another digest."""
        whole = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                whole.update(block)
        whole.update(self.options.mark)
        return whole.hexdigest()

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows, with the lines of one order merged to one row.

        :raises InputError: The content does not match its format.
        """
        try:
            yield from grouped_orders(self._reader.rows())
        except OSError as error:
            raise self._unreadable(error) from None

    def _start(self) -> bytes:
        try:
            if self.path.is_dir():
                raise InputError(f"{self._shown} is a folder, not a file of shipments")
            with self.path.open("rb") as file:
                if not self.path.is_file():
                    raise InputError(
                        f"{self._shown} is no regular file and cannot be read twice: write it to a file first, or give "
                        "it to standard input with - as INPUT"
                    )
                return file.read(BLOCK)
        except OSError as error:
            raise self._unreadable(error) from None

    def _reader_of(self, start: bytes) -> _Reader:
        text = _without_mark(start)
        if not text.strip(b" \t\r\n\0"):
            raise InputError(f"{self._shown} is empty")
        for mark, kind in OTHER_KINDS.items():
            if start.startswith(mark):
                raise InputError(f"{self._shown} is {kind}")
        if start.startswith(b"PK\x03\x04"):
            return self._workbook()
        if start.startswith(b"PAR1"):
            return self._parquet()
        if self.options.sheet is not None:
            raise InputError(f"--sheet goes with a workbook of Excel, which {self._shown} is not")
        first = text.lstrip(b" \t\r\n\0")[:1]
        if XML.match(text.lstrip(b" \t\r\n")) is not None:
            return self._xml()
        for pattern, kind in OTHER_TEXTS.items():
            if re.match(pattern, text.lstrip(b" \t\r\n"), re.IGNORECASE):
                raise InputError(f"{self._shown} is {kind}")
        self.is_json = first in (b"{", b"[") or self.path.suffix.lower() in JSON_LINES
        return self._json_lines() if self.is_json else self._delimited()

    def _judge_columns(self) -> None:
        reader: Any = self._reader
        if self.is_json:
            return
        try:
            reader.table, notes = judged(reader.table, islice(reader.rows(), SAMPLE_ROWS))
        except InputError:
            return  # it is raised again, with the rows before it
        self.notes += [*reader.table.notes, *notes]
        self.terms = reader.table.terms

    def _json_lines(self) -> _Reader:
        if self.options.delimiter is not None:
            raise InputError(f"--delimiter goes with CSV, and {self._shown} is JSON Lines")
        return JsonLines(self.path, self.options, self._shown)

    def _xml(self) -> _Reader:
        self._refuse_options_of_text("XML")
        from .xml_reader import XmlFile

        reader = XmlFile(self.path, self.options, self._shown)
        self.columns, self.terms = reader.table.headings, reader.table.terms
        return reader

    def _delimited(self) -> _Reader:
        reader = DelimitedFile(self.path, self.options, self._shown)
        self.columns, self.terms = reader.table.headings, reader.table.terms
        return reader

    def _workbook(self) -> _Reader:
        self._refuse_options_of_text("a workbook of Excel")
        try:
            with zipfile.ZipFile(self.path) as packed:
                inside = packed.namelist()
        except (zipfile.BadZipFile, OSError):
            inside = []
        if not any(name.endswith("workbook.xml") for name in inside):
            raise InputError(
                f"{self._shown} is a packed file but no workbook of Excel: save it as .xlsx, or as CSV in UTF-8"
            )
        from .workbook_reader import WorkbookFile

        reader = WorkbookFile(self.path, self.options, self._shown)
        self.columns, self.terms = reader.table.headings, reader.table.terms
        return reader

    def _parquet(self) -> _Reader:
        self._refuse_options_of_text("Parquet")
        if self.options.sheet is not None:
            raise InputError(f"--sheet goes with a workbook of Excel, and {self._shown} is Parquet")
        from .parquet_reader import ParquetFile

        reader = ParquetFile(self.path, self.options, self._shown)
        self.columns, self.terms = reader.table.headings, reader.table.terms
        return reader

    def _refuse_options_of_text(self, kind: str) -> None:
        if self.options.encoding is not None or self.options.delimiter is not None:
            raise InputError(f"--encoding and --delimiter go with text, and {self._shown} is {kind}")

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(f"{self._shown} cannot be read: {error.strerror or error}")


def _without_mark(start: bytes) -> bytes:
    for mark in MARKS:
        if start.startswith(mark):
            return start[len(mark) :]
    return start
