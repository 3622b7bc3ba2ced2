"""The reader of XML with one element for each shipment and one element in it for each column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from .bounded_lines import MAX_COLUMNS
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions
from .table import Cells, TableRows, table_below

__all__ = ["XmlFile"]

BLOCK = 64 * 1024
MAX_TEXT_LENGTH = 100_000
"""Characters of one element."""
SAMPLE_RECORDS = 100
"""Records whose elements are the columns: an empty element may be left out."""
Record = tuple[int, dict[str, str]]


class XmlFile:
    """An XML file such as that of Klient PPL: ``<data><dataitem><RecCompany>…</RecCompany>…</dataitem>…</data>``."""

    def __init__(self, path: Path, options: ReadingOptions, shown: str) -> None:
        """Read the first records, whose elements are the columns.

        :raises InputError: It cannot be read, or its elements are no columns of shipments.
        """
        self._path, self._shown = path, shown
        headings: dict[str, None] = {}
        for _, record in islice(self._records(), SAMPLE_RECORDS):
            headings.update(dict.fromkeys(record))
        if not headings:
            raise InputError(f"{shown} holds no records: write CSV or .xlsx")
        self._headings = list(headings)
        self.table: TableRows = table_below(self._headings, options, shown)

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows.

        :raises InputError: It is not valid XML.
        """
        return self.table.rows(self._lines(), ";")

    def _lines(self) -> Iterator[Cells]:
        known = frozenset(self._headings)
        for line, record in self._records():
            if not known.issuperset(record):
                name = next(name for name in record if name not in known)
                raise InputError(
                    f"{self._shown} has the element <{name[:50]}> in line {line}, which the first {SAMPLE_RECORDS} "
                    "records do not have: write it empty in the first one"
                )
            yield line, [record.get(name, "") for name in self._headings]

    def _records(self) -> Iterator[Record]:
        with self._path.open("rb") as file:
            yield from _Parser(self._shown).records(file)


class _Parser:
    """Collects the elements of the third level by their parent of the second level."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._depth = 0
        self._record: dict[str, str] = {}
        self._content: list[str] = []
        self._length = 0
        self._ready: list[Record] = []

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """Yield line and texts of each record.

        :raises InputError: It is not valid XML, or not flat.
        """
        try:
            while block := file.read(BLOCK):
                self._parser.Parse(block, False)
                yield from self._ready
                self._ready.clear()
            self._parser.Parse(b"", True)
            yield from self._ready
        except expat.ExpatError as error:
            raise InputError(
                f"{self._shown} is not valid XML in line {error.lineno}: {expat.errors.messages[error.code]}"
            ) from None

    def _refuse_doctype(self, *_: object) -> None:
        raise InputError(f"{self._shown} has a document type with its own entities, which is not read: save it as CSV")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 3:
            raise InputError(
                f"{self._shown} has elements within <{name[:50]}>'s parent in line {self._parser.CurrentLineNumber}: "
                "a record holds one element for each column, and nothing in it"
            )
        self._content, self._length = [], 0
        if self._depth == 3 and name not in self._record and len(self._record) >= MAX_COLUMNS:
            raise InputError(f"{self._shown} has more than {MAX_COLUMNS} elements in a record")

    def _text(self, text: str) -> None:
        if self._depth == 3:
            self._length += len(text)
            if self._length > MAX_TEXT_LENGTH:
                raise InputError(
                    f"{self._shown} has a text of more than {MAX_TEXT_LENGTH} characters in line "
                    f"{self._parser.CurrentLineNumber}"
                )
            self._content.append(text)

    def _end(self, name: str) -> None:
        if self._depth == 3:
            if name in self._record:
                raise InputError(
                    f"{self._shown} has <{name[:50]}> twice in the record in line {self._parser.CurrentLineNumber}"
                )
            self._record[name] = "".join(self._content).strip()
        elif self._depth == 2:
            self._ready.append((self._parser.CurrentLineNumber, self._record))
            self._record = {}
        self._depth -= 1
