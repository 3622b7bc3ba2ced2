"""The journal in PostgreSQL: what holds for a file holds there, and several hosts share it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.servers import PostgreSQL
from cpl_async import Client, ConfigurationError, JournalError
from cpl_async.bulk.journal import Journal, JournalLocation
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..bulk.shipping import Totals, totals
from ..cli.conftest import CPL, access_to
from ..conftest import many_rows, write_rows
from .hosts import on_host

ROOT = Path(__file__).parent.parent.parent


def test_what_is_tested_of_a_file_holds_there_too(database: PostgreSQL) -> None:
    modules = ["tests/bulk/test_jobs.py", "tests/bulk/journal/test_state_machine.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *modules],
        cwd=ROOT,
        env=os.environ | {"TESTS_JOURNAL": database.url, "CPL_JOURNAL": database.url, "TESTS_EXAMPLES": "8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


async def test_two_hosts_do_not_work_on_one_job(
    tmp_path: Path, client: Client, sandbox: Sandbox, database: PostgreSQL
) -> None:
    one, other = (on_host(name, tmp_path, client, database) for name in ("a", "b"))
    rows = write_rows(tmp_path / "a.csv", many_rows(20))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=2.0))
    run = one.prepared(rows, name="monday")
    first = asyncio.create_task(run.run(one.client))
    while not run.began_sending:
        await asyncio.sleep(0.01)
    with pytest.raises(JournalError, match="another run holds the job"):
        await other(rows, name="monday")
    assert totals(await first) == Totals(rows=20, shipped=20)
    assert (await other(rows, name="monday")).shipped == 20  # labels are fetched for this host; nothing is sent
    assert len(sandbox.shipments()) == 20


async def test_two_jobs_of_two_hosts_do_not_send_the_same_reference(
    tmp_path: Path, client: Client, sandbox: Sandbox, database: PostgreSQL
) -> None:
    one, other = (on_host(name, tmp_path, client, database) for name in ("a", "b"))
    rows = many_rows(60)
    results = await asyncio.gather(
        one(write_rows(tmp_path / "a.csv", rows), name="left", batch_size=5),
        other(write_rows(tmp_path / "b.csv", rows), name="right", batch_size=5),
    )
    assert sum(result.shipped for result in results) == 60
    assert sum(result.rejected for result in results) == 60
    references = [shipment.reference for shipment in sandbox.shipments()]
    assert len(references) == len(set(references)) == 60


async def test_a_database_restart_ends_the_run_and_it_resumes(tmp_path: Path, client: Client, sandbox: Sandbox) -> None:
    database = PostgreSQL()
    try:
        shipping = on_host("a", tmp_path, client, database)
        rows = write_rows(tmp_path / "a.csv", many_rows(40))
        sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=1.5, skip=1))
        run = asyncio.create_task(shipping(rows, batch_size=10))
        while not sandbox.ledger.of("shipment_batches.create"):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(database.kill)
        with pytest.raises(JournalError):
            await run
        with pytest.raises(JournalError, match="cannot be opened") as caught:
            await shipping(rows, batch_size=10)
        assert "geheim" not in str(caught.value)
        await asyncio.to_thread(database.start)
        summary = await shipping(rows, batch_size=10, settle_time=2.0)
        assert summary.shipped + summary.shipped_without_label == 40
        references = [shipment.reference for shipment in sandbox.shipments()]
        assert len(references) == len(set(references)) == 40
    finally:
        database.end()


async def test_a_run_with_a_broken_connection_ends(tmp_path: Path, client: Client, database: PostgreSQL) -> None:
    place = on_host("a", tmp_path, client, database).place
    async with Journal.open(place) as mine, Journal.open(place) as theirs, mine.exclusive(7, "the job"):
        with pytest.raises(JournalError, match="another run"):
            async with theirs.exclusive(7, "the job"):
                pass
        async with mine._database.transaction() as connection:
            raw = await connection.execute(text("SELECT pg_backend_pid()"))
        async with theirs._database.transaction() as connection:
            await connection.execute(text(f"SELECT pg_terminate_backend({raw.scalar_one()})"))
        async with theirs.exclusive(7, "the job"):  # with the connection its lock went too
            with pytest.raises(JournalError):  # that it broke
                await mine.row_queries.counts(1)
            with pytest.raises(JournalError, match="another run holds"):
                await mine.row_queries.counts(1)
        assert sum((await mine.row_queries.counts(1)).values()) == 0  # free again: so is the way back


def test_the_commands_of_another_host_see_the_job(tmp_path: Path, sandbox: Sandbox, database: PostgreSQL) -> None:
    rows = write_rows(tmp_path / "rows.csv", many_rows(5))

    def cpl(host: str, *arguments: str | Path) -> str:
        environment = os.environ | access_to(sandbox) | {"CPL_STATE_DIR": str(tmp_path / host)}
        done = subprocess.run(
            [*CPL, *map(str, arguments)],
            cwd=tmp_path,
            env=environment | {"CPL_JOURNAL": database.url},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "geheim" not in done.stdout + done.stderr
        return done.stdout

    assert f"postgresql://127.0.0.1:{database.port}/postgres (cpl_" in cpl("a", "ship", rows, "--name", "monday")
    assert "monday" in cpl("b", "jobs", "list")
    assert "finished" in cpl("b", "jobs", "show", "monday")
    cpl("b", "jobs", "purge", "monday", "--yes")
    assert "purged" in cpl("a", "jobs", "show", "monday")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/x", "in PostgreSQL or in a file, not in mysql"),
        ("nonsense", "the address of the journal cannot be read"),
    ],
)
async def test_an_address_that_is_none_is_told(tmp_path: Path, url: str, words: str) -> None:
    place = JournalLocation(folder=tmp_path, base_url="x", client_id="y", url=url)
    with pytest.raises(ConfigurationError, match=words):
        async with Journal.open(place):
            pass


async def test_after_a_restore_rows_are_searched_before_sending(
    tmp_path: Path, client: Client, sandbox: Sandbox, database: PostgreSQL
) -> None:
    host = on_host("a", tmp_path, client, database)
    await host(write_rows(tmp_path / "a.csv", many_rows(3)), "first")
    late = write_rows(tmp_path / "b.csv", many_rows(9)[3:])
    await host(late, "second")
    restored = [
        "DELETE FROM parcels WHERE job > 1",
        "DELETE FROM rows WHERE job > 1",
        "DELETE FROM attempts WHERE batch IN (SELECT id FROM batches WHERE job > 1)",
        "DELETE FROM batches WHERE job > 1",
        "DELETE FROM jobs WHERE id > 1",
        "UPDATE account SET counter = 1",
    ]
    database.query("; ".join([f"SET search_path = {host.place.schema}", *restored]))
    assert totals(await host(late, "third")) == Totals(rows=6, without_label=6)
    assert len(sandbox.shipments()) == 9
    database.query(f"DROP SCHEMA {host.place.schema} CASCADE")
    with pytest.raises(JournalError, match="is gone"):
        await host(late, "fourth")
