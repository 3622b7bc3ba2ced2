"""Of two addresses the recipient's is on the label, as a whole; further lines of an address are placed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl_async.bulk.parsing.row_parser import shipment_from
from cpl_async.bulk.readers.source import InputError, Source


def labels(tmp_path: Path, *lines: str) -> list[tuple[str | None, ...]]:
    file = tmp_path / "a.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    found: list[tuple[str | None, ...]] = []
    for raw in Source(file).rows():
        shipment, problems = shipment_from(raw.values, None, raw.terms)
        assert problems == []
        assert shipment is not None
        assert shipment.recipient is not None
        to = shipment.recipient
        found.append((to.name, to.name2, to.street, to.city, to.zip_code))
    return found


@pytest.mark.parametrize(
    "heading",
    [
        "Order Number,Name (Billing),Address 1&2 (Billing),City (Billing),Postcode (Billing),Country,"
        "Name (Shipping),Address 1&2 (Shipping),City (Shipping),Postcode (Shipping)",
        "Číslo objednávky,Fakturační jméno,Fakturační ulice,Fakturační město,Fakturační PSČ,Země,Jméno,Ulice,Město,PSČ",
        "Číslo objednávky,Jméno,Ulice,Město,PSČ,Země,Dodací jméno,Dodací ulice,Dodací město,Dodací PSČ",
        "Bestellnummer,Rechnung Name,Rechnung Straße,Rechnung Ort,Rechnung PLZ,Land,"
        "Lieferung Name,Lieferung Straße,Lieferung Ort,Lieferung PLZ",
        "code,billFullName,billStreet,billCity,billZip,country,deliveryFullName,deliveryStreet,deliveryCity,deliveryZip",
    ],
)
def test_the_delivery_address_wins_and_an_empty_one_is_the_whole_billing_address(tmp_path: Path, heading: str) -> None:
    heading = heading.replace("code,", "reference_id,")
    rows = ["1,Účetní,Fakturační 1,Praha,11000,CZ,Jan,Doručovací 2,Brno,60200", "2,Eva,Krátká 3,Praha,11000,CZ,,,,"]
    assert labels(tmp_path, heading, *rows) == [
        ("Jan", None, "Doručovací 2", "Brno", "60200"),
        ("Eva", None, "Krátká 3", "Praha", "11000"),
    ]


def test_a_delivery_address_without_a_column_is_not_completed_from_the_other(tmp_path: Path) -> None:
    heading = "Order Number,Name,Address (Billing),City (Billing),Postcode (Billing),Country,Shipping Street Line,"
    with pytest.raises(InputError, match="lacks the column zip_code"):
        labels(tmp_path, heading + "Shipping Town Name", "1,Jan,Fakturační 1,Praha,11000,CZ,Doručovací 2,Brno")


def test_a_file_with_only_a_billing_address_has_one_address(tmp_path: Path) -> None:
    heading = "Order,Billing name,Billing street,Billing city,Billing zip,Billing country"
    assert labels(tmp_path, heading, "1,Jan,Dlouhá 1,Praha,11000,CZ") == [("Jan", None, "Dlouhá 1", "Praha", "11000")]


@pytest.mark.parametrize(
    ("first", "second", "third", "name2", "street"),
    [
        ("Dlouhá 1", "byt 3", "", None, "Dlouhá 1, byt 3"),
        ("Dlouhá 1", "2. patro", "", None, "Dlouhá 1, 2. patro"),
        ("Musterhaus", "Ludwigstrasse 16", "", "Musterhaus", "Ludwigstrasse 16"),
        ("Dlouhá 1", "Dlouhá 1", "", None, "Dlouhá 1"),
        ("Dlouhá 1", "Praha", "", None, "Dlouhá 1"),
        ("Dlouhá 1", "areál Kolben", "", "areál Kolben", "Dlouhá 1"),
        ("ACME s.r.o.", "k rukám Jana", "Dlouhá 1", "ACME s.r.o., k rukám Jana", "Dlouhá 1"),
    ],
)
def test_further_lines_are_placed(
    tmp_path: Path, first: str, second: str, third: str, name2: str | None, street: str
) -> None:
    heading = "reference_id,name,address 1,address 2,address 3,city,zip_code,country"
    row = f'1,Jan,"{first}","{second}","{third}",Praha,11000,CZ'
    assert labels(tmp_path, heading, row) == [("Jan", name2, street, "Praha", "11000")]


@pytest.mark.parametrize("street", ["Kounicova 65a", "Kounicova", "kounicova 65A"])
def test_a_house_number_is_written_once(tmp_path: Path, street: str) -> None:
    heading = "reference_id,name,street,house_number,city,zip_code,country"
    [(_, _, found, _, _)] = labels(tmp_path, heading, f"1,Jan,{street},65a,Brno,60200,CZ")
    assert found is not None
    assert found.casefold() == "kounicova 65a"
