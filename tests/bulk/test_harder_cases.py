"""Shipments that could be another row's, decisions on odd rows, sources that end or stall at odd moments."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cpl_async import (
    Client,
    ConfigurationError,
    ExternalNumber,
    JournalError,
    Resolution,
    Shipment,
    ShipResult,
    ValidationError,
)
from cpl_async.bulk.jobs import Jobs
from cpl_async.bulk.journal.account import locate_journal
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import many_rows, shipment, write_rows
from .shipping import Shipping, Totals, totals

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]
CREATE = "shipment_batches.create"
LOST = Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE)
RESET = Fault(kind=FaultKind.RESET, operation=CREATE)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))


def named(reference: str, cust: str) -> Shipment:
    return shipment(reference, external_numbers=[ExternalNumber(code="CUST", external_number=cust)])


def shipments(count: int, first: int = 1) -> list[Shipment]:
    return [shipment(f"r{number}") for number in range(first, first + count)]


async def shipped(client: Client, rows: Any, name: str = "monday", **options: Any) -> list[ShipResult]:
    stream = client.bulk.ship(rows, name=name, **({"settle_time": 1.0, "pilot_rows": 0} | options))
    async with asyncio.timeout(60):
        return sorted([result async for result in stream], key=lambda one: one.row)


def live(sandbox: Sandbox) -> list[str]:
    return sorted(
        stored.reference for stored in sandbox.shipments() if any(one.cancelled is None for one in stored.parcels)
    )


# --- what is found must be this row's and no other's


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


# --- a person's decisions


async def test_a_row_resolved_with_its_own_number_is_no_duplicate(
    sandbox: Sandbox, tmp_path: Path, client: Client
) -> None:
    shipping = Shipping(tmp_path, client)
    sandbox.faults.add(LOST)
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    await shipping(path, name="monday")
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, operation="shipments.cancel", times=1000))
    await shipping(path, name="monday", resend_unlabelled=True)
    jobs = Jobs(shipping.place)
    waiting = [row async for row in jobs.undecided("monday")]
    number = next(one for one in sandbox.shipments() if one.reference == waiting[0].reference).parcels[0].number
    await jobs.resolve("monday", waiting[0].reference, Resolution.SHIPPED, numbers=(number,))
    sandbox.faults.clear()
    summary = await shipping(path, name="monday", cancel_duplicates=True)
    assert summary.duplicates == 0
    assert waiting[0].reference in live(sandbox)
    with pytest.raises(ConfigurationError, match="must differ"):
        await jobs.resolve("monday", "x", Resolution.SHIPPED, numbers=("1", "1"))


async def test_the_number_of_another_row_settles_none(sandbox: Sandbox, tmp_path: Path, client: Client) -> None:
    shipping = Shipping(tmp_path, client)
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    sandbox.faults.add(Fault(kind=FaultKind.EMPTY_LIST, operation="shipments.list", times=1000))
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    await shipping(path, name="monday", batch_size=1, max_concurrency=1, settle_time=0.3)
    number = sandbox.shipments()[0].parcels[0].number
    with pytest.raises(JournalError, match="number of another row"):
        await Jobs(shipping.place).resolve("monday", "T-00002", Resolution.SHIPPED, numbers=(number,))


async def test_what_was_cancelled_is_told_and_not_sent_again(sandbox: Sandbox, client: Client) -> None:
    await shipped(client, shipments(3))
    await client.bulk.cancel("monday")
    assert {result.state for result in await shipped(client, shipments(3))} == {"cancelled"}
    assert live(sandbox) == []


async def test_a_refused_cancellation_leaves_the_label(sandbox: Sandbox, tmp_path: Path, client: Client) -> None:
    shipping = Shipping(tmp_path, client)
    for operation in ("shipment_batches.label", "data.get"):
        sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=404, operation=operation, times=1000))
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    assert totals(await shipping(path, name="monday")) == Totals(rows=2, without_label=2)
    sandbox.advance(80_000)
    assert (await Jobs(shipping.place).cancel("monday", client.shipments, patience=0.5)).cancelled == 0
    sandbox.faults.clear()
    assert totals(await shipping(path, name="monday")) == Totals(rows=2, shipped=2)


async def test_a_first_resend_whose_import_is_stuck_ends_the_run(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = make_sandbox()
    shipping = Shipping(tmp_path, make_client(sandbox))
    sandbox.faults.add(LOST)
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    await shipping(path)
    late = (0.0, 1e9, 1e9)
    monkeypatch.setattr("cpl_async.sandbox.handlers.shipment_batches.draw_delays", lambda *_: late)
    async with asyncio.timeout(30):
        summary = await shipping(path, resend_unlabelled=True, import_timeout=1.0)
    assert (summary.undecided, summary.shipped_without_label) == (1, 1)


# --- sources at odd moments


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


async def test_again_sends_what_another_job_has_shipped(sandbox: Sandbox, client: Client) -> None:
    await shipped(client, shipments(1), "one")
    (refused,) = await shipped(client, shipments(1), "two")
    assert refused.state == "rejected"
    (sent,) = await shipped(client, shipments(1), "two", allow_reship=True)
    assert sent.state == "shipped"
    assert live(sandbox) == ["r1", "r1"]


async def test_a_cancelled_run_leaves_a_journal_that_works(sandbox: Sandbox, client: Client) -> None:
    for number in range(15):
        running = asyncio.create_task(shipped(client, shipments(4), f"job-{number}", batch_size=2))
        await asyncio.sleep(0.02 * number)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(10):
        assert len(await client.bulk.jobs()) <= 15
    assert (await locate_journal(client)).file.exists()


async def test_a_moment_to_come_is_no_since(client: Client) -> None:
    with pytest.raises(ValidationError, match="is to come"):
        await client.reconcile(["a"], since=datetime.now(UTC) + timedelta(days=2), canaries=["b"])
    with pytest.raises(ValidationError, match="number of seconds"):
        await client.reconcile(["a"], since=datetime.now(UTC), settle_time=float("nan"))
