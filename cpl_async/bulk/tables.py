"""How a table is written: for programs, or for a Czech Excel to open with a double click."""

from __future__ import annotations

from attrs import frozen

__all__ = ["FOR_EXCEL", "FOR_PROGRAMS", "TableStyle"]


@frozen(kw_only=True)
class TableStyle:
    """Encoding, delimiter and line ending of CSV."""

    encoding: str
    delimiter: str
    line_end: str


FOR_PROGRAMS = TableStyle(encoding="utf-8", delimiter=",", line_end="\n")
FOR_EXCEL = TableStyle(encoding="utf-8-sig", delimiter=";", line_end="\r\n")
