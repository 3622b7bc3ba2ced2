"""The reader of JSON Lines: one object per line, with columns as field names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...messages import Message, message
from ..parsing.column_mapping import FileSchema, ShopMapping
from .bounded_lines import bounded_lines
from .encoding import encoding_of
from .header import columns_of, schema_of
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions

__all__ = ["JsonLines", "Keys", "as_text"]

MAX_SHOWN_LENGTH = 1000
MAX_DOCUMENT_BYTES = 20_000_000
"""Bytes of a document in one piece, which is read as a whole."""
MAX_KEY_SETS = 1000
"""Different sets of keys whose columns are kept."""


class JsonLines:
    """A file with one JSON object per line."""

    def __init__(self, path: Path, options: ReadingOptions, shown: str) -> None:
        """Recognize the encoding.

        :raises InputError: It is not text.
        """
        self._path, self._shown, self._names = path, shown, options.names
        self._encoding = options.encoding or encoding_of(path, shown)

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows; a line that is not an object gives a row with a problem.

        :raises InputError: The file is not text.
        """
        keys = Keys(self._names)
        try:
            for number, (line_number, fields, problem) in enumerate(self._objects(), 1):
                values, twins = keys.named(fields)
                yield RawRow(number=number, line=line_number, values=values, problem=problem or twins, terms=keys.terms)
        except UnicodeError as error:
            reason = getattr(error, "reason", str(error))
            raise InputError(
                f"{self._shown} is not text in {self._encoding.removesuffix('-sig').upper()} ({reason}): "
                "say its encoding with --encoding"
            ) from None

    def _objects(self) -> Iterator[tuple[int, dict[str, str], Message | None]]:
        """Yield line, fields and problem of each object."""
        with self._path.open(encoding=self._encoding) as file:
            lines = enumerate(bounded_lines(file, self._shown), 1)
            first = next(((number, line) for number, line in lines if line.strip()), None)
            records = self._records_of_document() if first is not None and _begins_document(first[1]) else None
            if records is not None:
                yield from ((0, *_fields_of(data)) for data in records)
                return
            for number, line in (first, *lines) if first is not None else ():
                if line.strip():
                    yield number, *_object_in(line)

    def _records_of_document(self) -> list[Any] | None:
        """Return the records of a document in one piece: a list, or an object with one list in it.

        ``None`` if it is no such document: its lines are then read one by one.
        """
        if self._path.stat().st_size > MAX_DOCUMENT_BYTES:
            limit = MAX_DOCUMENT_BYTES // 10**6
            raise InputError(f"{self._shown} is JSON in one piece of more than {limit} MB: write one object a line")
        try:
            data = json.loads(self._path.read_text(encoding=self._encoding), parse_float=str, parse_int=str)
        except (json.JSONDecodeError, RecursionError):
            return None
        lists = [data] if isinstance(data, list) else [value for value in data.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise InputError(
                f"{self._shown} is JSON with {len(lists)} lists: it must be a list of shipments, or have one"
            )
        return list(lists[0])


class Keys:
    """The columns of the keys found so far; the first key of a column is its name."""

    def __init__(self, names: ShopMapping) -> None:
        self._names = names
        self._columns: dict[tuple[str, ...], list[str]] = {}
        """Keys of a row → their columns."""
        self._pairs: dict[str, str] = {}
        self.terms: FileSchema = schema_of({}, names)

    def named(self, fields: dict[str, str]) -> tuple[dict[str, str], Message | None]:
        """Return the fields by their columns, and a problem if two of them mean the same."""
        keys = tuple(fields)
        columns = self._columns.get(keys)
        if columns is None:
            columns = self._learn(keys)
        values: dict[str, str] = {}
        twins = None
        for key, column, value in zip(keys, columns, fields.values(), strict=True):
            if values.get(column):
                if value:
                    twins = message("row.two_fields", column=column, key=key)
                continue
            values[column] = value
        return values, twins

    def _learn(self, keys: tuple[str, ...]) -> list[str]:
        columns = columns_of(keys, self._names)
        if len(self._columns) < MAX_KEY_SETS:
            self._columns[keys] = columns
        new = {column: key for key, column in zip(keys, columns, strict=True) if column not in self._pairs}
        if new:
            self._pairs |= new
            self.terms = schema_of(self._pairs, self._names)
        return columns


def _object_in(line: str) -> tuple[dict[str, str], Message | None]:
    """Return the fields of one JSON object, numbers as they were written, or the problem."""
    shown = line.strip()[:MAX_SHOWN_LENGTH]
    try:
        data = json.loads(line, parse_float=str, parse_int=str)
    except (json.JSONDecodeError, RecursionError) as error:
        return {}, message("row.not_json", error=getattr(error, "msg", "too deeply nested"), line=shown)
    return _fields_of(data, shown)


def _begins_document(line: str) -> bool:
    """Return whether the first line is only the beginning of a document: no object, but a list or an open bracket."""
    text = line.strip()
    if text.startswith("["):
        return True
    return text.startswith("{") and not text.endswith("}")


def _fields_of(data: Any, shown: str = "") -> tuple[dict[str, str], Message | None]:
    """Return the fields of an object, or the problem."""
    shown = shown or json.dumps(data, ensure_ascii=False)[:MAX_SHOWN_LENGTH]
    if not isinstance(data, dict):
        return {}, message("row.not_an_object", line=shown)
    odd = [name for name, value in data.items() if isinstance(value, (dict, list))]
    values = {_whole_text(str(name)).strip(): as_text(value) for name, value in data.items()}
    if odd:
        return values, message("row.nested_fields", fields=_whole_text(", ".join(odd[:5])))
    if "\ufffd" in "".join(values.values()):
        return values, message("row.lone_surrogate", line=shown)
    return values, None


def as_text(value: Any) -> str:
    """Return the value of a field as the text that a file would have."""
    if value is None or _is_missing(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, list, dict)):
        return _whole_text(json.dumps(value, ensure_ascii=False))
    return _whole_text(str(value).strip())


def _is_missing(value: Any) -> bool:
    """Return whether a value is what numpy and pandas have for a missing one: ``nan``, ``NaT``, ``NA``."""
    if isinstance(value, str):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas.NA has no truth value, an array has many
        return type(value).__name__ == "NAType"


def _whole_text(text: str) -> str:
    """Return the text with unpaired surrogates replaced, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
