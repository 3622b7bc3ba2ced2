"""What a person sees of jobs, and decides about them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

import pytest
from attrs import evolve

from cpl_async import Client, ConfigurationError, JournalError, Resolution
from cpl_async.bulk.jobs import Jobs
from cpl_async.bulk.options import JobOptions
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import many_rows, write_rows
from .shipping import Shipping, Totals, sent_twice, totals

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]
RESET = Fault(kind=FaultKind.RESET, operation="shipment_batches.create")


async def undecided_job(sandbox: Sandbox, shipping: Shipping, fault: Fault = RESET) -> Jobs:
    """Return the jobs after one with three rows of which nobody knows: nothing is known to be there."""
    sandbox.faults.add(fault)
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    assert totals(await shipping(path, name="monday")) == Totals(rows=3, undecided=3)
    return Jobs(shipping.place)


async def test_jobs_are_listed_with_how_their_rows_ended(shipping: Shipping) -> None:
    jobs = Jobs(shipping.place)
    assert await jobs.list() == []
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(3)), name="monday")
    rows = many_rows(5)[3:]
    rows[0]["name"] = ""
    await shipping(write_rows(shipping.folder / "b.csv", rows), "b", name="tuesday")
    newest, oldest = await jobs.list()
    assert (newest.name, newest.rows, newest.shipped, newest.rejected, newest.state) == ("tuesday", 2, 1, 1, "finished")
    assert (oldest.name, oldest.shipped, oldest.source, oldest.kind) == ("monday", 3, "a.csv", "shipments")
    assert await jobs.show("monday") == oldest
    with pytest.raises(JournalError, match="no job 'wednesday'"):
        await jobs.show("wednesday")


def settling_in_a_second(options: JobOptions) -> JobOptions:
    return evolve(options, settle_time=1.0)


async def test_a_job_goes_on_without_its_input(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(6))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=1, operation="shipment_batches.create", skip=1))
    run = shipping.prepared(path, name="monday", batch_size=3, max_concurrency=1)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while run.progress.sent < 3:
            await asyncio.sleep(0.01)
    run.stop()
    assert (await task).not_sent in (0, 3)
    path.unlink()
    again = await Jobs(shipping.place).resumed("monday", change=settling_in_a_second)
    summary = await again.run(shipping.client)
    assert totals(summary) == Totals(rows=6, shipped=6)
    assert again.sink.folder == shipping.folder / "out"
    assert sent_twice(sandbox) == {}


async def test_what_a_person_has_found_out_settles_a_row(sandbox: Sandbox, shipping: Shipping) -> None:
    jobs = await undecided_job(sandbox, shipping)
    rows = [row async for row in jobs.undecided("monday")]
    assert [row.reference for row in rows] == ["T-00001", "T-00002", "T-00003"]
    assert all("not known" in row.message for row in rows)
    await jobs.resolve("monday", "T-00001", Resolution.SHIPPED, numbers=("40999999999",))
    await jobs.resolve("monday", "T-00002", Resolution.RESEND)
    await jobs.resolve("monday", "T-00003", Resolution.ABANDON)
    assert [row async for row in jobs.undecided("monday")] == []
    summary = await (await jobs.resumed("monday", change=settling_in_a_second)).run(shipping.client)
    assert totals(summary) == Totals(rows=3, shipped=1, without_label=1, rejected=1)
    assert [shipment.reference for shipment in sandbox.shipments()] == ["T-00002"]
    report = shipping.report()
    assert report[0]["shipment_number"] == "40999999999"
    assert report[2]["message"] == "given up by a person"


async def test_a_decision_that_cannot_be_is_refused(sandbox: Sandbox, shipping: Shipping) -> None:
    jobs = await undecided_job(sandbox, shipping)
    with pytest.raises(ConfigurationError, match="needs the numbers"):
        await jobs.resolve("monday", "T-00001", Resolution.SHIPPED)
    with pytest.raises(ConfigurationError, match="the others take none"):
        await jobs.resolve("monday", "T-00001", Resolution.RESEND, numbers=("1",))
    with pytest.raises(JournalError, match="no row with the reference 'nobody'"):
        await jobs.resolve("monday", "nobody", Resolution.ABANDON)
    await jobs.resolve("monday", "T-00001", Resolution.ABANDON)
    with pytest.raises(JournalError, match="is not undecided: it is rejected"):
        await jobs.resolve("monday", "T-00001", Resolution.RESEND)


async def test_purge_removes_personal_data_and_keeps_hashes(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(3)
    path = write_rows(shipping.folder / "a.csv", rows)
    await shipping(path, name="monday")
    numbers = [row["shipment_number"] for row in shipping.report()]
    jobs = Jobs(shipping.place)
    await jobs.purge("monday")
    content = b"".join(file.read_bytes() for file in shipping.place.folder.iterdir() if file.is_file())
    for row, number in zip(rows, numbers, strict=True):
        for text in (row["reference_id"], row["name"], row["street"], row["email"], number):
            assert text.encode() not in content
    job = await jobs.show("monday")
    assert (job.state, job.shipped) == ("purged", 3)
    again = write_rows(shipping.folder / "b.csv", [*rows[:2], *many_rows(4)[3:]])
    summary = await shipping(again, "b")
    assert totals(summary) == Totals(rows=3, shipped=1, rejected=2)
    assert "was shipped by the job monday" in shipping.report("b")[0]["message"]
    with pytest.raises(JournalError, match="its data was removed"):
        await shipping(path, name="monday")


async def test_a_job_that_is_not_settled_is_not_purged_unless_forced(sandbox: Sandbox, shipping: Shipping) -> None:
    jobs = await undecided_job(sandbox, shipping)
    with pytest.raises(JournalError, match="3 rows of the job monday are not settled, or have no label"):
        await jobs.purge("monday")
    await jobs.purge("monday", force=True)
    path = write_rows(shipping.folder / "b.csv", [row | {"note": "again"} for row in many_rows(3)])
    assert totals(await shipping(path, "b")) == Totals(rows=3, rejected=3)  # they may exist: still not sent twice


async def test_all_of_a_job_is_cancelled(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(5))
    await shipping(path, name="monday")
    jobs = Jobs(shipping.place)
    result = await jobs.cancel("monday", shipping.client.shipments, patience=5)
    parcels = [parcel for shipment in sandbox.shipments() for parcel in shipment.parcels]
    assert result.cancelled == len(parcels)
    assert result.refused == {}
    assert all(parcel.cancelled is not None for parcel in parcels)
    assert (await jobs.show("monday")).cancelled == 5
    summary = await shipping(path, name="monday")  # nothing is sent again by itself
    assert (summary.cancelled, summary.shipped) == (5, 0)
    assert not (shipping.folder / "out" / "labels.pdf").exists()  # nor printed by mistake
    assert {row["label"] for row in shipping.report()} == {""}
    copy = write_rows(shipping.folder / "copy.csv", [row | {"note": "again"} for row in many_rows(5)])
    assert totals(await shipping(copy, "copy")) == Totals(rows=5, shipped=5)  # its references are free again


async def test_what_is_on_its_way_cannot_be_cancelled(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(2))
    await shipping(path, name="monday")
    sandbox.advance(80_000)
    jobs = Jobs(shipping.place)
    result = await jobs.cancel("monday", shipping.client.shipments, patience=1)
    assert result.cancelled == 0
    assert set(result.refused.values()) != {""}
    assert (await jobs.show("monday")).shipped == 2


async def test_a_run_at_work_keeps_decisions_out(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=2, operation="shipment_batches.create"))
    running = asyncio.create_task(shipping(path, name="monday"))
    async with asyncio.timeout(20):
        while not sandbox.shipments():
            await asyncio.sleep(0.01)
    jobs = Jobs(shipping.place)
    with pytest.raises(JournalError, match="another run holds"):
        await jobs.purge("monday", force=True)
    with pytest.raises(JournalError, match="another run holds"):
        await (await jobs.resumed("monday", shipping.folder / "other")).run(shipping.client)
    assert totals(await running) == Totals(rows=3, shipped=3)


async def test_the_journal_of_a_purged_job_is_not_broken(shipping: Shipping) -> None:
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(2)), name="monday")
    await Jobs(shipping.place).purge("monday")
    connection = sqlite3.connect(shipping.place.file)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
