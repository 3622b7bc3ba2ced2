"""Workbooks of Excel and Parquet files, written by other programs, are read as a person sees them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.source import InputError, ReadingOptions, Source
from cpl_async.errors import ConfigurationError
from cpl_async.models.codec import encode

from ...conftest import EXAMPLES, example_rows

HEADING = ["Objednávka", "Jméno", "Ulice", "Město", "PSČ", "Země", "Telefon", "Dobírka", "Datum doručení"]
EXPECTED = [row.values for row in Source(EXAMPLES / "shipments.csv").rows()]


def workbook(path: Path, *sheets: Sequence[Sequence[Any]], formats: dict[str, str] | None = None) -> Path:
    book = Workbook()
    for index, rows in enumerate(sheets, 1):
        sheet = book.active if index == 1 else book.create_sheet()
        assert sheet is not None
        sheet.title = f"Sheet {index}"
        for row in rows:
            sheet.append(list(row))
        for cell, shape in (formats or {}).items():
            sheet[cell].number_format = shape
    book.save(path)
    return path


def shipments_of(path: Path) -> list[bytes]:
    found = [shipment_from(row.values, None, row.terms) for row in Source(path).rows()]
    assert [problems for _, problems in found if problems] == []
    return [encode(shipment) for shipment, _ in found]


def test_a_workbook_gives_the_same_rows_as_the_csv(tmp_path: Path) -> None:
    rows = example_rows()
    path = workbook(tmp_path / "a.xlsx", [list(rows[0]), *(list(row.values()) for row in rows)])
    assert [row.values for row in Source(path).rows()] == EXPECTED
    assert [row.line for row in Source(path).rows()] == list(range(2, 39))


def test_cells_are_read_as_a_person_sees_them(tmp_path: Path) -> None:
    row = [202600001, "J", "U", "P", 11000, "CZ", 777000001, 1249.5, datetime(2026, 11, 25)]
    other = [202600002.0, "J", "U", "P", 1001, "SK", "0905 123 456", False, date(2026, 11, 25)]
    third = [0.1 + 0.2, True, None, None, 1001, None, 2.02600001e15, None, datetime(2026, 11, 25, 8, 30)]
    path = workbook(tmp_path / "a.xlsx", [HEADING, row, other, [None] * 9, third], formats={"E5": "000\\ 00"})
    found = [list(row.values.values()) for row in Source(path).rows()]
    assert found[0] == ["202600001", "J", "U", "P", "11000", "CZ", "777000001", "1249.5", "2026-11-25"]
    assert found[1] == ["202600002", "J", "U", "P", "1001", "SK", "0905 123 456", "FALSE", "2026-11-25"]
    assert found[2] == ["0.3", "TRUE", "", "", "01001", "", "2.02600001000000E+15", "", "2026-11-25 08:30:00"]
    first, second = shipments_of(workbook(tmp_path / "b.xlsx", [HEADING, row, other]))
    assert b'"zipCode":"11000"' in first
    assert b'"codPrice":1249.5' in first
    assert b'"zipCode":"01001"' in second
    assert b'"+421905123456"' in second


def test_a_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    rows = example_rows()
    table = [list(rows[0]), *(list(row.values()) for row in rows)]
    path = workbook(tmp_path / "a.xlsx", [["nothing", "here"]], table)
    with pytest.raises(InputError, match="lacks the columns reference_id"):
        Source(path)
    assert [row.values for row in Source(path, ReadingOptions(sheet="Sheet 2")).rows()] == EXPECTED
    with pytest.raises(InputError, match="has no sheet Shet 2; did you mean Sheet 2"):
        Source(path, ReadingOptions(sheet="Shet 2"))


def test_a_formula_kept_as_text_is_read_unchanged(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADING, ["'=1+1", "J", "U", "P", "11000", "CZ", "", "", ""]])
    (row,) = Source(path).rows()
    assert row.values["reference_id"] == "=1+1"


def test_parquet_gives_the_same_rows_as_the_csv(tmp_path: Path) -> None:
    table = pyarrow.Table.from_pylist(example_rows())
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    assert [row.values for row in Source(tmp_path / "a.parquet").rows()] == EXPECTED


def test_numbers_and_days_of_parquet_are_read(tmp_path: Path) -> None:
    row = {
        "Objednávka": 7,
        "Jméno": "J",
        "Ulice": None,
        "Město": "P",
        "PSČ": 11000.0,
        "Země": "CZ",
        "Částka dobírky": Decimal("1249.50"),
        "Dobírka": True,
        "Datum doručení": date(2026, 11, 25),
    }
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "a.parquet")
    (found,) = shipments_of(tmp_path / "a.parquet")
    assert b'"zipCode":"11000"' in found
    assert b'"codPrice":1249.50,"codCurrency":"CZK","codVarSym":"7"' in found
    pyarrow.parquet.write_table(pyarrow.table({"name": [["a"]]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="no single text or number: name"):
        Source(tmp_path / "b.parquet")


@pytest.mark.parametrize(("extra", "package"), [("excel", "openpyxl"), ("parquet", "pyarrow")])
def test_a_missing_package_is_reported_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str, package: str
) -> None:
    workbook(tmp_path / "a.excel", [HEADING])
    pyarrow.parquet.write_table(pyarrow.table({"name": ["a"]}), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=rf"{package} is not installed.*pip install 'cpl-sdk\[{extra}\]'"):
        Source(tmp_path / f"a.{extra}")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"PK\x03\x04rest", {}, "no workbook of Excel: save it as .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {}, "old Excel or one with a password"),
        (b"PAR1rest", {}, "cannot be read as Parquet"),
        (b"reference_id\n", {"sheet": "a"}, "--sheet goes with a workbook"),
        (b"PAR1rest", {"delimiter": ";"}, "--encoding and --delimiter go with text"),
        (b'{"a": 1}', {"delimiter": ";"}, "--delimiter goes with CSV"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes, options: dict[str, str], words: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match=words):
        Source(tmp_path / "a", ReadingOptions(**options))  # type: ignore[arg-type]  # texts only


def test_packages_of_other_kinds_are_loaded_only_for_them() -> None:
    program = "import sys, cpl_async.cli.ship; print({'openpyxl', 'pyarrow'} & {*sys.modules})"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
