"""Parts of a job: lent to one worker at a time, taken over and reconciled, and closed to whoever has slept too long."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks.servers import PostgreSQL
from cpl_async import Client, ConfigurationError, JournalError, Resolution
from cpl_async.bulk.jobs import Jobs
from cpl_async.bulk.journal import Journal
from cpl_async.bulk.journal import batch_repository as course
from cpl_async.bulk.journal.connection import LeaseLost
from cpl_async.bulk.journal.shard_repository import ShardStats
from cpl_async.bulk.options import JobOptions
from cpl_async.bulk.output.folder import JobSummary
from cpl_async.bulk.pipeline.row_preparer import ShipmentPreparer
from cpl_async.bulk.progress import JobObserver
from cpl_async.bulk.records import RowState
from cpl_async.bulk.runs.folder_sink import FolderSink
from cpl_async.bulk.runs.row_source import CallerRows
from cpl_async.bulk.runs.runner import JobRunner
from cpl_async.bulk.runs.worker import ShardResult, Worker
from cpl_async.messages import text_of
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.transport.write_deadline import WriteDeadline

from ..bulk.shipping import Shipping
from ..conftest import many_rows, write_rows
from .hosts import on_host

LEASE = 3.0
"""Seconds: so that a takeover is not waited for."""


@pytest.fixture
def host(tmp_path: Path, client: Client, database: PostgreSQL) -> Shipping:
    return on_host("a", tmp_path, client, database)


async def handed_over(host: Shipping, rows: int, size: int = 20, **options: Any) -> ShardStats:
    path = write_rows(host.folder / "rows.csv", many_rows(rows))
    run = host.prepared(path, name="job", batch_size=10, **options)
    return (await run.enqueue(host.client, size, closing=True))[1]


def worker(host: Shipping, lease: float = LEASE) -> Worker:
    return Worker(place=host.place, name="job", lease=lease)


async def worked(host: Shipping, lease: float = LEASE) -> ShardResult:
    return await worker(host, lease).process_shard(host.client)


async def to_the_end(host: Shipping, lease: float = LEASE) -> ShardResult:
    """Work as a row of workers does until the job is closed."""
    async with asyncio.timeout(240):
        while not (done := await worked(host, lease)).stats.is_finished:
            if done.shard is None:
                await asyncio.sleep(0.1)
    return done


def references(sandbox: Sandbox) -> list[str]:
    return [shipment.reference for shipment in sandbox.shipments() if shipment.error_code is None]


async def test_workers_share_a_job_and_the_last_finalizes_it(host: Shipping, sandbox: Sandbox) -> None:
    begun = await handed_over(host, 60)
    assert (begun.shards, begun.done, begun.free, begun.is_finished) == (3, 0, 3, False)
    done = await asyncio.gather(*(worked(host) for _ in range(4)))
    assert sorted(one.shard is not None for one in done) == [False, True, True, True]
    assert not any(one.is_finished for one in done)
    assert (
        sorted(references(sandbox)) == sorted(f"r{number:05}" for number in range(1, 61))
        or len(set(references(sandbox))) == 60
    )
    last = await worked(host)
    assert last.is_finished
    assert last.summary is not None
    assert last.summary.shipped == 60
    assert [row["state"] for row in host.report()] == ["shipped"] * 60
    assert (host.folder / "out" / "labels.pdf").exists()
    assert (await worked(host)).shard is None
    again = await handed_over(host, 60)  # a job that is done has nothing for workers but its papers
    assert again.shards == 0
    assert (await worked(host)).is_finished
    assert len(references(sandbox)) == 60


async def test_writes_of_a_dead_worker_are_reconciled_first(host: Shipping, sandbox: Sandbox) -> None:
    await handed_over(host, 20)
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=20.0, times=1))
    dying = asyncio.create_task(worked(host))
    while not any(references(sandbox)):
        await asyncio.sleep(0.01)
    async with Journal.open(host.place) as journal, journal._database.transaction() as connection:
        await connection.execute(
            text("UPDATE shards SET owner = 'gone' WHERE owner IS NOT NULL")
        )  # it gives nothing back
    with pytest.raises(LeaseLost):
        await dying
    async with asyncio.timeout(30):
        while (await worked(host)).shard is None:
            await asyncio.sleep(0.1)
    async with Journal.open(host.place) as journal:  # whoever has the part next settles what was being written
        counts = await journal.row_queries.counts((await journal.find("job")).id)
        assert (counts[RowState.SENDING], counts[RowState.UNDECIDED]) == (0, 0)
    last = await to_the_end(host)
    assert last.summary is not None
    assert last.summary.shipped + last.summary.shipped_without_label == 20
    assert len(references(sandbox)) == len(set(references(sandbox))) == 20
    async with Journal.open(host.place) as journal, journal._database.transaction() as connection:
        allowed = (await connection.execute(text("SELECT write_deadline - began_at FROM attempts"))).scalars().all()
    assert all(0 < seconds <= LEASE for seconds in allowed)  # no write may last longer than its loan


async def test_a_shard_is_leased_to_one_worker_at_a_time(host: Shipping) -> None:
    await handed_over(host, 20)
    async with Journal.open(host.place) as journal:
        job = await journal.find("job")
        first = await journal.shards.acquire(job.id, 0.5, "a")
        assert first is not None
        assert await journal.shards.acquire(job.id, 0.5, "b") is None
        standing = await journal.shards.stats(job.id)
        assert (standing.free, standing.leased) == (0, 1)
        assert 0 < (standing.frees_in or 0) <= 0.5
        await journal.shards.renew(first, 0.5)
        await asyncio.sleep(0.6)
        second = await journal.shards.acquire(job.id, 30.0, "b")
        assert second is not None
        assert (second.id, second.claims) == (first.id, 2)
        with pytest.raises(LeaseLost, match="taken over by another worker"):
            await journal.shards.renew(first, 30.0)
        with pytest.raises(LeaseLost):
            await journal.shards.release(first, done=True)
        with journal.leased(first) as stale, pytest.raises(LeaseLost):
            await stale.row_queries.counts(job.id)
        with journal.leased(second) as mine:
            assert sum((await mine.row_queries.counts(job.id)).values()) == 20


async def test_an_exclusive_run_and_workers_exclude_each_other(host: Shipping, sandbox: Sandbox) -> None:
    await handed_over(host, 40)
    path = host.folder / "rows.csv"
    async with Journal.open(host.place) as journal:
        job = await journal.find("job")
        async with Journal.open(host.place) as other, other.exclusive(job.id, "the job"):
            assert await journal.shards.acquire(job.id, 1.0, "b") is None
        part = await journal.shards.acquire(job.id, 1.0, "a")
        assert part is not None
        with pytest.raises(JournalError, match="another run holds the job"):
            await host(path, name="job")
        for call in (
            Jobs(host.place).purge("job", force=True),
            Jobs(host.place).resolve("job", "r1", Resolution.ABANDON),
        ):
            with pytest.raises(JournalError, match="another run holds the job"):
                await call
        await asyncio.sleep(1.1)
        assert (await host(path, name="job", batch_size=10)).shipped == 40
        with pytest.raises(LeaseLost):
            await journal.shards.renew(part, 1.0)
    assert len(references(sandbox)) == 40
    assert (await worked(host)).shard is None


async def test_a_part_that_cannot_go_on_is_given_back_with_the_reason(host: Shipping, sandbox: Sandbox) -> None:
    await handed_over(host, 20)
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, operation="shipment_batches.create", status=404))
    done = await worked(host)
    assert done.shard is not None
    assert done.problem
    assert (done.stats.free, done.stats.problem) == (1, done.problem)
    sandbox.faults.clear()
    last = await to_the_end(host)
    assert last.summary is not None
    assert last.summary.shipped == 20


async def test_rows_of_a_query_are_handed_over(host: Shipping, sandbox: Sandbox) -> None:
    told: list[tuple[int, str]] = []

    def run(rows: list[dict[str, str]]) -> JobRunner[JobSummary]:
        options = JobOptions(settle_time=1.0, pilot_rows=0, reports=False)
        return JobRunner(
            source=CallerRows(rows, ShipmentPreparer(None, {}), "job"),
            sink=FolderSink(host.folder / "out", options, is_here=False),
            place=host.place,
            options=options,
            observer=JobObserver(
                rejected=lambda rejected: told.append((rejected.number, text_of(rejected.problems[:1])))
            ),
        )

    rows = many_rows(30)
    begun = run([*rows, rows[0], {**rows[1], "reference_id": "bad", "country": "Atlantis"}])
    assert (await begun.enqueue(host.client, 10, closing=True))[1].shards == 3
    assert [number for number, _ in told] == [31, 32]
    assert (await run(rows).enqueue(host.client, 10, closing=True))[1].shards == 3  # workers are at it: nothing changes
    last = await to_the_end(host)
    assert last.summary is not None
    assert (last.summary.shipped, last.summary.rejected) == (30, 1)
    assert len(references(sandbox)) == 30


async def test_what_cannot_be_handed_over(host: Shipping, tmp_path: Path, client: Client) -> None:
    in_a_file = Shipping(tmp_path, client)
    with pytest.raises(ConfigurationError, match="workers share a job by its journal in PostgreSQL"):
        await handed_over(in_a_file, 10)
    with pytest.raises(ConfigurationError, match="workers share a job by its journal in PostgreSQL"):
        await worked(in_a_file)
    rows = many_rows(10)
    rows[3]["country"] = "Atlantis"
    run = host.prepared(write_rows(host.folder / "bad.csv", rows), strict=True)
    with pytest.raises(ConfigurationError, match="1 rows have mistakes"):
        await run.enqueue(client, 5, closing=True)


async def test_a_suspended_transaction_does_not_block_others(host: Shipping) -> None:
    await handed_over(host, 20)

    async def stopped() -> None:
        async with Journal.open(host.place, patience=0.4) as journal, journal._database.transaction():
            await asyncio.sleep(1.0)

    stopping = asyncio.create_task(stopped())
    await asyncio.sleep(0.3)
    async with Journal.open(host.place) as other:
        assert (await other.shards.stats((await other.find("job")).id)).free == 1
    assert not stopping.done()
    with pytest.raises(JournalError):
        await stopping


async def test_a_program_suspended_within_a_statement_does_not_block_others(host: Shipping) -> None:
    await handed_over(host, 20)

    async def suspended() -> None:
        async with Journal.open(host.place) as journal, journal._database._engine.begin() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            # it sends a statement, and later what executes it: the server waits for that as long as it takes
            await driver.prepare("SELECT 1")
            async with asyncio.timeout(30), Journal.open(host.place, patience=0.4) as other:
                assert (await other.shards.stats((await other.find("job")).id)).free == 1
            await connection.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError, match="connection is closed"):
        await suspended()


WORKER = """
import asyncio, os, sys
from pathlib import Path
from cpl_async import Client, JournalError
from cpl_async.bulk.journal import JournalLocation
from cpl_async.bulk.runs.worker import Worker

