"""What a slip of the hand hands over is refused with a clear error, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cpl_async import Client, ConfigurationError, ValidationError
from cpl_async.sandbox import Sandbox

from ..conftest import shipment

SLIPS: dict[str, Callable[[Any], Any]] = {
    "a list where one value belongs": lambda cpl: cpl.orders.list(order_states=["Created"]),
    "one value where a list belongs": lambda cpl: cpl.orders.list(order_numbers="1"),
    "nothing where a list belongs": lambda cpl: cpl.shipments.list(shipment_numbers=None),
    "nothing where a list to go through belongs": lambda cpl: anext(cpl.shipments.iterate(shipment_numbers=None)),
    "a number where a list belongs": lambda cpl: cpl.orders.list(order_ids=5),
    "a number where a list to go through belongs": lambda cpl: anext(cpl.orders.iterate(order_ids=5)),
    "a limit as text": lambda cpl: cpl.shipments.list(limit="5"),
    "a number that is no text": lambda cpl: cpl.shipments.cancel(40900000001),
    "no number": lambda cpl: cpl.shipments.cancel(None),
    "an id that is none": lambda cpl: cpl.order_batches.get(None),
    "no orders": lambda cpl: cpl.order_batches.create(None),
    "orders that are none": lambda cpl: cpl.order_batches.create([1]),
    "a shipment that is none": lambda cpl: cpl.shipment_batches.create([shipment("a"), {"reference_id": "b"}]),
    "an empty iterator": lambda cpl: cpl.shipment_batches.create(iter([])),
    "one number for a set": lambda cpl: cpl.shipment_batches.connect_set("40900000001"),
    "numbers that are none": lambda cpl: cpl.shipment_batches.connect_set([1, 2]),
    "a range without a request": lambda cpl: cpl.customer.create_number_range(None),
    "no points": lambda cpl: cpl.access_points.nearest(latitude=50, longitude=14, count=0),
    "a document as text": lambda cpl: cpl.shipments.add_documents(
        "1", files=[("a.pdf", "x")], document_file_type="INV"
    ),
    "a phone as a number": lambda cpl: cpl.shipments.redirect("1", phone=777),
    "a reference as a number": lambda cpl: cpl.orders.cancel(order_reference=5),
    "a note as a number": lambda cpl: cpl.orders.cancel(order_reference="a", note=5),
    "no label": lambda cpl: cpl.data.get(None),
    "a label's address without a scheme": lambda cpl: cpl.data.get("//host/x"),
    "a label's address with a host that cannot be decoded": lambda cpl: cpl.data.get("https://xn--/x"),
    "a label's address with a port that is none": lambda cpl: cpl.data.get("https://host:x/y"),
    "a label's address without a host": lambda cpl: cpl.data.get("https:///x"),
    "no country": lambda cpl: cpl.choose_product(None),
    "a time-out as text": lambda cpl: cpl.info.get(timeout="5"),
    "a language as a number": lambda cpl: cpl.info.get(language=5),
    "a list of lists to track": lambda cpl: anext(cpl.shipments.track([["1"]])),
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
async def test_a_slip_is_refused_before_anything_is_sent(
    sandbox: Sandbox, client: Client, slip: Callable[[Any], Any]
) -> None:
    with pytest.raises((ValidationError, ConfigurationError)) as caught:
        await slip(client)
    assert caught.value.outcome == "not_sent"
    assert sandbox.ledger.entries == []


async def test_any_iterable_of_shipments_will_do(client: Client) -> None:
    batch = await client.shipment_batches.create(shipment(reference) for reference in ("a", "b"))
    assert batch.references == ("a", "b")
