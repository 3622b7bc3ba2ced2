"""The polling of all open batches on one schedule, and the record of what each poll settles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from attrs import define, field

from ...errors import AuthenticationError, CplError, PermissionDenied
from ...messages import Message, message
from ...ratelimit.priority import Priority
from ...system.clock import elapsed
from ..client_protocols import ItemStates, StateCalls
from ..journal.batch_repository import BatchRepository, RowResult
from ..records import RowState
from ..shutdown import unless_stopped
from .import_result import ImportResults, ResultFromItem
from .poll_schedule import OpenBatch, PollSchedule

__all__ = ["BatchPoller"]

MAX_CONCURRENT_POLLS = 8
"""Maximum number of concurrent polls: under load the server responds slowly."""
ITEMS_PER_STEP = 200
"""Items between two yields to the event loop."""


@define(kw_only=True)
class BatchPoller:
    """Polls the open batches of one job."""

    calls: StateCalls
    result_from_item: ResultFromItem
    batches: BatchRepository
    schedule: PollSchedule
    stop: asyncio.Event
    """Set when polling should end in this run; the batches stay open in the journal."""
    on_imported: Callable[[OpenBatch], Awaitable[None]]
    """Called when a batch is settled or deferred: its labels can be fetched."""
    on_created: Callable[[int], None]
    on_rejected: Callable[[Sequence[RowResult]], None]
    on_undecided: Callable[[int], None]
    on_end: Callable[[CplError], None]
    """Called when the server accepts no requests any more."""
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _no_more: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    def add(self, batch: int, remote_id: str) -> None:
        """Add a batch that the server has accepted, to be polled until it is settled."""
        now = elapsed()
        self.schedule.add(OpenBatch(batch=batch, remote_id=remote_id, accepted_at=now), now)
        self._changed.set()

    def no_more(self) -> None:
        """Mark the schedule as complete: :meth:`poll_all` ends with the last batch."""
        self._no_more = True
        self._changed.set()

    async def poll_all(self) -> None:
        """Poll until all batches are settled or deferred, or :attr:`stop` is set."""
        async with asyncio.TaskGroup() as tasks:
            running: set[asyncio.Task[None]] = set()

            def ended(task: asyncio.Task[None]) -> None:
                running.discard(task)
                self._changed.set()

            waking = tasks.create_task(self._wake_when_stopped())
            while not (self._ended or self.stop.is_set()):
                next_at = self.schedule.next_at
                if next_at is None and self._no_more and not running:
                    break
                self._changed.clear()
                is_free = next_at is not None and len(running) < MAX_CONCURRENT_POLLS
                wait = next_at - elapsed() if next_at is not None and is_free else None
                if wait is None or wait > 0:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._changed.wait()
                    continue
                task = tasks.create_task(self._poll(self.schedule.pop()))
                running.add(task)
                task.add_done_callback(ended)
            waking.cancel()

    async def _wake_when_stopped(self) -> None:
        await self.stop.wait()
        self._changed.set()

    async def _poll(self, batch: OpenBatch) -> None:
        age = elapsed() - batch.accepted_at
        try:
            states = await unless_stopped(self.stop, self.calls.get(batch.remote_id, priority=Priority.BATCH))
            if states is None:
                return
        except (AuthenticationError, PermissionDenied) as error:
            self._ended = True
            self.on_end(error)
            return
        except CplError as error:
            await self._poll_again(batch, message("import.state_unavailable", error=error.detail))
            return
        if await self._record(batch, states):
            self.schedule.imported(age)
            await self.on_imported(batch)
        else:
            await self._poll_again(batch, message("import.still_pending"))

    async def _poll_again(self, batch: OpenBatch, why: Message) -> None:
        if self.schedule.add_again(batch, elapsed()):
            self._changed.set()
            return
        self.on_undecided(await self.batches.defer_open_rows(batch.batch, why))
        await self.on_imported(batch)  # parcels that have a number can still be printed

    async def _record(self, batch: OpenBatch, states: ItemStates) -> bool:
        """Record the rows that are settled and return whether all are."""
        found = ImportResults(await self.batches.open_rows(batch.batch), self.result_from_item)
        for first in range(0, len(states.items), ITEMS_PER_STEP):
            found.add(states.items[first : first + ITEMS_PER_STEP])
            await asyncio.sleep(0)
        owners = found.owners()
        clashing = await self.batches.numbers_of_other_rows(batch.batch, owners) if owners else ()
        results, parcels = found.settled(clashing)
        if results or found.is_complete:
            await self.batches.record_import(batch.batch, results, parcels, settled=found.is_complete)
        self.on_created(sum(result.state is RowState.CREATED for result in results))
        self.on_undecided(sum(result.state is RowState.UNDECIDED for result in results))
        self.on_rejected([result for result in results if result.state is RowState.REJECTED])
        return found.is_complete
