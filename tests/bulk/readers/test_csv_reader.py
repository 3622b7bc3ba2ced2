"""Text is read in any delimiter, quoting, line ending and encoding that people's programs write."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.source import InputError, ReadingOptions, Source
from cpl_async.models.codec import encode

from ...conftest import EXAMPLES, example_rows

EXCEL = Path(__file__).parent.parent.parent / "data" / "shipments-excel-cs.csv"
CZECH = [row for row in example_rows() if row["country"] in ("CZ", "SK")]
EXPECTED = [row.values for row in Source(EXAMPLES / "shipments.csv").rows()][: len(CZECH)]
HEADING = "reference_id,product_type,name,street,city,zip_code,country"


def as_csv(rows: list[dict[str, str]], **style: object) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), **style)  # type: ignore[arg-type]  # a test's own options
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def rows_of(path: Path, content: str | bytes, written: str = "utf-8", **options: str) -> list[dict[str, str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(written))
    return [row.values for row in Source(path, ReadingOptions(**options)).rows()]  # type: ignore[arg-type]  # texts only


def shipments_of(path: Path) -> list[bytes]:
    found = [shipment_from(row.values, None, row.terms) for row in Source(path).rows()]
    assert [problems for _, problems in found if problems] == []
    return [encode(shipment) for shipment, _ in found]


def test_a_file_of_a_czech_excel_needs_no_option() -> None:
    assert shipments_of(EXCEL) == shipments_of(EXAMPLES / "shipments.csv")[:28]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_delimiters_line_endings_and_quoting_are_recognised(
    tmp_path: Path, delimiter: str, line_end: str, quoting: int
) -> None:
    text = as_csv(CZECH, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    assert rows_of(tmp_path / "a.csv", text) == EXPECTED


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8-sig", b""),
        ("utf-16", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("cp1250", b""),
        ("iso8859-2", b""),
    ],
)
def test_encodings_are_recognised(tmp_path: Path, encoding: str, mark: bytes) -> None:
    rows = [{name: value.replace("–", "-") for name, value in row.items()} for row in CZECH]
    expected = [{name: value.replace("–", "-") for name, value in row.items()} for row in EXPECTED]
    assert rows_of(tmp_path / "a.csv", mark + as_csv(rows).encode(encoding)) == expected


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2"])
@pytest.mark.parametrize("name", ["Žofie Šťastná", "Tomáš Krůta", "Ondřej Dvořák", "Božena Němcová", "Ľubica Šťavová"])
def test_one_name_tells_windows_1250_from_iso_8859_2(tmp_path: Path, encoding: str, name: str) -> None:
    text = f"{HEADING}\na,PRIV,{name},S,C,11000,CZ\n"
    assert rows_of(tmp_path / "a.csv", text, encoding)[0]["name"] == name


def test_an_ambiguous_encoding_is_refused(tmp_path: Path) -> None:
    content = f"{HEADING}\na,PRIV,Zuzana Vrablová,Hlavná,Streženice,02001,SK\n".encode("iso8859-2")
    with pytest.raises(InputError, match=r"may be Windows-1250 or ISO 8859-2.*--encoding"):
        rows_of(tmp_path / "a.csv", content)
    assert rows_of(tmp_path / "a.csv", content, encoding="iso-8859-2")[0]["city"] == "Streženice"


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2"])
@pytest.mark.parametrize("name", ["Żółć Łęcka, Łódź", "Stanisław Wąs", "Małgorzata Śliwa", "Paweł Król"])
def test_polish_letters_are_read_right(tmp_path: Path, encoding: str, name: str) -> None:
    content = f'{HEADING}\na,CONN,"{name}",Długa 1,Łódź,90-001,PL\n'.encode(encoding)
    assert rows_of(tmp_path / "a.csv", content)[0]["name"] == name


@pytest.mark.parametrize("name", ["José Peña", "François Lefèvre", "Iñaki Muñoz, Córdoba"])
def test_western_letters_are_refused_and_never_read_as_others(tmp_path: Path, name: str) -> None:
    content = f'{HEADING}\na,CONN,"{name}",Gran Vía 1,Madrid,28001,ES\n'.encode("cp1252")
    with pytest.raises(InputError, match=r"may be Windows-1252.*--encoding"):
        rows_of(tmp_path / "a.csv", content)
    assert rows_of(tmp_path / "a.csv", content, encoding="cp1252")[0]["name"] == name


def test_damaged_utf_8_is_not_read_as_another_encoding(tmp_path: Path) -> None:
    content = as_csv(CZECH).encode() + b"a,\xe8"
    with pytest.raises(InputError, match=r"not text in UTF-8 from line 30 on.*--encoding"):
        rows_of(tmp_path / "a.csv", content)


def test_encoding_and_delimiter_can_be_told(tmp_path: Path) -> None:
    text = as_csv(CZECH, delimiter="~")
    assert rows_of(tmp_path / "a.csv", text, "cp1250", encoding="windows-1250", delimiter="~") == EXPECTED
    with pytest.raises(InputError, match="not text in UTF-8"):
        rows_of(tmp_path / "a.csv", text, "cp1250", encoding="utf-8", delimiter="~")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoding": "windws-1250"}, "did you mean windows-1250"),
        ({"encoding": "klingon"}, "not known; usual ones are utf-8"),
        ({"encoding": "base64"}, "not known"),
        ({"delimiter": ";;"}, "must be one character, or one of comma, semicolon, tab"),
        ({"delimiter": "a"}, "must be one character"),
    ],
)
def test_what_cannot_be_an_encoding_or_a_delimiter_is_told(options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ReadingOptions(**options)  # type: ignore[arg-type]  # texts only


def test_a_comma_in_a_quoted_heading_is_no_delimiter(tmp_path: Path) -> None:
    heading = '"Číslo objednávky";"Jméno";"Ulice";"Město";"PSČ";"Země";"a, b, c, d, e, f, g, h"'
    assert rows_of(tmp_path / "a.csv", f"{heading}\n1;J;U;M;11000;CZ;x\n")[0]["zip_code"] == "11000"


def test_a_heading_may_have_line_breaks_and_empty_lines(tmp_path: Path) -> None:
    heading = 'reference_id,name,street,city,"zip_\ncode",country'
    assert rows_of(tmp_path / "a.csv", f"\n\n{heading}\n1,J,U,M,11000,CZ\n")[0]["zip_code"] == "11000"


def test_single_quotes_around_all_headings_are_quotes(tmp_path: Path) -> None:
    text = as_csv(CZECH, quotechar="'", quoting=csv.QUOTE_ALL)
    assert rows_of(tmp_path / "a.csv", text) == EXPECTED


def test_a_file_that_is_read_otherwise_is_another_job(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(as_csv(CZECH))
    digests = {Source(path).digest(), Source(path, ReadingOptions(encoding="utf-8")).digest()}
    assert len(digests) == 2
    assert Source(path, ReadingOptions()).digest() in digests


def test_text_of_dos_is_refused_not_garbled(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"may be cp852.*--encoding"):
        rows_of(tmp_path / "a.csv", as_csv(CZECH).replace("–", "-"), "cp852")
    path = tmp_path / "b.csv"
    assert rows_of(path, as_csv(CZECH[:2]), "cp852", encoding="cp852") == EXPECTED[:2]


def test_one_letter_late_in_a_long_file_tells_its_encoding(tmp_path: Path) -> None:
    rows = "".join(f"{number},PRIV,{'N' * 50},S,C,11000,CZ\n" for number in range(20_000))
    found = rows_of(tmp_path / "a.csv", f"{HEADING}\n{rows}a,PRIV,Žďár,S,C,11000,CZ\n", "cp1250")
    assert (len(found), found[-1]["name"]) == (20_001, "Žďár")


def test_rows_are_handed_out_before_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{HEADING}\na,PRIV,N,S,C,11000,CZ\nb,PRIV,N,S,C,11000,CZ\nc,"open\n')
    rows = Source(path).rows()
    assert next(rows).values["reference_id"] == "a"
    with pytest.raises(InputError, match="not readable as CSV"):
        list(rows)
