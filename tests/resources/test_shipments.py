"""Tracking: pages, filters, and going through all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cpl_async import Client, ShipmentSet, ValidationError
from cpl_async.sandbox import Sandbox

from ..conftest import shipment


async def created(client: Client, count: int) -> list[str]:
    references = [f"r{number:03}" for number in range(count)]
    parcels = [shipment(reference) for reference in references]
    parcels[1] = shipment(references[1], shipment_set=ShipmentSet(number_of_shipments=3))
    await (await client.shipment_batches.create(parcels)).wait()
    return references


async def test_a_page_has_its_totals(client: Client) -> None:
    await created(client, 5)
    page = await client.shipments.list(limit=2, offset=4)
    assert (len(page), page.total, page.offset, page.limit) == (2, 7, 4, 2)
    assert [parcel.cust for parcel in page] == ["r002", "r003"]


async def test_each_parcel_of_a_set_is_an_entry_with_its_master(client: Client) -> None:
    await created(client, 3)
    found = (await client.shipments.list(customer_references=["r001"])).items
    assert len(found) == 3
    sets = [parcel.shipment_set for parcel in found]
    assert {part.master_shipment_number for part in sets if part} == {found[0].shipment_number}
    assert [part.shipment_in_set_number for part in sets if part] == [1, 2, 3]


async def test_iterating_splits_filters_and_pages(sandbox: Sandbox, client: Client) -> None:
    references = await created(client, 120)
    found = [parcel.cust async for parcel in client.shipments.iterate(customer_references=references, page=30)]
    assert sorted({str(cust) for cust in found}) == references
    assert len(found) == 122
    assert len(sandbox.ledger.of("shipments.list")) == 5  # 52 in two pages, 50 in two, 20 in one
    everything = [parcel async for parcel in client.shipments.iterate(page=100)]
    assert len(everything) == 122


async def test_filters_are_checked_before_sending(sandbox: Sandbox, client: Client) -> None:
    for attempt in (
        client.shipments.list(customer_references=["x"] * 51),
        client.shipments.list(customer_references="x"),
        client.shipments.list(limit=0),
        client.shipments.list(limit=1001),
        client.shipments.list(date_from=datetime(2026, 1, 1)),
    ):
        with pytest.raises(ValidationError):
            await attempt
    with pytest.raises(ValidationError, match="only one filter"):
        await anext(client.shipments.iterate(shipment_numbers=["1"] * 51, customer_references=["2"] * 51))
    with pytest.raises(TypeError, match=r"shipment_number \(did you mean shipment_numbers\?\)"):
        await client.shipments.list(shipment_number=["1"])  # type: ignore[call-arg]  # what a typing slip looks like
    assert sandbox.ledger.entries == []


async def test_filters_cross_as_repeated_parameters(
    make_sandbox: Callable[..., Sandbox], make_client: Callable[..., Client]
) -> None:
    client = make_client(make_sandbox())
    await created(client, 4)
    odd = "a,b&c=d +ž"
    await (await client.shipment_batches.create([shipment(odd)])).wait()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    found = await client.shipments.list(customer_references=["r000", odd], date_from=moment, shipment_states="Active")
    assert [parcel.cust for parcel in found] == ["r000", odd]
