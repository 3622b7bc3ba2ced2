"""All that is wrong with a shipment is found before it is sent, all at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest

from cpl_async import Address, CashOnDelivery, ExternalNumber, Insurance, ShipmentSet, ShipmentSetItem, SpecificDelivery
from cpl_async.models.validation import problems_of

from ..conftest import shipment

GOOD_CASH: dict[str, Any] = {"cod_price": Decimal("10.00"), "cod_currency": "CZK", "cod_var_sym": "1"}
GOOD_ADDRESS: dict[str, Any] = {"name": "A", "zip_code": "11000", "country": "CZ"}


def test_a_good_shipment_has_no_problem() -> None:
    assert problems_of(shipment()) == []


def test_all_problems_come_at_once_with_their_paths() -> None:
    bad = shipment(
        reference_id="",
        recipient=Address(name="x" * 51, zip_code="", country="CZE"),
        product_type="PRID",
        cash_on_delivery=CashOnDelivery(cod_price=-1, cod_currency="Kč", cod_var_sym="12AB"),
    )
    paths = [problem.path for problem in problems_of(bad, path="shipments[7]", index=7)]
    assert paths == [
        "shipments[7].reference_id",
        "shipments[7].recipient.name",
        "shipments[7].recipient.zip_code",
        "shipments[7].recipient.country",
        "shipments[7].cash_on_delivery.cod_price",
        "shipments[7].cash_on_delivery.cod_currency",
        "shipments[7].cash_on_delivery.cod_var_sym",
    ]


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"reference_id": "x" * 129}, "reference_id", "129 characters"),
        ({"reference_id": 7}, "reference_id", "must be text"),
        ({"product_type": "LONGER"}, "product_type", "at most 4"),
        ({"note": "x" * 301}, "note", "at most 300"),
        ({"recipient": "Praha"}, "recipient", "must be Address"),
        ({"recipient": Address(**GOOD_ADDRESS | {"zip_code": 11000})}, "recipient.zip_code", "must be text"),
        ({"recipient": Address(**GOOD_ADDRESS | {"country": "cz"})}, "recipient.country", "capital"),
        ({"sender": Address(name="A", country="CZ")}, "sender.zip_code", "is missing"),
        ({"product_type": "PRID"}, "cash_on_delivery", "collects money"),
        ({"cash_on_delivery": CashOnDelivery(**GOOD_CASH)}, "product_type", "PRID does"),
        ({"product_type": "SMAR"}, "specific_delivery.parcel_shop_code", "pickup point"),
        ({"shipment_set": ShipmentSet(number_of_shipments=51)}, "shipment_set.number_of_shipments", "at most 50"),
        ({"shipment_set": ShipmentSet(number_of_shipments=0)}, "shipment_set.number_of_shipments", "at least 1"),
        (
            {"shipment_set": ShipmentSet(number_of_shipments=1, shipment_set_items=[ShipmentSetItem()] * 2)},
            "shipment_set.shipment_set_items",
            "2 parcels of 1",
        ),
        (
            {"external_numbers": [ExternalNumber(code="CUST", external_number="x" * 101)]},
            "external_numbers[0].external_number",
            "at most 100",
        ),
        (
            {"external_numbers": [ExternalNumber(code=code, external_number="1") for code in ("PRTE", "PRBC")]},
            "external_numbers",
            "exclude",
        ),
        ({"external_numbers": "CUST"}, "external_numbers", "must be a list"),
        (
            {"insurance": Insurance(insurance_price=cast("Decimal", 1.5), insurance_currency="CZK")},
            "insurance.insurance_price",
            "float",
        ),
        (
            {"insurance": Insurance(insurance_price="1.00001", insurance_currency="CZK")},
            "insurance.insurance_price",
            "4 decimal places",
        ),
        (
            {"insurance": Insurance(insurance_price="NaN", insurance_currency="CZK")},
            "insurance.insurance_price",
            "number",
        ),
        (
            {"insurance": Insurance(insurance_price="1000000000000", insurance_currency="CZK")},
            "insurance.insurance_price",
            "too large",
        ),
    ],
)
def test_each_mistake_is_named_where_it_is(changes: dict[str, Any], path: str, words: str) -> None:
    problems = problems_of(shipment(**changes))
    assert [problem.path for problem in problems] == [path]
    assert words in problems[0].message


def test_a_pickup_point_product_is_good_with_its_point() -> None:
    delivery = SpecificDelivery(parcel_shop_code="KM1")
    assert problems_of(shipment(product_type="SMAR", specific_delivery=delivery)) == []
