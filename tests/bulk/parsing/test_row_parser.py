"""Rows become shipments; each mistake is named with its column, all of a row at once."""

from __future__ import annotations

import pytest

from cpl_async.bulk.parsing.row_parser import COLUMNS, column_of, shipment_from
from cpl_async.models.codec import encode

from ...conftest import example_rows


def test_every_example_row_is_good() -> None:
    for row in example_rows():
        shipment, problems = shipment_from(row, None)
        assert problems == []
        assert shipment is not None
        assert shipment.cust == row["reference_id"]
        assert shipment.parcels == int(row["parcels"])


def test_a_row_says_all_that_it_says() -> None:
    row = example_rows()[3]
    shipment, _ = shipment_from(row, None)
    assert encode(shipment).decode() == (
        '{"referenceId":"2026-00004","productType":"BUSD","recipient":{"name":"Univerzita Karlova",'
        '"street":"Ovocný trh 560/5","city":"Praha 1","zipCode":"11636","country":"CZ","phone":"+420777000004",'
        '"email":"prijem4@example.com"},"shipmentSet":{"numberOfShipments":1,"shipmentSetItems":'
        '[{"weighedShipmentInfo":{"weight":1.80}}]},"cashOnDelivery":{"codPrice":1249.00,"codCurrency":"CZK",'
        '"codVarSym":"202600004"},"insurance":{"insurancePrice":75000.00,"insuranceCurrency":"CZK"},'
        '"externalNumbers":[{"code":"CUST","externalNumber":"2026-00004"}]}'
    )


def test_each_parcel_of_a_set_has_the_weight() -> None:
    row = dict(example_rows()[1], parcels="3", weight_kg="1.10")
    shipment, _ = shipment_from(row, None)
    assert shipment is not None
    assert shipment.shipment_set is not None
    assert len(shipment.shipment_set.shipment_set_items) == 3


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"zip_code": ""}, "zip_code"),
        ({"zip_code": "1" * 11}, "zip_code"),
        ({"cod_var_sym": "12AB"}, "cod_var_sym"),
        ({"cod_var_sym": ""}, None),
        ({"cod_var_sym": "", "reference_id": "A-B"}, "cod_var_sym"),
        ({"cod_var_sym": "", "reference_id": "12345678901"}, "cod_var_sym"),
        ({"cod_var_sym": "12345678901"}, "cod_var_sym"),
        ({"country": "CZE"}, None),
        ({"country": "cz"}, None),
        ({"country": "Atlantis"}, "country"),
        ({"name": "N" * 120}, "name"),
        ({"name": ""}, "name"),
        ({"city": "C" * 51}, "city"),
        ({"street": "S" * 61}, "street"),
        ({"cod_price": "-5"}, "cod_price"),
        ({"cod_price": "a lot"}, "cod_price"),
        ({"cod_price": ""}, "cod_price"),
        ({"cod_price": "1.23456"}, "cod_price"),
        ({"cod_currency": "Kč"}, None),
        ({"cod_currency": "crowns"}, "cod_currency"),
        ({"cod_currency": ""}, None),
        ({"cod_price": "1,249"}, "cod_price"),
        ({"product_type": "PRIV"}, "product_type"),
        ({"product_type": "TOOLONG"}, "product_type"),
        ({"product_type": ""}, None),
        ({"product_type": "SMAD"}, "parcel_shop_code"),
        ({"parcels": "51"}, "parcels"),
        ({"parcels": "0"}, "parcels"),
        ({"parcels": "1.5"}, "parcels"),
        ({"parcels": "-1"}, "parcels"),
        ({"weight_kg": "heavy"}, "weight_kg"),
        ({"weight_kg": "-1"}, "weight_kg"),
        ({"weight_kg": "1.123"}, "weight_kg"),
        ({"insurance_price": "x"}, "insurance_price"),
        ({"insurance_currency": ""}, None),
        ({"insurance_price": ""}, "insurance_price"),
        ({"phone": "=cmd|calc"}, "phone"),
        ({"phone": "call me"}, "phone"),
        ({"phone": "+42077700000100000000000000000000"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"email": "a" * 45 + "@b.cz"}, None),
        ({"email": "a" * 46 + "@b.cz"}, "email"),
        ({"note": "=1+1"}, "note"),
        ({"note": "n" * 301}, "note"),
        ({"note": "two\nlines"}, None),
        ({"street": "two\nlines"}, "street"),
        ({"note": "=) thank you"}, None),
        ({"phone": "neuvedeno"}, None),
        ({"email": "-"}, None),
        ({"reference_id": ""}, "reference_id"),
        ({"reference_id": "r" * 101}, "reference_id"),
        ({"reference_id": "r" * 100}, None),
    ],
)
def test_each_mistake_is_named_with_its_column_and_once(changes: dict[str, str], column: str | None) -> None:
    shipment, problems = shipment_from(example_rows()[3] | changes, None)
    assert [problem.column for problem in problems] == ([column] if column else [])
    assert (shipment is None) == bool(column)


def test_all_mistakes_of_a_row_come_at_once() -> None:
    row = example_rows()[3] | {"zip_code": "", "cod_price": "-5", "parcels": "99", "phone": "@x", "country": "XYZ"}
    _, problems = shipment_from(row, None)
    assert {problem.column for problem in problems} == {"zip_code", "cod_price", "parcels", "phone", "country"}


def test_a_collecting_product_needs_only_the_amount() -> None:
    _, problems = shipment_from(example_rows()[3] | {"cod_price": "", "cod_currency": "", "cod_var_sym": ""}, None)
    assert [problem.column for problem in problems] == ["cod_price"]


def test_a_decimal_comma_is_taken() -> None:
    shipment, problems = shipment_from(example_rows()[3] | {"cod_price": "1249,50"}, None)
    assert problems == []
    assert b'"codPrice":1249.50' in encode(shipment)


@pytest.mark.parametrize(
    ("path", "column"),
    [
        *((place, column) for column, place in COLUMNS.items()),
        ("shipment_set.shipment_set_items[0].weighed_shipment_info.weight", "weight_kg"),
        ("cash_on_delivery", "cod_price"),
        ("shipment_set", "parcels"),
        ("external_numbers[0].external_number", "reference_id"),
        ("label_service.labelless", "label_service.labelless"),
    ],
)
def test_a_path_leads_back_to_its_column(path: str, column: str) -> None:
    assert column_of(path) == column


def test_escaped_text_and_long_notes_are_read_as_meant() -> None:
    changes = {"zip_code": '="11000"', "note": "ring twice\r\n\tthen wait", "phone": "není"}
    shipment, problems = shipment_from(example_rows()[0] | changes, None)
    assert shipment is not None, problems
    assert (shipment.recipient.zip_code, shipment.note, shipment.recipient.phone) == (
        "11000",
        "ring twice then wait",
        None,
    )
