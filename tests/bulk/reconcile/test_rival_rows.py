"""Shipments that could be another row's are not taken for a lost one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cpl_async import (
    Client,
    ExternalNumber,
    Resolution,
    Shipment,
)
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import shipment
from ..callers import live, shipments, shipped

pytestmark = pytest.mark.usefixtures("own_state")

CREATE = "shipment_batches.create"


RESET = Fault(kind=FaultKind.RESET, operation=CREATE)


def named(reference: str, cust: str) -> Shipment:
    return shipment(reference, external_numbers=[ExternalNumber(code="CUST", external_number=cust)])


async def test_a_shipment_of_a_row_with_equal_cust_is_not_taken(sandbox: Sandbox, client: Client) -> None:
    async def rows() -> AsyncIterator[Shipment]:
        yield named("box-1", "order-7")
        await asyncio.sleep(0.8)
        yield named("order-7", "order-7")

    await shipped(client, shipments(1), "canary")
    sandbox.faults.add(RESET)
    lost, other = await shipped(client, rows(), batch_size=1)
    assert lost.state == "undecided"
    assert (other.state, len(other.parcels)) == ("shipped", 1)


async def test_the_shipment_of_another_job_is_not_taken(sandbox: Sandbox, client: Client) -> None:
    (first,) = await shipped(client, [named("p-1", "order-8")], "one")
    sandbox.faults.add(RESET)
    (second,) = await shipped(client, [named("p-2", "order-8")], "two")
    assert second.shipment_number != first.shipment_number
    assert live(sandbox) == ["p-1", "p-2"]
    assert second.state == "shipped"


async def test_a_job_that_runs_elsewhere_makes_hits_doubtful(sandbox: Sandbox, client: Client) -> None:
    await shipped(client, shipments(1, 50), "canary")
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, operation="shipment_batches.get", times=100))
    (open_one,) = await shipped(client, shipments(1), "one", import_timeout=0.0)
    assert open_one.state == "undecided"
    sandbox.faults.clear()
    sandbox.faults.add(RESET)
    (lost,) = await shipped(client, shipments(1), "two", allow_reship=True)
    assert lost.state == "undecided"
    assert "another row" in lost.message
    assert live(sandbox) == ["r1", "r50"]


async def test_a_purged_job_makes_what_is_found_doubtful(sandbox: Sandbox, client: Client) -> None:
    await shipped(client, shipments(1, 50), "canary")
    await shipped(client, shipments(1), "one")
    await client.bulk.purge("one")
    sandbox.faults.add(RESET)
    (lost,) = await shipped(client, shipments(1), "two", allow_reship=True)
    assert lost.state == "undecided"


async def test_content_that_changes_after_a_lost_answer_is_not_sent(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(RESET)
    (lost,) = await shipped(client, shipments(1))
    assert lost.state == "undecided"  # nothing is known to be there
    await client.bulk.resolve("monday", "r1", Resolution.RESEND)
    (changed,) = await shipped(client, [shipment("r1", note="changed")])
    assert changed.state == "rejected"
    assert "this row differs" in changed.message
