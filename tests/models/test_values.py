"""Amounts, dates and states of models are exact."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from cpl_async import (
    CashOnDelivery,
    Order,
    ShipmentBatchResult,
)
from cpl_async.models.codec import decode, encode
from cpl_async.models.validation import problems_of

from ..conftest import shipment


@pytest.mark.parametrize("amount", [True, "1_000", Decimal("1.0000000000000000000000000000001"), "1e-5"])
def test_money_is_never_guessed(amount: Any) -> None:
    cash = CashOnDelivery(cod_price=amount, cod_currency="CZK", cod_var_sym="1")
    assert [problem.path for problem in problems_of(shipment(product_type="PRID", cash_on_delivery=cash))] == [
        "cash_on_delivery.cod_price"
    ]


@pytest.mark.parametrize("amount", ["100.50000000000000000000000", "1E+3", "0.0001"])
def test_zeros_at_the_end_do_no_harm(amount: str) -> None:
    cash = CashOnDelivery(cod_price=Decimal(amount), cod_currency="CZK", cod_var_sym="1")
    assert problems_of(shipment(product_type="PRID", cash_on_delivery=cash)) == []


def test_moments_of_other_libraries_are_written() -> None:
    class Moment(datetime):
        """As pendulum, pandas and freezegun have."""

    order = Order(
        reference_id="a", order_type="CollectionOrder", shipment_count=1, send_date=Moment(2026, 12, 1, 8, tzinfo=UTC)
    )
    assert problems_of(order) == []
    assert orjson.loads(encode(order))["sendDate"] == "2026-12-01T08:00:00+00:00"


def test_a_shipment_is_given_its_reference_to_be_asked_after() -> None:
    plain = shipment("a", external_numbers=[])
    assert (plain.cust, plain.with_cust().cust) == (None, "a")
    assert shipment("b").with_cust() == shipment("b")


def test_times_of_an_order_are_in_order() -> None:
    from datetime import time as clock

    late = Order(
        reference_id="a", order_type="CollectionOrder", shipment_count=1, send_date=datetime.now(UTC),
        send_time_from=clock(15), send_time_to=clock(8),
    )  # fmt: skip
    assert [problem.path for problem in problems_of(late)] == ["send_time_to"]


def test_a_state_is_read_into_what_people_ask_for() -> None:
    result = decode(
        {"items": [{"referenceId": "a", "shipmentNumber": "2", "relatedItems": [{"shipmentNumber": "1"}]}]},
        ShipmentBatchResult,
    )
    assert result.numbers == ["1", "2"]
