"""``cpl ship`` takes the files that people have, also from standard input, and writes what Excel opens."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook

from ..conftest import EXAMPLES, example_rows
from .conftest import CPL, Runner, one_line

EXCEL = Path(__file__).parent.parent / "data" / "shipments-excel-cs.csv"


def test_what_a_czech_excel_saves_is_good_without_any_option(cpl: Runner) -> None:
    done = cpl("ship", EXCEL, "--check")
    assert "28 rows checked: 28 good, 0 with mistakes. Nothing was sent." in done.stdout
    assert done.stderr == ""


def in_kind(kind: str, path: Path) -> bytes:
    rows = example_rows()
    if kind == "csv":
        return (EXAMPLES / "shipments.csv").read_bytes()
    if kind == "json":
        return "\n".join(json.dumps(row) for row in rows).encode()
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        book = Workbook()
        assert book.active is not None
        for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
            book.active.append(row)
        book.save(path)
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "json", "xlsx", "parquet"])
def test_standard_input_may_be_of_any_kind(cpl: Runner, tmp_path: Path, kind: str) -> None:
    done = subprocess.run(
        [*CPL, "ship", "-", "--check"],
        input=in_kind(kind, tmp_path / "a"),
        cwd=cpl.folder,
        env=cpl.environment,
        capture_output=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"37 rows checked: 37 good" in done.stdout


def test_an_empty_standard_input_is_told_by_its_name(cpl: Runner) -> None:
    assert one_line(cpl("ship", "-", "--check", status=2)) == "error: the standard input is empty"


def test_problems_name_row_line_and_the_files_own_column(cpl: Runner) -> None:
    text = "Objednávka;Jméno;Ulice;Město;PSČ;Země\n1;J;U;P;1100;CZ\n"
    (cpl.folder / "a.csv").write_text(text, encoding="cp1250")
    done = cpl("ship", "a.csv", "--check", status=1)
    assert "row 1 (line 2), column PSČ: has four digits" in done.stdout


def test_options_of_the_input_reach_it(cpl: Runner) -> None:
    (cpl.folder / "names.toml").write_text('[columns]\n"Kdo" = "name"\n[defaults]\ncountry = "CZ"\n')
    text = "Objednávka~Kdo~Ulice~Město~PSČ\n1~J~U~P~11000\n"
    (cpl.folder / "a.csv").write_text(text, encoding="cp852")
    options = ("--map", "names.toml", "--encoding", "cp852", "--delimiter", "~")
    assert "1 row checked: 1 good" in cpl("ship", "a.csv", "--check", *options).stdout
    assert "did you mean" in one_line(cpl("ship", "a.csv", "--check", "--encoding", "cp8520", status=2))
    assert "--sheet goes with" in one_line(cpl("ship", "a.csv", "--check", "--sheet", "a", status=2))


def test_tables_for_excel_are_read_back(cpl: Runner) -> None:
    heading = "Objednávka;Jméno;Ulice;Město;PSČ;Země;Hmotnost (kg);=Barva;Poznámka"
    bad = "2;=cmd|calc;U;P;1100;CZ;1,5;@x;'=1+1"
    (cpl.folder / "a.csv").write_text(f"{heading}\n1;J;U;P;11000;CZ;0,75;;\n{bad}\n", encoding="cp1250")
    cpl("ship", "a.csv", "--sandbox", "--excel", status=1)
    content = (cpl.folder / "out" / "rejected.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfObjedn\xc3\xa1vka;")
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert (cpl.folder / "out" / "shipments.csv").read_bytes().startswith(b"\xef\xbb\xbfreference_id;shipment_number;")
    with (cpl.folder / "out" / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file, delimiter=";")
    assert row["Hmotnost (kg)"] == "1,5"
    assert (row["Jméno"], row["'=Barva"], row["Poznámka"]) == ("'=cmd|calc", "'@x", "'=1+1")
    assert "PSČ: has four digits" in row["error"]
    (cpl.folder / "mended.csv").write_bytes(content.replace(b"1100;", b"11000;").replace(b"'=cmd|calc", b"K"))
    done = cpl("ship", "mended.csv", "--check", status=1)
    assert "column Poznámka: begins like a formula" in done.stdout
    assert "PSČ" not in done.stdout


def test_a_server_rejection_names_the_files_column(cpl: Runner) -> None:
    heading = "Objednávka;Jméno;Ulice;Město;PSČ;Země;Dobírka;Měna dobírky"
    text = f"{heading}\n1;J;U;P;11000;CZ;5,50;CZK\n2;J;U;P;11000;CZ;5,50;XXX\n"
    (cpl.folder / "a.csv").write_text(text, encoding="cp1250")
    done = cpl("ship", "a.csv", "--sandbox", status=1)
    assert "row 2 (line 3), column Měna dobírky: " in done.stderr
    with (cpl.folder / "out" / "rejected.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row) == [*heading.split(";"), "error_code", "error"]
    assert row["error"].startswith("Měna dobírky: ")
    assert row["Dobírka"] == "5,50"


def test_rejected_json_lines_keep_their_keys(cpl: Runner) -> None:
    good = {"Objednávka": "1", "Jméno": "J", "Ulice": "U", "Město": "P", "PSČ": "110 00", "Země": "CZ"}
    lines = [json.dumps(good), json.dumps(good | {"Objednávka": "2", "PSČ": "1100"})]
    (cpl.folder / "a.jsonl").write_text("\n".join(lines))
    cpl("ship", "a.jsonl", "--sandbox", status=1)
    text = (cpl.folder / "out" / "rejected.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "Objednávka,Jméno,Ulice,Město,PSČ,Země,error_code,error"
    (cpl.folder / "mended.csv").write_text(text.replace(",1100,", ",110 00,"), encoding="utf-8")
    assert "1 row checked: 1 good" in cpl("ship", "mended.csv", "--check").stdout


def test_standard_input_is_identified_by_content(cpl: Runner, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    answers = []
    for _ in range(2):
        done = subprocess.run(
            [*CPL, "ship", "-", "--sandbox"],
            input=EXCEL.read_bytes(),
            cwd=cpl.folder,
            env=cpl.environment | {"TMPDIR": str(spool)},
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout.decode())
    assert "28 shipped, with label" in answers[0]
    assert "was finished before: nothing was sent" in answers[1]
    assert [path.name for path in spool.iterdir() if path.name.startswith("cpl-input-")] == []
