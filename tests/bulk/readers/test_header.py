"""Headings in Czech, Slovak and English are matched to columns; what is uncertain is refused with both names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cpl_async.bulk.parsing.columns import PLAIN_COLUMNS
from cpl_async.bulk.parsing.row_parser import COLUMNS, shipment_from
from cpl_async.bulk.readers.column_aliases import COLUMN_OF
from cpl_async.bulk.readers.header import column_named
from cpl_async.bulk.readers.source import InputError, Source
from cpl_async.models.shipment_batches import Shipment


def shipment(path: Path, heading: str, row: str) -> Shipment:
    path.write_text(f"{heading}\n{row}\n", encoding="utf-8")
    (raw,) = Source(path).rows()
    found, problems = shipment_from(raw.values, None, raw.terms)
    assert problems == []
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("Číslo objednávky", "reference_id"),
        ("CISLO OBJEDNAVKY", "reference_id"),
        ("referenceId", "reference_id"),
        ("Č. obj.", "reference_id"),
        ("Jméno a příjmení", "name"),
        ("Meno a priezvisko", "name"),
        ("Jméno příjemce", "name"),
        ("PSČ", "zip_code"),
        ("psc doručení", "zip_code"),
        ("Dodací adresa – ulice", "street"),
        ("Shipping City", "city"),
        ("Země", "country"),
        ("Krajina", "country"),
        ("Telefón", "phone"),
        ("E-mail", "email"),
        ("Hmotnost (kg)", "weight_kg"),
        ("Hmotnosť [g]", "weight_kg"),
        ("Váha v kg", "weight_kg"),
        ("Dobierka", "cod"),
        ("Výše dobírky (Kč)", "cod_price"),
        ("Cena celkem s DPH", "order_total"),
        ("Způsob platby", "payment"),
        ("Shipping method", "carrier"),
        ("Doprava", "carrier"),
        ("Kontrola věku", "age_check"),
        ("Datum doručení", "delivery_date"),
        ("Služby", "services"),
        ("Fakturační ulice", "billing_street"),
        ("Billing city", "billing_city"),
        ("Ulice odesílatele", None),
        ("Shipping Total", None),
        ("Order Shipping Amount", None),
        ("Delivery price", None),
        ("Shipping city", "city"),
        ("Počet kusů", "parcels"),
        ("Připojistit na", "insurance_price"),
        ("Csomagpont", "parcel_shop_code"),
        ("Kwota pobrania", "cod_price"),
        ("Nachnahme", "cod"),
        ("Oblíbená barva", None),
        ("", None),
        ("(kg)", None),
    ],
)
def test_headings_match_in_any_case_and_punctuation(heading: str, column: str | None) -> None:
    assert column_named(heading) == column


def test_each_alias_leads_to_one_column() -> None:
    assert set(COLUMN_OF.values()) == set(PLAIN_COLUMNS)
    assert [column for column in COLUMNS if column_named(column) != column] == []


def test_names_and_streets_may_stand_in_two_columns(tmp_path: Path) -> None:
    found = shipment(
        tmp_path / "a.csv",
        "Objednávka;Jméno;Příjmení;Ulice;Číslo popisné;Číslo orientační;Město;PSČ;Země",
        "1;Jan;Novák;Dlouhá;727;39;Praha;110 00;Česko",
    )
    assert (found.recipient.name, found.recipient.street) == ("Jan Novák", "Dlouhá 727/39")
    assert (found.recipient.zip_code, found.recipient.country) == ("11000", "CZ")


def test_a_number_at_the_end_of_the_street_is_not_repeated(tmp_path: Path) -> None:
    found = shipment(
        tmp_path / "a.csv", "order,name,street,house number,city,zip,country", "1,J,Dlouhá 39,39,P,11000,CZ"
    )
    assert found.recipient.street == "Dlouhá 39"


def test_a_company_goes_first_and_the_person_is_its_contact(tmp_path: Path) -> None:
    heading = "order,Firma,Jméno,Příjmení,street,city,zip,country"
    found = shipment(tmp_path / "a.csv", heading, "1,ACME s.r.o.,Jana,Nová,U,P,11000,CZ")
    assert (found.recipient.name, found.recipient.contact) == ("ACME s.r.o.", "Jana Nová")
    assert found.product_type == "BUSS"
    found = shipment(tmp_path / "a.csv", heading, "1,,Jana,Nová,U,P,11000,CZ")
    assert (found.recipient.name, found.recipient.contact, found.product_type) == ("Jana Nová", None, "PRIV")


def test_unknown_columns_keep_the_name_that_the_file_gives_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("order,name,street,city,zip,country,Oblíbená Barva\n1,J,U,P,11000,CZ,modrá\n")
    source = Source(tmp_path / "a.csv")
    (row,) = source.rows()
    assert row.values["Oblíbená Barva"] == "modrá"
    assert source.columns == ["order", "name", "street", "city", "zip", "country", "Oblíbená Barva"]
    assert row.as_written == dict(zip(source.columns, ["1", "J", "U", "P", "11000", "CZ", "modrá"], strict=True))


def test_two_headings_of_one_column_are_refused_and_both_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("order,name,street,city,PSČ,Poštovní směrovací číslo,country\n1,J,U,P,1,2,CZ\n")
    with pytest.raises(InputError, match=r"zip_code: 'PSČ' and 'Poštovní směrovací číslo'.*--map"):
        Source(tmp_path / "a.csv")


def test_a_missing_column_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Objednávka;Jméno;Ulice;Město;Země\n1;J;U;P;CZ\n")
    with pytest.raises(InputError, match=r"lacks the column zip_code; its heading is: Objednávka, Jméno.*--map"):
        Source(tmp_path / "a.csv")


def test_a_problem_names_the_column_as_the_file_does(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Objednávka;Jméno;Ulice;Město;PSČ;Země;Dobírka\n1;J;U;P;1100;CZ;1,249\n")
    (row,) = Source(tmp_path / "a.csv").rows()
    _, problems = shipment_from(row.values, None, row.terms)
    assert [row.terms.heading(problem.column) for problem in problems] == ["PSČ", "Dobírka"]
    assert [problem.column for problem in problems] == ["zip_code", "cod"]


def test_weights_in_grams_are_told_by_the_heading(tmp_path: Path) -> None:
    found = shipment(tmp_path / "a.csv", "order,name,street,city,zip,country,Hmotnost (g)", "1,J,U,P,11000,CZ,751")
    assert found.shipment_set is not None
    assert str(found.shipment_set.shipment_set_items[0].weighed_shipment_info).endswith("Decimal('0.76'))")


def test_json_lines_may_have_czech_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = '{"Objednávka": 7, "Jméno": "J", "Ulice": "U", "Město": "P", "PSČ": 11000, "Země": "CZ", "Dobírka": false}'
    path.write_text(f'{line}\n{{"Jméno": "J", "name": "K"}}\n', encoding="utf-8")
    first, second = Source(path).rows()
    found, problems = shipment_from(first.values, None, first.terms)
    assert problems == []
    assert found is not None
    assert (found.reference_id, found.recipient.zip_code, found.cash_on_delivery) == ("7", "11000", None)
    assert first.as_written["Jméno"] == "J"
    assert "two fields that mean name" in str(second.problem)


def test_a_missing_column_is_shown_in_a_line_that_can_be_pasted(tmp_path: Path) -> None:
    heading = 'Interní evidenční číslo objednávky v "novém" systému'
    file = tmp_path / "a.csv"
    file.write_text(f'"{heading.replace(chr(34), chr(34) * 2)}",name,street,city,zip_code,country\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Source(file)
    line = str(caught.value).partition("[columns] ")[2]
    assert tomllib.loads(line) == {heading: "reference_id"}
    file.write_text("reference_id,name,street,city,zip_code\n", encoding="utf-8")
    with pytest.raises(InputError, match=r'\[defaults\] country = "CZ"'):
        Source(file)
