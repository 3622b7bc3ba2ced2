"""Tracking of many numbers, read from a source as they are needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from cpl_async import (
    Client,
)
from cpl_async.sandbox import Sandbox

from ..conftest import shipment


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
