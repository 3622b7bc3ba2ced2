"""Runs at the same time: over overlapping files, one file, and one folder."""

from __future__ import annotations

import asyncio

import pytest

from cpl_async import JournalError
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, sent_twice, totals

CREATE = "shipment_batches.create"


async def test_planned_rows_that_another_job_shipped_are_not_sent(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(3)
    first = write_rows(shipping.folder / "first.csv", [rows[0], rows[1], rows[2] | {"name": ""}])
    await shipping(first, strict=True)
    assert totals(await shipping(write_rows(shipping.folder / "corrected.csv", rows), "corrected")) == Totals(
        rows=3, shipped=3
    )
    late = await shipping(first)
    assert totals(late) == Totals(rows=3, rejected=3)
    assert "was shipped as 409" in shipping.report()[0]["message"]
    assert sent_twice(sandbox) == {}
    assert totals(await shipping(first, allow_reship=True)) == Totals(rows=3, shipped=2, rejected=1)
    assert set(sent_twice(sandbox).values()) == {2}


async def test_overlapping_files_at_the_same_time(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(60)
    one = write_rows(shipping.folder / "one.csv", rows[:45])
    two = write_rows(shipping.folder / "two.csv", rows[15:])
    first, second = await asyncio.gather(shipping(one, "one", batch_size=15), shipping(two, "two", batch_size=15))
    assert sent_twice(sandbox) == {}
    assert first.shipped + second.shipped == len(sandbox.shipments()) == 60
    assert first.rejected + second.rejected == 30


async def test_a_named_and_an_unnamed_run_over_one_file_are_one_job(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(20))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=1, operation=CREATE, times=2))
    named = asyncio.create_task(shipping(path, "named", name="monday", batch_size=10))
    async with asyncio.timeout(20):
        while not sandbox.ledger.entries:
            await asyncio.sleep(0.01)
    with pytest.raises(JournalError, match=r"another run holds the job of a\.csv"):
        await shipping(path, "unnamed", batch_size=10)
    assert totals(await named) == Totals(rows=20, shipped=20)
    assert sent_twice(sandbox) == {}


async def test_two_jobs_into_one_folder_at_the_same_time_are_refused(sandbox: Sandbox, shipping: Shipping) -> None:
    one = write_rows(shipping.folder / "one.csv", many_rows(2))
    two = write_rows(shipping.folder / "two.csv", many_rows(4)[2:])
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=2, operation=CREATE))
    first = asyncio.create_task(shipping(one))
    async with asyncio.timeout(20):
        while not sandbox.ledger.entries:
            await asyncio.sleep(0.01)
    results = await asyncio.gather(shipping(two), first, return_exceptions=True)
    refused = [result for result in results if isinstance(result, JournalError)]
    assert len(refused) == 1
    assert "output folder" in str(refused[0])


async def test_first_runs_at_the_same_time_make_one_journal(shipping: Shipping) -> None:
    paths = [write_rows(shipping.folder / f"{n}.csv", many_rows(3 * n)[3 * n - 3 :]) for n in range(1, 5)]
    summaries = await asyncio.gather(*(shipping(path, path.stem) for path in paths))
    assert [summary.shipped for summary in summaries] == [3] * 4
