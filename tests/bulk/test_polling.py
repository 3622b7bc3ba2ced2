"""The schedule of the open batches."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cpl_async.bulk.pipeline.poller import FIRST_POLL_SECONDS, BatchPoller, OpenBatch
from cpl_async.ratelimit.priority import Priority
from cpl_async.transport.write_deadline import elapsed

WAITING = 0.3


class Course:
    """A journal in which no row of a batch is open any more."""

    async def open_rows(self, batch: int) -> dict[str, Any]:
        return {}

    async def record_import(self, *_: Any, **__: Any) -> None:
        pass


class Calls:
    """A server whose answers are over at once, and a pace that makes each question wait for its turn."""

    async def get(self, batch_id: str, *, priority: Priority = Priority.INTERACTIVE) -> Any:
        await asyncio.sleep(WAITING)

        class Nothing:
            items = ()

        return Nothing()


async def test_the_wait_for_a_turn_is_not_taken_for_a_slow_import() -> None:
    known: list[int] = []

    async def imported(batch: OpenBatch) -> None:
        known.append(batch.batch)

    course: Any = Course()
    polling = BatchPoller(
        calls=Calls(),
        result_from_item=lambda *_: None,
        batches=course,
        import_timeout=60.0,
        stop=asyncio.Event(),
        on_imported=imported,
        on_created=lambda _: None,
        on_rejected=lambda _: None,
        on_undecided=lambda _: None,
        on_end=lambda _: None,
    )
    running = asyncio.create_task(polling.run())
    pauses = []
    for number in range(4):
        batch = OpenBatch(batch=number, remote_id=str(number), accepted_at=elapsed())
        pauses.append(polling._seconds_until_poll(batch))
        polling.add(batch)
        async with asyncio.timeout(10):
            while number not in known:
                await asyncio.sleep(0.01)
    polling.no_more()
    await running
    assert pauses[0] == pytest.approx(FIRST_POLL_SECONDS, abs=0.05)
    assert all(later <= FIRST_POLL_SECONDS for later in pauses[1:]), (
        pauses
    )  # with the wait counted they grow from look to look
