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


GOOD = ["1", "Jan", "Dlouhá 1", "Praha", "11000", "CZ", "", 1249, ""]


def cash_in(path: Path) -> list[str | None]:
    """Return the amount to collect in each row, or its problem."""
    found = []
    for raw in Source(path).rows():
        shipment, problems = shipment_from(raw.values, None, raw.terms)
        cash = shipment.cash_on_delivery if shipment is not None else None
        found.append(str(problems[0]) if problems else str(cash.cod_price) if cash is not None else None)
    return found


@pytest.mark.parametrize(
    ("shape", "value", "amount"),
    [
        ("# ##0.00", 1247.994, "1247.99"),
        ("0.00", 0.335, "0.34"),
        ('#,##0.00\\ "Kč"', 1247.995, "1248.00"),
        ("0", 12.6, "13"),
        ("General", 1247.5, "1247.5"),
    ],
)
def test_an_amount_is_the_one_that_is_shown(tmp_path: Path, shape: str, value: float, amount: str) -> None:
    row = [*GOOD[:7], value, ""]
    assert cash_in(workbook(tmp_path / "a.xlsx", [HEADING, row], formats={"H2": shape})) == [amount]


def test_a_formula_without_a_result_is_never_an_empty_cell(tmp_path: Path) -> None:
    row = [*GOOD[:7], "=100+1", ""]
    path = workbook(tmp_path / "a.xlsx", [HEADING, row, GOOD, [*GOOD[:7], None, ""]])
    problem, amount, nothing = cash_in(path)
    assert problem is not None
    assert "begins like a formula of a spreadsheet: '=100+1'" in problem
    assert (amount, nothing) == ("1249", None)


def test_what_a_person_does_not_see_is_not_read_but_reported(tmp_path: Path) -> None:
    book = Workbook()
    first, hidden, last = book.active, book.create_sheet("hidden"), book.create_sheet("last")
    assert first is not None
    for sheet in (hidden, last):
        sheet.append(HEADING)
        for number in range(1, 5):
            sheet.append([f"{sheet.title}-{number}", *GOOD[1:]])
    hidden.sheet_state = "hidden"
    last.row_dimensions[3].hidden = True
    book.save(tmp_path / "a.xlsx")
    source = Source(tmp_path / "a.xlsx")
    assert [row.values["reference_id"] for row in source.rows()] == ["last-1", "last-3", "last-4"]
    assert source.notes == [
        "hidden rows that are not read: 1",
        "the sheet 'last' is read; others, chosen by --sheet, are not: hidden",
    ]


def test_the_active_sheet_is_read(tmp_path: Path) -> None:
    book = Workbook()
    for title in ("old", "new"):
        sheet = book.create_sheet(title)
        sheet.append(HEADING)
        sheet.append([title, *GOOD[1:]])
    book.active = 2
    book.save(tmp_path / "a.xlsx")
    assert [row.values["reference_id"] for row in Source(tmp_path / "a.xlsx").rows()] == ["new"]


def test_a_title_above_the_heading_is_passed_over(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["Objednávky k expedici"], [None], HEADING, GOOD])
    source = Source(path)
    assert [row.values["reference_id"] for row in source.rows()] == ["1"]
    assert source.notes == ["rows above the heading that are not read: 1"]


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
