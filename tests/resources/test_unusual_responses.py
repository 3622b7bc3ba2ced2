"""Responses of gateways, incomplete lists and unreadable items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from cpl_async import (
    BatchError,
    Client,
    EventKind,
    Outcome,
    ProtocolError,
    RateLimited,
    Timeout,
    TrackedShipment,
    ValidationError,
)
from cpl_async.models.codec import decode

from ..conftest import shipment
from ..contract.server import Server, serving

PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def odd(server: Server) -> AsyncIterator[Client]:
    """A client of a server that answers what a test says."""
    async with Client(client_id="a", client_secret="b", base_url=server.base_url) as client:
        yield client


@pytest.mark.parametrize("headers", [{"Content_Type": "text/html; charset=utf-8"}, {}])
async def test_a_page_of_a_gateway_is_no_answer(server: Server, odd: Client, headers: Any) -> None:
    server.answer(**headers)
    server.body = PAGE
    for write in (
        odd.shipments.cancel("1"),
        odd.orders.cancel(order_reference="1"),
        odd.shipments.redirect("1", phone="1"),
        odd.shipment_batches.connect_set(["1", "2"]),
    ):
        with pytest.raises(ProtocolError, match="page of HTML") as caught:
            await write
        assert caught.value.outcome is Outcome.UNKNOWN
    for read in (odd.data.get("x"), odd.shipment_batches.label("x"), odd.customer.get()):
        with pytest.raises(ProtocolError, match="page of HTML"):
            await read


async def test_an_unknown_outcome_of_a_page_is_told(server: Server) -> None:
    events: list[Any] = []
    async with Client(client_id="a", client_secret="b", base_url=server.base_url, on_event=events.append) as client:
        server.answer(Content_Type="text/html")
        with pytest.raises(ProtocolError):
            await client.shipments.cancel("40900000001")
    unknown = [event for event in events if event.kind is EventKind.UNKNOWN]
    assert [event.references for event in unknown] == [("40900000001",)]


async def test_a_failed_parcel_is_an_error_of_its_shipment(server: Server, odd: Client) -> None:
    related = [{"importState": "Error", "errorCode": "9", "errorMessage": "bad parcel"}]
    server.answer({"items": [{"referenceId": "a", "importState": "Complete", "relatedItems": related}]})
    batch = odd.shipment_batches.handle("x")
    assert (await batch.result()).errors == {"a": "a further parcel: 9: bad parcel"}
    with pytest.raises(BatchError) as caught:
        await batch.wait(raise_errors=True)
    assert caught.value.outcome is Outcome.UNKNOWN  # the others were created


async def test_a_batch_is_not_done_while_items_are_missing(server: Server, odd: Client) -> None:
    server.answer({"items": [{"referenceId": "a", "importState": "Complete"}]})
    with pytest.raises(Timeout, match="2 of 3 items") as caught:
        await odd.shipment_batches.handle("x", references=["a", "b", "c"]).wait(timeout=0.2)
    assert caught.value.outcome is Outcome.UNKNOWN


async def test_a_list_that_ends_early_says_so(server: Server, odd: Client) -> None:
    server.answer(None, X_Paging_Total_Items_Count="2000")
    with pytest.raises(ProtocolError, match="ended after 0 of 2000"):
        [item async for item in odd.shipments.iterate()]


async def test_a_server_that_caps_its_pages_is_followed_to_the_end(
    odd: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cpl_async.transport.responses import Response

    async def send(call: Any, options: Any) -> Response:
        offset = int(dict(call.query)["Offset"])
        items = [{"shipmentNumber": str(number)} for number in range(offset, min(offset + 100, 250))]
        return Response(status=200, headers={"X-Paging-Limit": "100"}, body=orjson.dumps(items))

    monkeypatch.setattr(await odd._transport(), "send", send)
    found = [item.shipment_number async for item in odd.shipments.iterate(page=1000)]
    assert found == [str(number) for number in range(250)]


def test_one_unreadable_event_loses_nothing_but_what_is_odd() -> None:
    good = {"statusId": 2, "phase": "InTransport", "eventDate": "2026-01-02T10:00:00Z"}
    bad = {"statusId": 4, "phase": "Delivering", "eventDate": "2024-13-01"}
    data = {
        "shipmentNumber": "1",
        "trackAndTrace": {"events": [good, bad, "text"]},
        "shipmentWeightInfo": {"weight": "x"},
    }
    found = decode(data, TrackedShipment)
    assert found.unreadable is not None
    assert "trackAndTrace.events[1].eventDate" in found.unreadable
    assert "trackAndTrace.events[2]" in found.unreadable
    assert found.track_and_trace is not None
    assert [event.phase for event in found.track_and_trace.events] == ["InTransport", "Delivering"]
    assert found.phase == "InTransport"


async def test_odd_headers_are_taken_for_none(server: Server, odd: Client) -> None:
    server.answer([], X_Paging_Total_Items_Count="9" * 5000, X_Paging_Limit="none")
    assert (await odd.shipments.list()).total is None
    server.answer(status=429, Retry_After="Mon, 1 Jan 99999999999999999999 00:00:00 GMT")
    with pytest.raises(RateLimited):
        await odd.shipments.list(tries=1)


async def test_all_labels_of_a_large_batch_are_to_be_had(client: Client) -> None:
    batch = await client.shipment_batches.create([shipment(f"r{n:03}") for n in range(201)])
    result = await batch.wait(timeout=30)
    assert len(result.numbers) == 201
    assert result.by_reference["r007"].shipment_number in result.numbers
    with pytest.raises(ValidationError, match=r"use `labels\(\)`"):
        await batch.label()
    sizes = [len(label.content) async for label in batch.labels(timeout=60)]
    assert len(sizes) == 2
    assert sizes[0] > sizes[1] > 1000


async def test_the_loop_breathes_while_a_page_is_read(server: Server, odd: Client) -> None:
    events = [{"statusId": 1, "phase": "Order", "eventDate": "2026-01-01T10:00:00+01:00"}] * 8
    server.answer([{"shipmentNumber": str(n), "trackAndTrace": {"events": events}} for n in range(1000)])
    turns = 0

    async def heartbeat() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    await odd.shipments.list(limit=1)
    from cpl_async.resources.base import DECODE_CHUNK_SIZE, _items
    from cpl_async.transport.call import Call
    from cpl_async.transport.responses import Response

    beating = asyncio.ensure_future(heartbeat())
    await asyncio.sleep(0)
    before = turns
    answer = Response(status=200, headers={}, body=server.body)
    items = await _items(answer, Call(operation="x", method="GET", path="x"), TrackedShipment)
    beating.cancel()
    assert len(items) == 1000
    assert turns - before >= 1000 // DECODE_CHUNK_SIZE - 1
