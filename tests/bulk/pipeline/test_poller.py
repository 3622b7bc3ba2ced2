"""The schedule of the open batches, and what a poll settles."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cpl_async.bulk.journal.batch_repository import BatchRepository, OpenRow, ParcelRecord, RowResult
from cpl_async.bulk.pipeline.import_result import ImportResults
from cpl_async.bulk.pipeline.poll_schedule import FIRST_POLL_SECONDS, MAX_INTERVAL_SECONDS, OpenBatch, PollSchedule
from cpl_async.bulk.pipeline.poller import BatchPoller
from cpl_async.bulk.records import RowState
from cpl_async.ratelimit.priority import Priority

WAITING = 0.3


def batch(number: int = 1, accepted_at: float = 100.0) -> OpenBatch:
    return OpenBatch(batch=number, remote_id=str(number), accepted_at=accepted_at)


def test_the_first_poll_comes_soon_and_later_ones_slow_down() -> None:
    schedule = PollSchedule(import_timeout=900.0)
    assert schedule.interval(batch(), 100.0) == FIRST_POLL_SECONDS
    assert schedule.interval(batch(), 110.0) == 5.0
    assert schedule.interval(batch(), 500.0) == MAX_INTERVAL_SECONDS


def test_a_known_duration_decides_when_to_poll() -> None:
    schedule = PollSchedule(import_timeout=900.0)
    schedule.imported(20.0)
    assert schedule.interval(batch(), 100.0) == 18.0
    assert schedule.interval(batch(), 120.0) == pytest.approx(3.0)


def test_batches_are_polled_in_the_order_in_which_they_are_due() -> None:
    schedule = PollSchedule(import_timeout=900.0)
    schedule.add(batch(1, 50.0), 100.0)
    schedule.add(batch(2, 100.0), 100.0)
    assert schedule.next_at == 100.0 + FIRST_POLL_SECONDS
    assert [schedule.pop().batch, schedule.pop().batch] == [2, 1]


def test_an_import_that_takes_too_long_is_not_scheduled_again() -> None:
    schedule = PollSchedule(import_timeout=30.0)
    assert schedule.add_again(batch(), 119.0)
    assert not schedule.add_again(batch(), 129.9)


def item(reference: str, number: str | None) -> Any:
    return SimpleNamespace(reference_id=reference, number=number)


def result_of(row: OpenRow, state: Any) -> tuple[RowResult, list[ParcelRecord]] | None:
    if state.number is None:
        return None
    parcel = ParcelRecord(row=row.number, number=state.number, master=state.number, place=1, label_url=None)
    created = RowResult(row=row.number, line=0, state=RowState.CREATED, shipment_number=state.number)
    return created, [parcel]


def results(*items: Any) -> ImportResults:
    rows = {name: OpenRow(number=number, line=0, parcels=1) for number, name in enumerate("AB", 1)}
    found = ImportResults(rows, result_of)
    found.add(items)
    return found


def states(found: ImportResults, numbers_of_other_rows: set[str] | None = None) -> dict[int, str]:
    return {one.row: one.state.value for one in found.settled(numbers_of_other_rows or set())[0]}


def test_a_batch_is_complete_when_each_row_has_a_result() -> None:
    assert not results(item("A", "1"), item("B", None)).is_complete
    assert results(item("A", "1"), item("B", "2"), item("other", "3")).is_complete


def test_a_reference_in_two_states_is_undecided() -> None:
    assert states(results(item("A", "1"), item("A", "2"))) == {1: "undecided"}
    assert states(results(item("A", "1"), item("A", "1"))) == {1: "created"}


def test_a_number_of_two_rows_belongs_to_neither() -> None:
    found = results(item("A", "1"), item("B", "1"))
    assert states(found) == {1: "undecided", 2: "undecided"}
    assert found.settled(set())[1] == []


def test_a_number_of_another_batch_belongs_to_nobody() -> None:
    found = results(item("A", "1"), item("B", "2"))
    assert found.owners() == {"1": 1, "2": 2}
    assert states(found, {"2"}) == {1: "created", 2: "undecided"}


class SettledBatches:
    """A journal in which no row of a batch is open any more."""

    async def open_rows(self, batch: int) -> dict[str, Any]:
        return {}

    async def record_import(self, *_: Any, **__: Any) -> None:
        pass


class SlowCalls:
    """A server whose imports end at once, and a rate limit that makes each poll wait for its permit."""

    async def get(self, batch_id: str, *, priority: Priority = Priority.INTERACTIVE) -> Any:
        await asyncio.sleep(WAITING)
        return SimpleNamespace(items=())


async def test_the_wait_for_a_permit_is_not_taken_for_a_slow_import() -> None:
    known = asyncio.Queue[int]()
    schedule = PollSchedule(import_timeout=60.0)

    async def imported(batch: OpenBatch) -> None:
        known.put_nowait(batch.batch)

    poller = BatchPoller(
        calls=SlowCalls(),
        result_from_item=lambda *_: None,
        batches=cast("BatchRepository", SettledBatches()),
        schedule=schedule,
        stop=asyncio.Event(),
        on_imported=imported,
        on_created=lambda _: None,
        on_rejected=lambda _: None,
        on_undecided=lambda _: None,
        on_end=lambda _: None,
    )
    running = asyncio.create_task(poller.poll_all())
    for number in range(4):
        assert schedule.interval(batch(accepted_at=0.0), 0.0) <= FIRST_POLL_SECONDS  # else it grows from poll to poll
        poller.add(number, str(number))
        async with asyncio.timeout(10):
            assert await known.get() == number
    poller.no_more()
    await running
