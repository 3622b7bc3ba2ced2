"""Whatever a caller builds is refused before it is sent, or makes a body that the contract accepts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from attrs import evolve, fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from cpl_async import (
    Address,
    CashOnDelivery,
    CplError,
    ExternalNumber,
    Order,
    Shipment,
    ShipmentSet,
    SpecificDelivery,
    ValidationError,
)
from cpl_async.models.codec import encode
from cpl_async.models.order_batches import CreateOrderBatch
from cpl_async.models.orders import CancelOrderEvent
from cpl_async.models.shipment_batches import ConnectSet, CreateShipmentBatch, UpdateShipmentBatch
from cpl_async.models.shipments import RedirectShipmentEvent
from cpl_async.models.validation import problems_of

from ..conftest import shipment
from . import body_schema
from .building import good, wild

BODIES = {
    "ShipmentBatch.CreateShipmentBatch": CreateShipmentBatch,
    "ShipmentBatch.UpdateShipmentBatch": UpdateShipmentBatch,
    "ShipmentBatch.ConnectSet": ConnectSet,
    "ShipmentEvent.RedirectShipmentEvent": RedirectShipmentEvent,
    "OrderBatch.CreateOrderBatch": CreateOrderBatch,
    "OrderEvent.CancelOrderEvent": CancelOrderEvent,
}
THOROUGH = settings(database=None, max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def complaints(name: str, body: bytes) -> list[str]:
    schema = Draft202012Validator(body_schema(name), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(orjson.loads(body))]


def refused(value: Any) -> bool:
    """Return whether a body is refused before it is sent."""
    return isinstance(value, Exception) or bool(problems_of(value))


@pytest.mark.parametrize("name", BODIES)
def test_what_keeps_the_constraints_is_accepted_by_both(name: str) -> None:
    passed = 0

    @THOROUGH
    @given(good(BODIES[name]))
    def check(value: Any) -> None:
        nonlocal passed
        if not refused(value):
            passed += 1
            assert complaints(name, encode(value)) == []

    check()
    assert passed >= 20  # else the test would prove nothing


@pytest.mark.parametrize("name", BODIES)
def test_whatever_is_built_is_refused_or_accepted(name: str) -> None:
    @THOROUGH
    @given(wild(BODIES[name]))
    def check(value: Any) -> None:
        if isinstance(value, BODIES[name]) and not refused(value):
            try:
                body = encode(value)
            except CplError:
                return
            assert complaints(name, body) == []

    check()


def test_an_order_type_that_is_not_in_the_contract_is_refused() -> None:
    order = Order(reference_id="O-1", order_type="Collection", shipment_count=1, send_date=datetime.now(UTC))
    assert [problem.message for problem in problems_of(order) if problem.path == "order_type"] == [
        "is 'Collection', allowed: CollectionOrder, TransportOrder"
    ]


SPOILT = st.one_of(
    wild(str),
    wild(Address),
    wild(CashOnDelivery),
    wild(SpecificDelivery),
    wild(ShipmentSet),
    st.datetimes(),
    st.times(),
    st.lists(wild(ExternalNumber), max_size=2),
)


@pytest.mark.parametrize(
    ("kind", "name", "body"),
    [
        (Shipment, "ShipmentBatch.CreateShipmentBatch", lambda made: CreateShipmentBatch(shipments=[made])),
        (Order, "OrderBatch.CreateOrderBatch", lambda made: CreateOrderBatch(orders=[made])),
    ],
)
def test_one_part_that_is_spoilt_is_refused_or_accepted(kind: Any, name: str, body: Any) -> None:
    @settings(THOROUGH, max_examples=400)
    @given(good(kind).filter(lambda made: not refused(made)), st.sampled_from([f.name for f in fields(kind)]), SPOILT)
    def check(made: Any, field: str, value: Any) -> None:
        try:
            spoilt = evolve(made, **{field: value})
        except (TypeError, ValueError):
            return
        if not refused(spoilt):
            try:
                written = encode(body(spoilt))
            except CplError:
                return
            assert complaints(name, written) == []

    check()


def test_half_a_character_is_named() -> None:
    bad = shipment("b", recipient=Address(name="\ud83d", zip_code="11000", country="CZ"))
    with pytest.raises(ValidationError, match=r"shipments\[1\]\.recipient\.name cannot be written as JSON"):
        encode(CreateShipmentBatch(shipments=[shipment("a"), bad]))
