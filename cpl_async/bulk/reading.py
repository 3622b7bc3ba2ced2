"""Reads rows from a file, one after the other, without holding the file in memory."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import field, frozen

from ..errors import ConfigurationError
from .columns import REQUIRED
from .formulas import original

__all__ = ["InputError", "RawRow", "Source"]

DELIMITERS = ",;\t"
LONGEST_FIELD = 100_000
LONGEST_SHOWN = 1000
SEPARATOR_LINE = re.compile(r'"?sep=.?"?', re.IGNORECASE)
OTHER_KINDS = {b"PK\x03\x04": "a workbook of Excel or the like", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
BLOCK = 1024 * 1024
JSON_LINES = (".jsonl", ".ndjson")


class InputError(ConfigurationError):
    """The input cannot be read; nothing was sent."""


@frozen(kw_only=True)
class RawRow:
    """One row as it came."""

    number: int
    """1 for the first row of data."""
    line: int
    """Its last line in the file, 1 for the first."""
    values: dict[str, str] = field(factory=dict, repr=False)
    """Column → text."""
    problem: str | None = None
    """Why the row cannot be used at all."""


class Source:
    """A file of shipments: CSV with a heading, or JSON Lines (by the ending ``.jsonl`` or ``.ndjson``)."""

    def __init__(self, path: Path) -> None:
        """Take the file.

        :raises InputError: when it is missing, a folder, empty, or cannot be read.
        """
        self.path = path
        try:
            if path.is_dir():
                raise InputError(f"{path} is a folder, not a file of shipments")
            with path.open("rb") as file:
                if not path.is_file():
                    raise InputError(f"{path} is no regular file and cannot be read twice: write it to a file first")
                start = file.read(BLOCK)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
        if not start.strip(b"\xef\xbb\xbf \t\r\n"):
            raise InputError(f"{path} is empty")
        for mark, kind in OTHER_KINDS.items():
            if start.startswith(mark):
                raise InputError(f"{path} is not text in UTF-8 but {kind}: save it as CSV in UTF-8")
        if b"\0" in start:
            raise InputError(f"{path} is not text: it holds zero bytes")
        first = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if first == b"[":
            raise InputError(f"{path} holds a JSON array: write one object a line, without commas between them")
        self.is_json = first == b"{" or path.suffix.lower() in JSON_LINES
        self.columns = self._heading()

    def digest(self) -> str:
        """Return what the content is known by, wherever the file lies."""
        whole = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                whole.update(block)
        return whole.hexdigest()

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows.

        :raises InputError: where the file stops being what it claims to be.
        """
        try:
            yield from self._json_rows() if self.is_json else self._csv_rows()
        except UnicodeDecodeError as error:
            raise self._not_text(error) from None
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror or error}") from None

    def _heading(self) -> list[str]:
        if self.is_json:
            return []
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                first = next((line for line in file if line.strip()), "")
                self._skipped = bool(SEPARATOR_LINE.fullmatch(first.strip()))
                if self._skipped:  # Excel's own way to say which separator a file has
                    first = next((line for line in file if line.strip()), "")
        except UnicodeDecodeError as error:
            raise self._not_text(error) from None
        self._delimiter = max(DELIMITERS, key=first.count)
        try:
            names = next(csv.reader([first], delimiter=self._delimiter, strict=True), [])
        except csv.Error as error:
            raise InputError(f"the heading of {self.path} is not readable as CSV: {error}") from None
        columns = [name.strip().lower() for name in names]
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            noun = "column" if len(missing) == 1 else "columns"
            found = ", ".join(name[:30] for name in columns[:30])
            raise InputError(f"{self.path} lacks the {noun} {', '.join(missing)}; its heading is: {found}")
        twice = sorted({name for name in columns if name and columns.count(name) > 1})
        if twice:
            raise InputError(f"{self.path} has the column {', '.join(twice)} twice")
        return columns

    def _not_text(self, error: UnicodeDecodeError) -> InputError:
        return InputError(
            f"{self.path} is not text in UTF-8 ({error.reason}): save it as CSV in UTF-8, as spreadsheets offer it"
        )

    def _csv_rows(self) -> Iterator[RawRow]:
        csv.field_size_limit(LONGEST_FIELD)
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            try:
                filled = ((reader.line_num, row) for row in reader if any(field.strip() for field in row))
                if self._skipped:
                    next(filled, None)
                _, heading = next(filled, (0, []))
                for number, (line, fields) in enumerate(filled, 1):
                    yield self._row(number, line, fields, len(heading))
            except csv.Error as error:
                raise InputError(
                    f"{self.path} is not readable as CSV from line {reader.line_num} on or before it: {error}; "
                    "look for a quote that is not closed"
                ) from None

    def _row(self, number: int, line: int, fields: list[str], width: int) -> RawRow:
        if any("\0" in field for field in fields):
            raise InputError(f"{self.path} is not text: line {line} holds a zero byte")
        if len(fields) == width:
            values = {name: original(field.strip()) for name, field in zip(self.columns, fields, strict=True)}
            return RawRow(number=number, line=line, values=values)
        problem = (
            f"has {len(fields)} fields, the heading has {width}: look for a missing quote or separator; "
            f"the row is: {self._delimiter.join(fields)[:LONGEST_SHOWN]}"
        )
        return RawRow(number=number, line=line, problem=problem)

    def _json_rows(self) -> Iterator[RawRow]:
        number = 0
        with self.path.open(encoding="utf-8-sig") as file:
            for line_number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                number += 1
                values, problem = _object_in(line)
                yield RawRow(number=number, line=line_number, values=values, problem=problem)


def _object_in(line: str) -> tuple[dict[str, str], str | None]:
    """Return the fields of one JSON object, numbers as they were written, or why there are none."""
    shown = f"; the line is: {line.strip()[:LONGEST_SHOWN]}"
    try:
        data = json.loads(line, parse_float=str, parse_int=str)
    except (json.JSONDecodeError, RecursionError) as error:
        return {}, f"is not JSON: {getattr(error, 'msg', 'too deeply nested')}{shown}"
    if not isinstance(data, dict):
        return {}, f"is no JSON object{shown}"
    odd = [name for name, value in data.items() if isinstance(value, (dict, list, bool))]
    values = {_whole_text(str(name)).strip().lower(): _plain(value) for name, value in data.items()}
    if odd:
        return values, f"has fields that are neither text nor number: {_whole_text(', '.join(odd[:5]))}"
    if "\ufffd" in "".join(values.values()):
        return values, f"holds half a character (a lone surrogate){shown}"
    return values, None


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return _whole_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _whole_text(text: str) -> str:
    """Return the text with halves of characters, which no file can hold, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
