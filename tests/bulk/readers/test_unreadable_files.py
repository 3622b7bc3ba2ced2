"""Files and rows that cannot be read are reported with what can be done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cpl_async.bulk.readers.source import InputError, Source
from cpl_async.sandbox import Sandbox

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, totals


async def test_a_file_that_changes_while_it_is_read_is_refused(
    sandbox: Sandbox, shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    before = path.read_bytes()
    real = Source.rows

    def changed(source: Source) -> Any:
        write_rows(path, many_rows(6)[3:])
        return real(source)

    with monkeypatch.context() as patched:
        patched.setattr(Source, "rows", changed)
        with pytest.raises(InputError, match="changed while it was read"):
            await shipping(path)
    assert sandbox.ledger.entries == []
    path.write_bytes(before)
    assert totals(await shipping(path)) == Totals(rows=3, shipped=3)
    assert [row["reference_id"] for row in shipping.report()] == ["T-00001", "T-00002", "T-00003"]


async def test_what_cannot_be_read_of_a_row_is_kept_in_its_error(shipping: Shipping) -> None:
    path = shipping.folder / "a.jsonl"
    path.write_text('{"reference_id": "a", "broken\n{"reference_id": "b", "name": "Jan \\ud83d"}\n', encoding="utf-8")
    assert totals(await shipping(path)) == Totals(rows=2, rejected=2)
    errors = [row["error"] for row in shipping.rejected()]
    assert '{"reference_id": "a", "broken' in errors[0]
    assert "half a character" in errors[1]
    csv_path = shipping.folder / "a.csv"
    csv_path.write_text("reference_id,product_type,name,street,city,zip_code,country\na,PRIV,N,S,C,11000,CZ,surplus\n")
    await shipping(csv_path, "second")
    (row,) = shipping.rejected("second")
    assert "a,PRIV,N,S,C,11000,CZ,surplus" in row["error"]
    assert row["reference_id"] == ""  # sent as it is, it is refused again: nothing is cut off in silence


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"PK\x03\x04rest", "no workbook of Excel"),
        ("a.xls", b"\xd0\xcf\x11\xe0rest", "save it as .xlsx"),
        ("a.csv", b"reference_id;name\n\xe8\x81", "save it as CSV in UTF-8"),
    ],
)
def test_other_kinds_of_files_are_told_what_to_become(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        list(Source(tmp_path / name).rows())


def test_a_line_that_names_the_separator_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nreference_id;product_type;name;street;city;zip_code;country\na;PRIV;N;S;C;11000;CZ\n")
    (row,) = Source(path).rows()
    assert (row.values["reference_id"], row.number, row.line) == ("a", 1, 3)


def test_a_pipe_is_refused_in_a_line(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)
    try:
        with pytest.raises(InputError, match="no regular file"):
            Source(pipe)
    finally:
        os.close(end)
