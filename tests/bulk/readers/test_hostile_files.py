"""A file that is made to fill the memory, or is no file of shipments, ends in one line."""

from __future__ import annotations

import csv
import os
import tracemalloc
from pathlib import Path

import pytest

from cpl_async.bulk.readers.source import InputError, Source

HEADING = "reference_id,name,street,city,zip_code,country"
ROW = "1,Jan,Dlouhá 1,Praha,11000,CZ"
KLIENT = "<data><dataitem><RecCompany>A</RecCompany></dataitem></data>"
ENTITIES = '<!DOCTYPE d [<!ENTITY a "' + "a" * 1000 + '"><!ENTITY b "' + "&a;" * 1000 + '">]>'


def refused(file: Path) -> str:
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            for _ in Source(file).rows():
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000
    text = str(caught.value)
    assert len(text) < 1500
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", f"{HEADING}\n{ROW}\n" + "x" * 3_000_000, "a line of more than 1,000,000 characters"),
        ("a.csv", "x" * 3_000_000, "a line of more than 1,000,000 characters"),
        ("a.csv", f'{HEADING}\n1,"{"x" * 500_000}\n', "is not readable as CSV"),
        ("a.jsonl", '{"reference_id": "1"}\n' + "x" * 3_000_000, "a line of more than 1,000,000 characters"),
        ("a.csv", ",".join(f"c{number}" for number in range(100_000)), "has 100,000 columns"),
        ("a.csv", ";" * 100_000 + "\n" + ";" * 100_000 + "x", "columns"),
        ("a.xml", f'<?xml version="1.0"?>{ENTITIES}{KLIENT}', "a document type"),
        ("a.xml", '<?xml version="1.0"?>' + KLIENT[:-10], "is not valid XML"),
        ("a.xml", '<?xml version="1.0"?><a><b><c><d/></c></b></a>', "has elements within"),
        ("a.xml", '<?xml version="1.0"?><a><b><c>' + "x" * 3_000_000, "a text of more than 100000 characters"),
        ("a.xml", '<?xml version="1.0"?><a></a>', "holds no records"),
        ("a.xls", "<html><table><tr><td>1</td></tr></table></html>", "a web page"),
        ("a.rtf", r"{\rtf1 hi}", "a text document"),
    ],
)
def test_a_hostile_file_is_refused_in_a_line(tmp_path: Path, name: str, content: str, words: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    assert words in refused(file)


@pytest.mark.parametrize("start", [b"", b"\xff\xfe", HEADING.encode()])
def test_a_sparse_file_is_refused_at_once(tmp_path: Path, start: bytes) -> None:
    file = tmp_path / "a.csv"
    with file.open("wb") as written:
        written.write(start)
        written.truncate(2**31)
    refused(file)
    os.truncate(file, 0)


def test_the_field_limit_of_the_program_stays(tmp_path: Path) -> None:
    before = csv.field_size_limit(777_777)
    try:
        file = tmp_path / "a.csv"
        file.write_text(f"{HEADING}\n{ROW}\n", encoding="utf-8")
        assert len(list(Source(file).rows())) == 1
        assert csv.field_size_limit() == 777_777
    finally:
        csv.field_size_limit(before)
