"""What was found by attacking: answers that lie, files that change, filters without values, sources that wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from cpl_async import (
    BatchError,
    CashOnDelivery,
    Client,
    EventKind,
    Order,
    Outcome,
    ProtocolError,
    RateLimited,
    ShipmentBatchResult,
    Timeout,
    TrackedShipment,
    TransportError,
    ValidationError,
)
from cpl_async.models.codec import decode, encode
from cpl_async.models.validation import problems_of
from cpl_async.resources import documents
from cpl_async.sandbox import Sandbox

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


async def test_a_filter_without_values_never_means_all(sandbox: Sandbox, client: Client) -> None:
    for call in (client.shipments.list(customer_references=[]), client.orders.list(order_references=[])):
        with pytest.raises(ValidationError, match="would list everything"):
            await call
    assert [item async for item in client.shipments.iterate(shipment_numbers=[])] == []
    assert [item async for item in client.orders.iterate(order_numbers=[])] == []
    assert sandbox.ledger.entries == []


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


@pytest.mark.parametrize("how", ["grow", "shrink", "touch", "remove"])
async def test_a_document_that_changes_is_not_sent_as_whole(
    sandbox: Sandbox, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    batch = await client.shipment_batches.create([shipment("a")])
    number = (await batch.wait()).numbers[0]
    paper = tmp_path / "invoice.pdf"
    paper.write_bytes(b"x" * 200_000)
    real = documents.file_parts

    async def then_change(files: Any) -> Any:
        parts = await real(files)
        if how == "remove":
            paper.unlink()
        else:
            paper.write_bytes(b"y" * {"grow": 300_000, "shrink": 100, "touch": 200_000}[how])
        return parts

    monkeypatch.setattr("cpl_async.resources.shipments.file_parts", then_change)
    with pytest.raises(TransportError, match=r"invoice\.pdf was (changed|removed)"):
        await client.shipments.add_documents(number, files=[paper], document_file_type="INV")
    assert sandbox.documents() == []


async def test_a_name_that_cannot_be_sent_is_refused_at_once(sandbox: Sandbox, client: Client) -> None:
    for name in ("\udcff.pdf", "a\nb.pdf", "x" * 300 + ".pdf"):
        with pytest.raises(ValidationError, match="is not a valid file name"):
            await client.shipments.add_documents("1", files=[(name, b"x")], document_file_type="INV")
    assert sandbox.ledger.entries == []


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


async def test_results_are_handed_out_while_the_source_is_waited_for(client: Client) -> None:
    batch = await client.shipment_batches.create([shipment(f"r{n}") for n in range(60)])
    numbers = (await batch.wait(timeout=20)).numbers
    first_came: asyncio.Event = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        for number in numbers[:50]:
            yield number
        await asyncio.wait_for(first_came.wait(), 10)  # a producer that waits for a result
        for number in numbers[50:]:
            yield number

    found = []
    async for result in client.shipments.track(source()):
        first_came.set()
        found.append(result.number)
    assert sorted(found) == numbers


async def test_each_number_has_a_result_and_one_request(sandbox: Sandbox, client: Client) -> None:
    numbers = (await (await client.shipment_batches.create([shipment("a"), shipment("b")])).wait()).numbers
    given = [numbers[0], numbers[0], numbers[1], numbers[0]]
    assert [result.number async for result in client.shipments.track(given)] == given
    assert len(sandbox.ledger.of("shipments.list")) == 1
    found = [item.shipment_number async for item in client.shipments.iterate(shipment_numbers=numbers * 60)]
    assert found == numbers


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


def test_moments_of_other_libraries_are_written() -> None:
    class Moment(datetime):
        """As pendulum, pandas and freezegun have."""

    order = Order(
        reference_id="a", order_type="CollectionOrder", shipment_count=1, send_date=Moment(2026, 12, 1, 8, tzinfo=UTC)
    )
    assert problems_of(order) == []
    assert orjson.loads(encode(order))["sendDate"] == "2026-12-01T08:00:00+00:00"


async def test_odd_headers_are_taken_for_none(server: Server, odd: Client) -> None:
    server.answer([], X_Paging_Total_Items_Count="9" * 5000, X_Paging_Limit="none")
    assert (await odd.shipments.list()).total is None
    server.answer(status=429, Retry_After="Mon, 1 Jan 99999999999999999999 00:00:00 GMT")
    with pytest.raises(RateLimited):
        await odd.shipments.list(tries=1)


async def test_what_is_kept_is_not_changed_by_a_caller(client: Client) -> None:
    kept = client.codelists.cached()
    (await kept.products()).items[0].code = "X"
    assert (await kept.products()).items[0].code != "X"


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


def test_a_shipment_is_given_its_reference_to_be_asked_after() -> None:
    plain = shipment("a", external_numbers=[])
    assert (plain.cust, plain.with_cust().cust) == (None, "a")
    assert shipment("b").with_cust() == shipment("b")


async def test_an_error_names_the_one_thing_it_is_about(client: Client) -> None:
    with pytest.raises(ValidationError, match=r"shipments\.cancel: HTTP 400 \[12345\]"):
        await client.shipments.cancel("12345")


def test_times_of_an_order_are_in_order() -> None:
    from datetime import time as clock

    late = Order(
        reference_id="a", order_type="CollectionOrder", shipment_count=1, send_date=datetime.now(UTC),
        send_time_from=clock(15), send_time_to=clock(8),
    )  # fmt: skip
    assert [problem.path for problem in problems_of(late)] == ["send_time_to"]


async def test_a_call_is_not_slow_to_say_what_is_wrong(client: Client) -> None:
    began = time.monotonic()
    for options in ({"tries": 0}, {"tries": 20}, {"timeout": -1}, {"timeout": 0}, {"tries": "x"}):
        chosen: Any = options
        with pytest.raises(Exception, match=r"timeout is|tries is"):
            await client.info.get(**chosen)
    assert time.monotonic() - began < 5


def test_a_state_is_read_into_what_people_ask_for() -> None:
    result = decode(
        {"items": [{"referenceId": "a", "shipmentNumber": "2", "relatedItems": [{"shipmentNumber": "1"}]}]},
        ShipmentBatchResult,
    )
    assert result.numbers == ["1", "2"]
