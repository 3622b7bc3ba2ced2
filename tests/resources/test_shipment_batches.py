"""Batches of shipments: created, waited for, their labels fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
import pytest
import zxingcpp
from aioresponses import aioresponses
from jsonschema import Draft202012Validator

from cpl_async import (
    BatchError,
    Client,
    ImportState,
    LabelFormat,
    LabelSettings,
    NotFound,
    ProtocolError,
    RelationType,
    ShipmentSet,
    SpecificDelivery,
    Timeout,
    ValidationError,
)
from cpl_async.models.codec import encode
from cpl_async.models.shipment_batches import CreateShipmentBatch
from cpl_async.sandbox import Sandbox

from ..conftest import shipment
from ..contract import body_schema
from ..pictures import pages_of

MakeClient = Callable[..., Client]


async def test_a_batch_from_creation_to_labels(sandbox: Sandbox, client: Client) -> None:
    parcels = [shipment("a"), shipment("b", shipment_set=ShipmentSet(number_of_shipments=3)), shipment("c")]
    batch = await client.shipment_batches.create(parcels, labels=LabelSettings(format=LabelFormat.PDF))
    assert batch.references == ("a", "b", "c")
    result = await batch.wait(timeout=20)
    items = {item.reference_id: item for item in result.items}
    assert set(items) == {"a", "b", "c"}
    assert all(item.import_state is ImportState.COMPLETE for item in result.items)
    related = items["b"].related_items
    assert [item.relation_type for item in related] == [RelationType.SHIPMENT_SET] * 2
    numbers = sorted(
        [str(item.shipment_number) for item in result.items] + [str(part.shipment_number) for part in related]
    )
    assert len(set(numbers)) == 5
    label = await batch.label(order_by="ShipmentNumber")
    assert label.content_type == "application/pdf"
    read = [[code.text for code in zxingcpp.read_barcodes(page)] for page in pages_of(label.content)]
    assert read == [[number] for number in numbers]
    second = await batch.label(limit=1, offset=1, order_by="ShipmentNumber")
    assert [code.text for page in pages_of(second.content) for code in zxingcpp.read_barcodes(page)] == [numbers[1]]
    single = await client.data.get(str(items["a"].label_url))
    assert [code.text for page in pages_of(single.content) for code in zxingcpp.read_barcodes(page)] == [
        items["a"].shipment_number
    ]


async def test_items_have_the_order_of_the_request_when_asked(client: Client) -> None:
    references = [f"r{number:02}" for number in range(30)]
    batch = await client.shipment_batches.create([shipment(reference) for reference in references])
    await batch.wait()
    as_it_comes = [item.reference_id for item in (await batch.result()).items]
    sorted_ones = [item.reference_id for item in (await batch.result(order_by="ReferenceId")).items]
    assert as_it_comes != references
    assert sorted_ones == references


async def test_label_settings_can_be_changed_afterwards(client: Client) -> None:
    batch = await client.shipment_batches.create([shipment()])
    await batch.wait()
    await client.shipment_batches.update_labels(batch.id, labels=LabelSettings(format=LabelFormat.ZPL))
    label = await batch.label()
    assert label.content.startswith(b"^XA")
    with pytest.raises(ValidationError, match="at least 203"):
        await client.shipment_batches.update_labels(batch.id, labels=LabelSettings(dpi=100))


async def test_all_that_is_wrong_is_told_before_anything_is_sent(sandbox: Sandbox, client: Client) -> None:
    bad = [shipment("a", product_type=""), shipment("b"), shipment("b", note="x" * 301)]
    with pytest.raises(ValidationError) as caught:
        await client.shipment_batches.create(bad)
    found = [(problem.path, problem.index, problem.reference_id) for problem in caught.value.problems]
    assert found == [
        ("shipments[0].product_type", 0, "a"),
        ("shipments[2].note", 2, "b"),
        ("shipments[2].reference_id", 2, "b"),
    ]
    assert caught.value.outcome == "not_sent"
    assert sandbox.ledger.entries == []


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_batch_has_one_to_a_thousand_shipments(client: Client, count: int) -> None:
    with pytest.raises(ValidationError, match="1 to 1000"):
        await client.shipment_batches.create([shipment(str(number)) for number in range(count)])


async def test_checking_a_thousand_shipments_lets_the_loop_breathe(client: Client) -> None:
    await client.open()
    turns = 0

    async def heartbeat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(heartbeat())
    with pytest.raises(ValidationError):
        await client.shipment_batches.create([*(shipment(str(number)) for number in range(999)), shipment("1")])
    beating.cancel()
    assert turns >= 9


async def test_a_rejection_names_shipments_by_reference(client: Client) -> None:
    with pytest.raises(ValidationError) as caught:
        await client.shipment_batches.create([shipment("a"), shipment("b", product_type="XXXX")], language="en-GB")
    (problem,) = caught.value.problems
    assert (problem.path, problem.index, problem.reference_id) == ("shipments[1].product_type", 1, "b")
    assert problem.message == "Unknown product XXXX."


async def test_an_error_at_import_is_of_its_item_only(client: Client) -> None:
    away = SpecificDelivery(parcel_shop_code="KM10999000")
    batch = await client.shipment_batches.create(
        [shipment("a"), shipment("b", product_type="SMAR", specific_delivery=away)], language="en"
    )
    items = {item.reference_id: item for item in (await batch.wait()).items}
    assert items["a"].import_state is ImportState.COMPLETE
    assert (items["b"].import_state, items["b"].error_code) == (ImportState.ERROR, "1042")
    with pytest.raises(BatchError, match="1 of 2 shipments failed") as caught:
        await batch.wait(raise_errors=True)
    assert [(problem.reference_id, problem.message) for problem in caught.value.problems] == [
        ("b", "1042: The pickup point does not exist")
    ]


async def test_waiting_too_long_says_what_is_open(
    make_sandbox: Callable[..., Sandbox], make_client: MakeClient
) -> None:
    client = make_client(make_sandbox(speed=1, import_seconds=60))
    batch = await client.shipment_batches.create([shipment("a"), shipment("b")])
    with pytest.raises(Timeout, match="2 of 2 items") as caught:
        await batch.wait(timeout=0.7)
    assert caught.value.outcome == "unknown"
    assert "poll it again later" in str(caught.value)


async def test_handles_ids_and_queries_are_checked_before_sending(sandbox: Sandbox, client: Client) -> None:
    calls = client.shipment_batches
    for attempt in (
        calls.get(""),
        calls.get(".."),
        calls.label("x", limit=0),
        calls.label("x", limit=201),
        calls.label("x", offset=-1),
        calls.label("x", position=5),
    ):
        with pytest.raises(ValidationError):
            await attempt
    assert sandbox.ledger.entries == []
    with pytest.raises(NotFound):
        await calls.handle("no/such?batch").result()


async def test_null_where_a_list_is_declared_is_read(mocked: aioresponses, make_client: MakeClient) -> None:
    mocked.post("https://api.example/login/getAccessToken", payload={"access_token": "t", "expires_in": 1800})
    mocked.get("https://api.example/shipment/batch/x", body=b"{}")
    mocked.get("https://api.example/shipment/batch/x", body=b'{"items": null, "completeLabel": null}')
    mocked.get("https://api.example/shipment/batch/x", body=b"[1, 2]")
    client = make_client(base_url="https://api.example")
    for _ in range(2):
        assert (await client.shipment_batches.get("x")).items == []
    with pytest.raises(ProtocolError):
        await client.shipment_batches.get("x")


def test_what_is_sent_is_what_the_contract_asks_for() -> None:
    whole = shipment(
        "a",
        note="n",
        sender=shipment().recipient,
        shipment_set=ShipmentSet(number_of_shipments=2),
        specific_delivery=SpecificDelivery(parcel_shop_code="KM1"),
    )
    body = CreateShipmentBatch(shipments=[whole], label_settings=LabelSettings(dpi=300))
    validator = Draft202012Validator(body_schema("ShipmentBatch.CreateShipmentBatch"))
    assert list(validator.iter_errors(orjson.loads(encode(body)))) == []
