"""A shop says its own names once, in a file; each mistake in it is told with the nearest name."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.mapping_file import load_mapping
from cpl_async.bulk.readers.source import InputError, ReadingOptions, Source

TABLES = """
[columns]
"Cislo obj." = "reference_id"
"Kdo" = "name"
"Jméno" = ""

[carriers]
"PPL Výdejní místo" = {pickup_point = true}
"Naše firma" = "BUSS"

[payments]
"Na dobírku" = {cash_on_delivery = true}
"Předem" = false

[defaults]
country = "CZ"
parcels = 2
"""
CSV = "Cislo obj.;Kdo;Jméno;Ulice;Město;PSČ;Doprava;Platba;Celkem\n1;Jan;nick;U;P;11000;Naše firma;Na dobírku;500\n"


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_file_of_names_is_toml_or_json(tmp_path: Path, kind: str) -> None:
    text = TABLES if kind == "toml" else json.dumps(tomllib.loads(TABLES))
    (tmp_path / f"names.{kind}").write_text(text, encoding="utf-8")
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    source = Source(tmp_path / "a.csv", ReadingOptions(names=load_mapping(tmp_path / f"names.{kind}")))
    (row,) = source.rows()
    shipment, problems = shipment_from(row.values, None, row.terms)
    assert problems == []
    assert shipment is not None
    assert (shipment.reference_id, shipment.recipient.name, shipment.recipient.country) == ("1", "Jan", "CZ")
    assert (shipment.product_type, shipment.parcels) == ("BUSD", 2)
    assert row.as_written["Jméno"] == "nick"
    assert source.digest() != Source.digest(_without_names(tmp_path))


def _without_names(folder: Path) -> Source:
    (folder / "b.toml").write_text(
        '[defaults]\ncountry = "SK"\n[columns]\n"Kdo" = "name"\n"Jméno" = ""', encoding="utf-8"
    )
    return Source(folder / "a.csv", ReadingOptions(names=load_mapping(folder / "b.toml")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[column]\n", r"unknown table \[column\]; did you mean columns"),
        ("columns = 1\n", r"\[columns\] is no table"),
        ('[columns]\na = "zip_cod"\n', r"unknown column 'zip_cod'; did you mean zip_code"),
        ("[columns]\na = 1\n", "must be the name of a column in quotes"),
        ("[carriers]\na = {pickup_pont = true}\n", "unknown key pickup_pont; did you mean pickup_point"),
        ("[carriers]\na = {pickup_point = 1}\n", "must be true or false"),
        ('[carriers]\na = "private"\n', "no product code"),
        ("[payments]\na = 1\n", r"must be like \{cash_on_delivery = true\}"),
        ('[defaults]\ncountri = "CZ"\n', "unknown column 'countri'; did you mean country"),
        ('[defaults]\nreference_id = "1"\n', "no two rows may have the same reference"),
        ("[defaults]\ncountry = []\n", "must be text in quotes or a number"),
        ("[", "not readable"),
    ],
)
def test_each_mistake_in_it_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "names.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_mapping(tmp_path / "names.toml")


def test_a_missing_file_of_names_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_mapping(tmp_path / "none.toml")


def test_a_missing_heading_is_reported_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "names.toml").write_text('[columns]\n"Cislo ob" = "reference_id"\n"Kdo" = "name"\n', encoding="utf-8")
    (tmp_path / "a.csv").write_text("Cislo objj;Kdo;Ulice;Město;PSČ;Země\n1;J;U;P;11000;CZ\n", encoding="utf-8")
    options = ReadingOptions(names=load_mapping(tmp_path / "names.toml"))
    with pytest.raises(InputError, match="--map names 'Cislo ob', which is not there: did you mean 'Cislo objj'"):
        Source(tmp_path / "a.csv", options)
