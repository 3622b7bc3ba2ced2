"""Shipments of a job that are cancelled, and those that the carrier does not cancel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import (
    Client,
)
from cpl_async.bulk.jobs import Jobs
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import many_rows, write_rows
from ..callers import live, shipments, shipped
from ..shipping import Shipping, Totals, totals

pytestmark = pytest.mark.usefixtures("own_state")

MakeClient = Callable[..., Client]


MakeSandbox = Callable[..., Sandbox]


CREATE = "shipment_batches.create"


LOST = Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE)


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
