"""A journal that is gone, was replaced, is damaged, or went back in time is noticed before anything is sent."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Client, JournalError
from cpl_async.bulk.jobs import Jobs
from cpl_async.bulk.journal import Journal
from cpl_async.bulk.journal.continuity import JournalGone, read_mark
from cpl_async.bulk.journal.reconciliation_repository import FoundRow
from cpl_async.bulk.records import FoundShipment, RowState
from cpl_async.bulk.runs.file_run import resumed_run
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.transport.write_deadline import WriteDeadline

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, in_a_file, sent_twice, totals

CREATE = "shipment_batches.create"
SLOW = Fault(kind=FaultKind.SLOW, operation=CREATE, seconds=1.0)
pytestmark = in_a_file


def rows_of(shipping: Shipping, name: str, first: int, last: int) -> Path:
    return write_rows(shipping.folder / name, many_rows(last)[first - 1 :])


def removed(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    copy = file.with_suffix(".copy")
    shutil.copy(file, copy)
    copy.replace(file)


def emptied(file: Path) -> None:
    file.with_name(file.name + "-wal").unlink()


def folder_moved(file: Path) -> None:
    file.parent.rename(file.parent.with_name("elsewhere"))


@pytest.mark.parametrize("damage", [removed, replaced, emptied, folder_moved])
async def test_a_journal_removed_during_a_run_ends_the_sending(
    sandbox: Sandbox, shipping: Shipping, damage: Callable[[Path], None]
) -> None:
    sandbox.faults.add(SLOW)
    path = rows_of(shipping, "a.csv", 1, 9)
    run = shipping.prepared(path, batch_size=3, max_concurrency=1)
    running = asyncio.create_task(run.run(shipping.client))
    while not sandbox.ledger.of(CREATE):
        await asyncio.sleep(0.01)
    damage(shipping.place.file)
    summary = await running
    assert isinstance(run.stopped_by, JournalGone)
    assert totals(summary) == Totals(rows=9, shipped=3, undecided=6)
    assert [row["state"] for row in shipping.report()] == ["shipped"] * 3 + ["undecided"] * 6
    assert len(sandbox.shipments()) == 3
    if damage in (removed, folder_moved):  # the next run knows that there was one
        with pytest.raises(JournalError, match=r"is gone: on 2.* it knew 2 attempts"):
            await shipping(path)
    assert len(sandbox.shipments()) == 3


async def test_a_missing_journal_is_refused(sandbox: Sandbox, shipping: Shipping) -> None:
    path = rows_of(shipping, "a.csv", 1, 3)
    await shipping(path)
    shutil.rmtree(shipping.place.folder)
    for attempt in (shipping(path), shipping(path, "other"), Jobs(shipping.place).list()):
        with pytest.raises(JournalError, match="is gone") as caught:
            await attempt
        assert "--allow-reship" in caught.value.next_step
    assert len(sandbox.shipments()) == 3
    assert (await shipping(path, allow_reship=True)).shipped == 3
    assert (await shipping(path)).already_done
    assert len(sandbox.shipments()) == 6


async def test_another_journal_in_its_place_is_refused(sandbox: Sandbox, shipping: Shipping, tmp_path: Path) -> None:
    await shipping(rows_of(shipping, "a.csv", 1, 3))
    other = Shipping(tmp_path, shipping.client, state="other")
    async with Journal.open(other.place):
        pass
    shutil.rmtree(shipping.place.folder)
    other.place.folder.rename(shipping.place.folder)
    with pytest.raises(JournalError, match="was replaced by another one"):
        await shipping(rows_of(shipping, "a.csv", 1, 3))
    assert len(sandbox.shipments()) == 3


async def test_results_of_an_unknown_job_refuse_the_run(sandbox: Sandbox, shipping: Shipping) -> None:
    path = rows_of(shipping, "a.csv", 1, 3)
    await shipping(path)
    shutil.rmtree(shipping.place.folder)
    assert shipping.place.mark is not None
    shipping.place.mark.unlink()  # nothing in the state folder is left
    with pytest.raises(JournalError, match="does not know it: it would ship again what was shipped"):
        await shipping(path)
    assert len(sandbox.shipments()) == 3
    assert (await shipping(path, allow_reship=True)).shipped == 3
    summary = json.loads((shipping.folder / "out" / "summary.json").read_text())
    assert summary["base_url"] == shipping.client.base_url
    assert (summary["account"], summary["attempts"]) == (shipping.place.account, 1)


def backup(shipping: Shipping) -> Path:
    copy = shipping.folder / "backup.sqlite3"
    shutil.copy(shipping.place.file, copy)
    return copy


def restore(shipping: Shipping, copy: Path) -> None:
    for file in shipping.place.folder.glob("journal.sqlite3*"):
        file.unlink()
    shutil.copy(copy, shipping.place.file)


@pytest.mark.parametrize("known_by", ["mark", "summary"])
async def test_after_a_restore_rows_are_searched_before_sending(
    sandbox: Sandbox, shipping: Shipping, known_by: str
) -> None:
    await shipping(rows_of(shipping, "a.csv", 1, 3), "first")
    copy = backup(shipping)
    late = rows_of(shipping, "b.csv", 4, 9)
    await shipping(late, "first" if known_by == "summary" else "out", name="late")
    restore(shipping, copy)
    assert shipping.place.mark is not None
    if known_by == "summary":
        shipping.place.mark.unlink()
        with pytest.raises(JournalError, match="does not know it"):  # the folder shows a job of the lost time
            await shipping(late, "first", name="late")
        return
    both = rows_of(shipping, "c.csv", 4, 12)
    summary = await shipping(both, "again", name="late")
    assert totals(summary) == Totals(rows=9, shipped=3, without_label=6)
    assert sent_twice(sandbox) == {}
    assert len(sandbox.shipments()) == 12
    more = await shipping(rows_of(shipping, "d.csv", 1, 12), "more")  # later files of the same account too
    assert more.rejected == 12
    assert len(sandbox.shipments()) == 12


async def test_a_job_resumes_after_a_restore(sandbox: Sandbox, shipping: Shipping) -> None:
    await shipping(rows_of(shipping, "a.csv", 1, 3))
    path = rows_of(shipping, "b.csv", 4, 12)
    sandbox.faults.add(SLOW)
    run = shipping.prepared(path, batch_size=3, max_concurrency=1, name="b")
    running = asyncio.create_task(run.run(shipping.client))
    while not any(one.reference == "T-00004" for one in sandbox.shipments()):
        await asyncio.sleep(0.01)
    run.stop()
    await running
    copy = backup(shipping)
    await shipping(path, name="b")
    restore(shipping, copy)
    resumed = resumed_run("b", shipping.folder / "out", shipping.place, run.options)
    summary = await resumed.run(shipping.client)
    assert summary.shipped + summary.shipped_without_label == 9
    assert sent_twice(sandbox) == {}


async def test_rows_of_a_caller_are_looked_for_too(
    sandbox: Sandbox, shipping: Shipping, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpl_async.bulk.api.locate_journal", lambda _: _place(shipping))
    await shipping(rows_of(shipping, "a.csv", 1, 3))
    copy = backup(shipping)
    rows = many_rows(9)[3:]
    assert {one.state async for one in client.bulk.ship(rows[:3], name="s", settle_time=1.0)} == {"shipped"}
    restore(shipping, copy)
    states = {one.reference: one.state async for one in client.bulk.ship(rows, name="s", settle_time=1.0)}
    assert list(map(states.get, ("T-00004", "T-00009"))) == ["shipped_without_label", "shipped"]
    assert sent_twice(sandbox) == {}


async def _place(shipping: Shipping) -> object:
    return shipping.place


async def test_an_empty_file_is_a_damage_and_no_new_journal(sandbox: Sandbox, shipping: Shipping) -> None:
    path = rows_of(shipping, "a.csv", 1, 3)
    await shipping(path)
    restore(shipping, Path("/dev/null"))
    with pytest.raises(JournalError, match="is damaged: it is empty"):
        await shipping(path)
    assert len(sandbox.shipments()) == 3


async def test_a_killed_opening_leaves_no_half_journal(shipping: Shipping) -> None:
    shipping.place.folder.mkdir()
    (shipping.place.folder / "journal.sqlite3.new").write_bytes(b"half")
    assert (await shipping(rows_of(shipping, "a.csv", 1, 2))).shipped == 2
    assert shipping.place.file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("seed", [*range(16), 29, 63, 73, 104])
async def test_a_damaged_journal_is_an_error_or_harmless(shipping: Shipping, sandbox: Sandbox, seed: int) -> None:
    path = rows_of(shipping, "a.csv", 1, 6)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE))
    sandbox.faults.play("empty-list", 1.0)
    await shipping(path, batch_size=3, settle_time=0.1, name="n")
    sandbox.faults.clear()
    chance = random.Random(seed)
    content = bytearray(shipping.place.file.read_bytes())
    for _ in range(chance.choice([1, 8, 64])):
        start = chance.randrange(0 if seed % 4 == 0 else 4096, len(content))
        content[start : start + 4] = chance.randbytes(4)
    restore(shipping, Path("/dev/null"))
    shipping.place.file.write_bytes(content[: chance.choice([len(content)] * 3 + [len(content) // 2])])
    refused: list[JournalError] = []
    try:
        async with Journal.open(shipping.place) as journal:
            await Jobs(shipping.place).list()
            job = await journal.find("n")
            [row async for row in journal.row_queries.rows(job.id)]
        await shipping(path, batch_size=3, settle_time=0.1, name="n")
    except JournalError as error:
        refused.append(error)
    assert [error.message for error in refused if not error.next_step] == []
    assert sent_twice(sandbox) == {}


async def test_a_mark_that_cannot_be_read_is_none(shipping: Shipping) -> None:
    path = rows_of(shipping, "a.csv", 1, 2)
    await shipping(path)
    assert shipping.place.mark is not None
    for content in (b"", b"{}", b"[]", b'{"uid": 1, "counter": "x", "at": 0}', b"\xff" * 9000):
        shipping.place.mark.write_bytes(content)
        assert read_mark(shipping.place) is None
        assert (await shipping(path)).already_done
    mark = read_mark(shipping.place)
    assert mark is not None
    assert mark.counter == 1


async def test_after_a_restore_the_settle_time_starts_with_the_run(shipping: Shipping) -> None:
    path = rows_of(shipping, "a.csv", 1, 3)
    await shipping(path, name="n")
    async with Journal.open(shipping.place) as journal:
        await journal.notice_counter(journal.uid, 99)
        assert journal.has_gap
    clock = [1_000.0]  # of a machine whose clock is far behind
    async with Journal.open(shipping.place, now=lambda: clock[0]) as journal:
        ends = []
        for now in (2_000_000_000.0, 2_000_000_050.0):  # the carrier's time is known now
            ends.append(journal._database.gap)
            clock[0] = now
            await journal.reconciliation.date_gap()
        ends.append(journal._database.gap)
    assert [gap and gap[1] for gap in ends] == [None, 2_000_000_000.0, 2_000_000_000.0]


@pytest.mark.parametrize("state", [RowState.SENDING, RowState.UNDECIDED, RowState.PLANNED])
async def test_an_open_row_of_a_backup_may_have_been_sent_since(shipping: Shipping, state: RowState) -> None:
    path = rows_of(shipping, "a.csv", 1, 3)
    run = shipping.prepared(path, name="n")
    async with Journal.open(shipping.place, now=lambda: 1_000_000.0) as journal:
        job = await run.source.find_job(journal, run.options)
        await run.source.plan_all(journal, job, run.options, run.observer)
        [batch] = await journal.rows.make_batches(job, 3)
        if state is not RowState.PLANNED:
            await journal.batches.begin_attempt(
                batch, tail=b"", correlation_id="c", owner="host:gone", write_deadline=WriteDeadline.after(60)
            )
        if state is RowState.UNDECIDED:
            await journal.batches.abandon_open_attempts(job)
    copy = backup(shipping)
    async with Journal.open(shipping.place) as journal:
        await journal._database.confirm(99)  # the marks say that more was sent after the backup
    restore(shipping, copy)
    async with Journal.open(shipping.place, now=lambda: 2_000_000.0) as journal:
        await journal.batches.abandon_open_attempts(job)
        await journal.reconciliation.date_gap()
        rows = await journal.reconciliation.undecided(job)
    assert len(rows) == 3
    # what was sent in the lost time may become visible until the settle time after the restore has passed
    assert {row.until for row in rows} == {2_000_000.0}
    assert {row.since for row in rows} == {1_000_000.0}


async def test_a_cancelled_row_of_a_restored_journal_is_searched_before_it_is_sent(shipping: Shipping) -> None:
    path = rows_of(shipping, "a.csv", 1, 3)
    await shipping(path, name="n")
    async with Journal.open(shipping.place) as journal:
        job = (await journal.find("n")).id
        await journal.notice_counter(journal.uid, 99)
        await journal.reconciliation.date_gap()
        found = FoundRow(row=1, shipment=FoundShipment(master="40999999999", numbers=("40999999999",)))
        await journal.reconciliation.record_found(job, [found], RowState.FOUND)
        assert await journal.cancellations.begin(job, 10) == 1
        await journal.cancellations.record_cancelled(job, [1])
        [row] = await journal.reconciliation.undecided(job)
    assert row.number == 1
    assert "40999999999" in row.known
