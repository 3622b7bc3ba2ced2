"""Models become JSON of the API and are read from it tolerantly."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import orjson
import pytest

from cpl_async import AccessPoint, CashOnDelivery, ImportState, LabelSettings, ShipmentBatchResult, TrackedShipment
from cpl_async.models.codec import decode, decode_list, encode, pythonic_path, wire_name

from ..conftest import shipment


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("zip_code", "zipCode"),
        ("name2", "name2"),
        ("cod_var_sym", "codVarSym"),
        ("is_complete_label_requested", "isCompleteLabelRequested"),
    ],
)
def test_names_follow_one_rule(name: str, wire: str) -> None:
    assert wire_name(name) == wire
    assert pythonic_path(wire) == name


def test_nothing_is_written_where_nothing_was_said() -> None:
    assert orjson.loads(encode(shipment("a"))) == {
        "referenceId": "a",
        "productType": "PRIV",
        "recipient": {
            "name": "Městský úřad",
            "street": "Náměstí 1",
            "city": "Kolín",
            "zipCode": "28002",
            "country": "CZ",
        },
        "externalNumbers": [{"code": "CUST", "externalNumber": "a"}],
    }


@pytest.mark.parametrize("amount", ["0.1", "1249.00", "99999999999.9999", "100"])
def test_money_is_written_to_the_last_digit(amount: str) -> None:
    cash = CashOnDelivery(cod_price=Decimal(amount), cod_currency="CZK", cod_var_sym="1")
    assert f'"codPrice":{amount},'.encode() in encode(cash)


def test_the_same_shipment_gives_the_same_bytes() -> None:
    assert encode(shipment("a")) == encode(shipment("a"))


def test_unknown_fields_and_codes_do_not_fail() -> None:
    data = {"items": [{"referenceId": "a", "importState": "Postponed", "colour": "blue"}], "more": 1}
    item = decode(data, ShipmentBatchResult).items[0]
    assert item.import_state == "Postponed"
    assert isinstance(item.import_state, ImportState)
    assert not item.settled
    assert item.unreadable is None


@pytest.mark.parametrize("data", [{"items": None}, {}, {"items": []}])
def test_a_missing_list_is_an_empty_one_and_nothing_is_settled(data: dict[str, Any]) -> None:
    result = decode(data, ShipmentBatchResult)
    assert result.items == []
    assert not result.settled


def test_one_unreadable_item_loses_nothing_but_itself() -> None:
    good = {"referenceId": "a", "shipmentNumber": "1", "importState": "Complete"}
    odd = {"referenceId": "b", "shipmentNumber": "2", "importState": "Complete", "insurancePrice": "a lot"}
    items = decode({"items": [good, odd, None, good]}, ShipmentBatchResult).items
    assert [item.reference_id for item in items] == ["a", "b", None, "a"]
    assert items[1].shipment_number == "2"
    assert items[1].import_state is ImportState.COMPLETE
    assert items[1].unreadable is not None
    assert "insurancePrice" in items[1].unreadable
    assert items[2].unreadable is not None


def test_moments_without_an_offset_are_of_prague() -> None:
    tracked = decode({"lastUpdateDate": "2026-07-01T10:00:00.1234567"}, TrackedShipment)
    assert tracked.last_update_date is not None
    assert tracked.last_update_date.astimezone(UTC) == datetime(2026, 7, 1, 8, 0, 0, 123456, UTC)


def test_times_of_day_are_read_in_both_forms() -> None:
    data = {"specificDelivery": {"specificDeliveryTimeFrom": "10:30", "specificDeliveryTimeTo": "12:00:30"}}
    delivery = decode(data, TrackedShipment).specific_delivery
    assert delivery is not None
    assert delivery.specific_delivery_time_from == time(10, 30)
    assert delivery.specific_delivery_time_to == time(12, 0, 30)


def test_a_list_may_come_as_null_or_as_one_object() -> None:
    assert decode_list(None, TrackedShipment) == []
    assert [item.shipment_number for item in decode_list({"shipmentNumber": "1"}, TrackedShipment)] == ["1"]


def test_prices_are_read_as_decimals() -> None:
    item = decode({"items": [{"insurancePrice": 1234.1}]}, ShipmentBatchResult).items[0]
    assert item.insurance_price == Decimal("1234.1")


def test_label_settings_take_a_format_by_its_text() -> None:
    assert encode(LabelSettings(format="Zpl")) == b'{"format":"Zpl"}'


@pytest.mark.parametrize("value", ["1e999999999", "-1e-999999999", "NaN", "Infinity", "1" * 5000])
def test_a_number_that_cannot_be_written_is_unreadable(value: str) -> None:
    [item] = decode_list([{"shipmentNumber": "1", "paymentInfo": {"codPrice": value}}], TrackedShipment)
    assert item.shipment_number == "1"
    assert item.unreadable == "cannot be read: paymentInfo.codPrice (ValueError)"
    assert item.payment_info is not None
    assert item.payment_info.cod_price is None


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-inf"])
def test_a_position_is_a_finite_number(value: str) -> None:
    [point] = decode_list([{"accessPointCode": "A", "gps": {"latitude": value, "longitude": 14.4}}], AccessPoint)
    assert point.unreadable == "cannot be read: gps.latitude (ValueError)"
    assert point.gps is not None
    assert point.gps.latitude is None
    assert point.gps.distance_km(50.0, 14.0) is None


def test_one_object_in_place_of_a_list_is_read() -> None:
    data = {"items": [{"referenceId": "a", "shipmentNumber": "1", "relatedItems": {"shipmentNumber": "2"}}]}
    [item] = decode(data, ShipmentBatchResult).items
    assert [child.shipment_number for child in item.related_items] == ["2"]
    assert item.unreadable == "cannot be read: relatedItems (no list)"
    assert item.settled is False
