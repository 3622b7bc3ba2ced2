"""Sources of rows that are slow, endless, short or cancelled."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cpl_async import (
    Client,
    ConfigurationError,
    Shipment,
)
from cpl_async.bulk.journal.account import locate_journal
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import shipment
from ..callers import shipments, shipped

pytestmark = pytest.mark.usefixtures("own_state")

CREATE = "shipment_batches.create"


async def test_rows_without_label_hold_no_others_up(sandbox: Sandbox, client: Client) -> None:
    for operation in ("shipment_batches.label", "data.get"):
        sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=404, operation=operation, times=1000))
    results = await shipped(client, shipments(30), batch_size=3, max_concurrency=1)
    assert len(results) == 30
    assert {result.state for result in results} == {"shipped_without_label"}


async def test_a_deadline_ends_a_source_that_never_would(sandbox: Sandbox, client: Client) -> None:
    async def rows() -> AsyncIterator[Shipment]:
        for row in shipments(4):
            yield row
        await asyncio.sleep(3600)

    deadline = datetime.now(UTC) + timedelta(seconds=3)
    results = await shipped(client, rows(), deadline=deadline)
    assert [result.reference for result in results] == ["r1", "r2", "r3", "r4"]


async def test_a_refusal_of_everything_ends_a_long_source(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=403, operation=CREATE, times=1000))
    results = await shipped(client, shipments(300), batch_size=5, max_concurrency=1)
    assert results
    assert {result.state for result in results} == {"undecided"}
    assert all("sending ended early" in result.message for result in results)


async def test_a_short_source_is_always_sent_to_its_end(sandbox: Sandbox, client: Client) -> None:
    for number in range(12):
        results = await shipped(client, shipments(2, number * 2), f"job-{number}")
        assert {result.state for result in results} == {"shipped"}, number


async def test_a_slow_source_holds_no_row_back(sandbox: Sandbox, client: Client) -> None:
    going_on = True

    async def rows() -> AsyncIterator[Shipment]:
        number = 0
        while going_on:
            number += 1
            yield shipment(f"r{number}")
            await asyncio.sleep(0.3)

    stream = client.bulk.ship(rows(), name="monday", settle_time=1.0, pilot_rows=0)
    async with asyncio.timeout(10):
        await anext(stream)
    going_on = False
    await stream.aclose()


async def test_labels_that_are_gone_are_fetched_again(sandbox: Sandbox, client: Client, tmp_path: Path) -> None:
    (first, _) = await shipped(client, shipments(2), label_dir=tmp_path / "labels")
    shutil.rmtree(tmp_path / "labels")
    (again, _) = await shipped(client, shipments(2), label_dir=tmp_path / "labels")
    assert again.shipment_number == first.shipment_number
    assert again.parcels[0].file is not None
    assert again.parcels[0].file.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await shipped(client, shipments(2), "other", label_dir=tmp_path / "file")


async def test_a_cancelled_run_leaves_a_journal_that_works(sandbox: Sandbox, client: Client) -> None:
    for number in range(15):
        running = asyncio.create_task(shipped(client, shipments(4), f"job-{number}", batch_size=2))
        await asyncio.sleep(0.02 * number)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(10):
        assert len(await client.bulk.jobs()) <= 15
    assert (await locate_journal(client)).file.exists()


async def test_an_iterator_that_is_left_is_closed_without_an_error(sandbox: Sandbox, client: Client) -> None:
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    results = client.bulk.ship(shipments(3), name="left")
    async for _ in results:
        break
    del results
    gc.collect()
    while len(asyncio.all_tasks()) > 1:  # the loop closes it in a task of its own
        await asyncio.sleep(0.05)
    assert errors == []
