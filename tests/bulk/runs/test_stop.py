"""A run that is stopped sends nothing more, and ends soon."""

from __future__ import annotations

import asyncio

from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, totals

CREATE = "shipment_batches.create"


async def test_after_a_stop_nothing_more_is_sent(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=429, retry_after="1", operation=CREATE))
    path = write_rows(shipping.folder / "a.csv", many_rows(4))
    run = shipping.prepared(path, batch_size=2, max_concurrency=1)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while not sandbox.ledger.of(CREATE):
            await asyncio.sleep(0.01)
    run.stop()
    async with asyncio.timeout(2):
        summary = await task
    assert totals(summary) == Totals(rows=4, undecided=4)
    assert summary.not_sent == 4
    assert "the run was stopped" in shipping.report()[0]["message"]
    assert totals(await shipping(path)) == Totals(rows=4, shipped=4)


async def test_stopping_while_labels_are_fetched_ends_soon(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, operation="shipment_batches.label", times=99))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, operation="data.get", times=999))
    path = write_rows(shipping.folder / "a.csv", many_rows(30, parcels="1"))
    run = shipping.prepared(path)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while not sandbox.ledger.of("shipment_batches.label"):
            await asyncio.sleep(0.01)
    run.stop()
    async with asyncio.timeout(5):
        assert totals(await task) == Totals(rows=30, without_label=30)
    sandbox.faults.clear()
    assert totals(await shipping(path)) == Totals(rows=30, shipped=30)
