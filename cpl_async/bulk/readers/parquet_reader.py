"""The reader of Parquet files, which loads some rows of a row group at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from .extras import needing_extra
from .raw_row import InputError, RawRow
from .reading_options import ReadingOptions
from .table import Cells, TableRows, table_below

__all__ = ["ParquetFile"]

ROWS_PER_READ = 1000


class ParquetFile:
    """A Parquet file of flat columns."""

    def __init__(self, path: Path, options: ReadingOptions, shown: str) -> None:
        """Read the schema.

        :raises InputError: It cannot be read.
        :raises ConfigurationError: The package that reads it is not installed.
        """
        self._path, self._shown = path, shown
        with self._opened() as file:
            schema = file.schema_arrow
            if nested := [name for name, kind in zip(schema.names, schema.types, strict=True) if _is_odd(kind)]:
                raise InputError(f"{shown} has columns that hold no single text or number: {', '.join(nested[:5])}")
            self.table: TableRows = table_below(schema.names, options, shown)

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows, which have no lines."""
        return self.table.rows(self._lines(), ";")

    def _opened(self) -> Any:
        with needing_extra("parquet"):
            import pyarrow
            import pyarrow.parquet
        try:
            return pyarrow.parquet.ParquetFile(self._path)
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{self._shown} cannot be read as Parquet: {error}") from None

    def _lines(self) -> Iterator[Cells]:
        import pyarrow

        with self._opened() as file:
            try:
                for batch in file.iter_batches(batch_size=ROWS_PER_READ):
                    columns = [list(map(_text, column.to_pylist())) for column in batch.columns]
                    for fields in zip(*columns, strict=True):
                        yield 0, list(fields)
            except (pyarrow.ArrowException, OSError) as error:
                raise InputError(f"{self._shown} cannot be read as Parquet to its end: {error}") from None


def _is_odd(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
