"""Files are read row by row; what cannot be read is told in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cpl_async.bulk.readers.source import InputError, Source

from ...conftest import EXAMPLES, example_rows, write_rows

HEADING = "reference_id,product_type,name,street,city,zip_code,country\n"


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_example_is_read_whole() -> None:
    source = Source(EXAMPLES / "shipments.csv")
    rows = list(source.rows())
    assert [row.number for row in rows] == list(range(1, 38))
    assert [row.line for row in rows] == list(range(2, 39))
    assert rows[35].values["name"] == "Országos Széchényi Könyvtár"
    assert all(row.problem is None for row in rows)


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    rows = example_rows()
    columns = list(reversed(rows[0]))
    expected = [row.values for row in Source(EXAMPLES / "shipments.csv").rows()]
    path = write_rows(tmp_path / "a.csv", rows, columns)
    assert [row.values for row in Source(path).rows()] == expected
    for separator in ";\t":
        text = "\r\n".join(
            separator.join(row[name] for name in columns) for row in [{name: name for name in columns}, *rows]
        )
        path = written(tmp_path / "b.csv", b"\xef\xbb\xbf" + text.encode())
        assert [row.values for row in Source(path).rows()] == expected


def test_the_content_makes_the_digest_not_the_path(tmp_path: Path) -> None:
    text = (EXAMPLES / "shipments.csv").read_bytes()
    one, two = written(tmp_path / "one.csv", text), written(tmp_path / "two.csv", text)
    assert Source(one).digest() == Source(two).digest()
    assert Source(written(two, text + b"\n")).digest() != Source(one).digest()


def test_json_lines_keep_numbers_as_they_were_written(tmp_path: Path) -> None:
    lines = ['{"reference_id": "a", "cod_price": 1249.00, "parcels": 3, "note": null}', "", '{"reference_id": 7}']
    rows = list(Source(written(tmp_path / "a.jsonl", "\n".join(lines))).rows())
    assert rows[0].values == {"reference_id": "a", "cod_price": "1249.00", "parcels": "3", "note": ""}
    assert (rows[1].values, rows[1].line) == ({"reference_id": "7"}, 3)


def test_a_line_that_is_no_object_is_a_bad_row_not_the_end(tmp_path: Path) -> None:
    lines = ["{broken", "[1]", '{"name": {"first": "a"}, "ok": true}', json.dumps({"reference_id": "a"}), "[" * 100_000]
    rows = list(Source(written(tmp_path / "a.jsonl", "\n".join(lines))).rows())
    problems = [row.problem for row in rows]
    assert [bool(problem) for problem in problems] == [True, True, True, False, True]
    assert "not JSON" in str(problems[0])
    assert "no JSON object" in str(problems[1])
    assert "neither text nor number: name" in str(problems[2])


def test_a_row_with_too_many_or_too_few_fields_is_a_bad_row(tmp_path: Path) -> None:
    text = HEADING + "a,PRIV,N,S,C,11000,CZ\nb,PRIV\nc,PRIV,N,S,C,11000,CZ,more\n\n   \n"
    rows = list(Source(written(tmp_path / "a.csv", text)).rows())
    assert [bool(row.problem) for row in rows] == [False, True, True]
    assert "has 2 fields, the header has 7" in str(rows[1].problem)


def test_guarded_formulas_are_read_as_they_were(tmp_path: Path) -> None:
    text = HEADING + "'=1+1,PRIV,N,S,C,11000,CZ\n"
    assert next(iter(Source(written(tmp_path / "a.csv", text)).rows())).values["reference_id"] == "=1+1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf  \r\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text"),
        (HEADING.encode() + b"a,PRIV,\xe8\x81,S,C,1,CZ\n", "not text in UTF-8"),
        (b"\xe8\xed\n", "lacks the columns"),
        (HEADING.replace("zip_code,", "").encode() + b"a\n", "lacks the column zip_code; its heading is: reference_id"),
        (HEADING.replace("zip_code", "zipcod").encode(), r'e\.g\. \[columns\] "zipcod" = "zip_code"'),
        (b"just a text\nwithout columns\n", "lacks the columns reference_id, name, street"),
        (HEADING.replace("street", "name").encode(), "lacks the column street"),
        (HEADING.strip().encode() + b",name\n", "has the column name twice"),
        (
            HEADING.strip().encode() + b",Town,Tel,Mobil\n",
            "columns that mean the same. city: 'city' and 'Town'; phone: 'Tel' and 'Mobil'. Remove",
        ),
        (HEADING.encode() + b'a,PRIV,"open,S,C,1,CZ\n', "not readable as CSV"),
        (HEADING.encode() + b"a," + b"x" * 200_000 + b"\n", "not readable as CSV"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        list(Source(written(tmp_path / "a.csv", content)).rows())


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Source(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        Source(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        '[\n {"reference_id": "1"},\n {"reference_id": 2}\n]',
        '{\n "orders": [\n  {"reference_id": "1"}, {"reference_id": 2}\n ]\n}',
    ],
)
def test_json_in_one_piece_is_read(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content, encoding="utf-8")
    assert [row.values for row in Source(file).rows()] == [{"reference_id": "1"}, {"reference_id": "2"}]
    file.write_text('{\n "a": [],\n "b": []\n}', encoding="utf-8")
    with pytest.raises(InputError, match="JSON with 2 lists"):
        list(Source(file).rows())