async def main():
    folder, url, base_url, lease = sys.argv[1:]
    place = JournalLocation(folder=Path(folder), base_url=base_url, client_id="sandbox", url=url)
    async with Client(client_id="sandbox", client_secret="sandbox", base_url=base_url) as cpl:
        try:
            done = await Worker(place=place, name="job", lease=float(lease)).process_shard(cpl)
            print(done.shard, done.problem)
        except JournalError as error:
            print(type(error).__name__)

asyncio.run(main())
"""


def started(host: Shipping, lease: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(host.place.folder), host.place.url, host.client.base_url, str(lease)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4])
async def test_a_worker_that_slept_past_its_lease_sends_nothing(
    host: Shipping, sandbox: Sandbox, seconds: float
) -> None:
    await handed_over(host, 120, size=120, max_concurrency=2)
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=0.15))
    sleeper = await asyncio.to_thread(started, host, 2.0)
    while not references(sandbox):
        assert sleeper.poll() is None, "the worker has ended"
        await asyncio.sleep(0.01)
    await asyncio.sleep(seconds)
    os.kill(sleeper.pid, signal.SIGSTOP)
    last = await to_the_end(host, 6.0)
    assert last.summary is not None
    os.kill(sleeper.pid, signal.SIGCONT)
    said, _ = await asyncio.to_thread(sleeper.communicate, timeout=30)
    # stopped within a transaction, it finds its connection closed by the database instead
    assert said in ("LeaseLost\n", "JournalError\n")
    assert last.summary.shipped + last.summary.shipped_without_label == 120
    assert len(references(sandbox)) == len(set(references(sandbox))) == 120


async def test_when_a_write_had_surely_ended(host: Shipping, monkeypatch: pytest.MonkeyPatch) -> None:
    await handed_over(host, 20)
    async with Journal.open(host.place) as journal:
        job = await journal.find("job")
        batches = await journal.rows.make_batches(job.id, 10)
        now = time.time()
        ends = []
        for batch, ended in zip(batches, (False, True), strict=True):
            await journal.batches.begin_attempt(
                batch, tail=b"", correlation_id="c", owner="host:mark.1", write_deadline=WriteDeadline.after(100)
            )
            monkeypatch.setattr(course, "has_ended", lambda name, ended=ended: name == "mark.1" and ended)
            await journal.batches.abandon_open_attempts(job.id)
            lost = await journal.reconciliation.undecided(job.id)
            ends.append(max(row.until for row in lost if row.number > 10 * (batch - batches[0])) - now)
    assert ends[0] == pytest.approx(100, abs=1)  # nobody knows whether that run is alive
    assert ends[1] < 50
