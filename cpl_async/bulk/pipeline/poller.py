"""The polling of all open batches on one schedule, with longer intervals as a batch ages."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, evolve, field

from ...errors import AuthenticationError, CplError, PermissionDenied
from ...messages import Message, message
from ...models.references import normal_reference
from ...ratelimit.priority import Priority
from ...system.clock import monotonic
from ...transport.write_deadline import elapsed
from ..client_protocols import ItemStates, StateCalls
from ..journal.batch_repository import BatchRepository, ParcelRecord, RowResult
from ..records import RowState
from ..shutdown import unless_stopped
from .import_result import ResultFromItem

__all__ = ["BatchPoller", "OpenBatch"]

FIRST_POLL_SECONDS = 0.4
"""Seconds from the acceptance to the first poll, while the duration of imports is not known."""
UNKNOWN_PART = 0.5
"""Fraction of its age after which a batch is polled again while the duration of imports is not known."""
KNOWN_PART = 0.15
"""The same fraction once the duration is known, and so the maximum delay in detecting the end of an import."""
SOON = 0.9
"""Fraction of the shortest recent import before which a batch is not polled."""
REMEMBERED_IMPORTS = 20
"""Imports from which the shortest is computed."""
FASTEST, SLOWEST = 0.2, 15.0
MAX_CONCURRENT_POLLS = 8
"""Maximum number of concurrent polls: under load the server responds slowly."""
ITEMS_PER_STEP = 200
"""Items between two yields to the event loop."""


@define(kw_only=True)
class OpenBatch:
    """A batch whose import is not settled."""

    batch: int
    remote_id: str
    accepted_at: float
    """Time of acceptance by :func:`elapsed`, which does not change if the clock is set during an import."""


@define(kw_only=True)
class BatchPoller:
    """The schedule of one job's open batches."""

    calls: StateCalls
    result_from_item: ResultFromItem
    batches: BatchRepository
    import_timeout: float
    stop: asyncio.Event
    """Set when polling should end in this run; the batches stay open in the journal."""
    on_imported: Callable[[OpenBatch], Awaitable[None]]
    """Called when a batch is settled or deferred: its labels can be fetched."""
    on_created: Callable[[int], None]
    on_rejected: Callable[[Sequence[RowResult]], None]
    on_undecided: Callable[[int], None]
    on_end: Callable[[CplError], None]
    """Called when the server accepts no requests any more."""
    _import_ages: deque[float] = field(factory=lambda: deque(maxlen=REMEMBERED_IMPORTS), init=False)
    """Ages at which imports were polled and finished, without the time that a poll waited for its permit."""
    _due: list[tuple[float, int, OpenBatch]] = field(factory=list, init=False)
    _order: itertools.count[int] = field(factory=itertools.count, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _no_more: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    def add(self, batch: OpenBatch) -> None:
        """Add a batch to the schedule."""
        heapq.heappush(self._due, (monotonic() + self._seconds_until_poll(batch), next(self._order), batch))
        self._changed.set()

    def _seconds_until_poll(self, batch: OpenBatch) -> float:
        """Return the seconds until the next poll of a batch, by its age and by the duration of recent imports."""
        age = elapsed() - batch.accepted_at
        if not self._import_ages:
            return min(max(FIRST_POLL_SECONDS - age, UNKNOWN_PART * age, FASTEST), SLOWEST)
        if age < SOON * min(self._import_ages):
            return SOON * min(self._import_ages) - age
        return min(max(KNOWN_PART * age, FASTEST), SLOWEST)

    def no_more(self) -> None:
        """Mark the schedule as complete: :meth:`run` ends with the last batch."""
        self._no_more = True
        self._changed.set()

    async def run(self) -> None:
        """Poll until all batches are settled or deferred, or :attr:`stop` is set."""
        async with asyncio.TaskGroup() as asking:
            under_way: set[asyncio.Task[None]] = set()
            waking = asking.create_task(self._wake_when_stopped())
            while not (self._ended or self.stop.is_set()):
                if not self._due and self._no_more and not under_way:
                    break
                self._changed.clear()
                wait = self._due[0][0] - monotonic() if self._due and len(under_way) < MAX_CONCURRENT_POLLS else None
                if wait is None or wait > 0:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._changed.wait()
                    continue
                _, _, batch = heapq.heappop(self._due)
                task = asking.create_task(self._poll(batch))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: self._changed.set())
            waking.cancel()

    async def _wake_when_stopped(self) -> None:
        await self.stop.wait()
        self._changed.set()

    async def _poll(self, batch: OpenBatch) -> None:
        age = elapsed() - batch.accepted_at
        try:
            result = await unless_stopped(self.stop, self.calls.get(batch.remote_id, priority=Priority.BATCH))
            if result is None:
                return
        except (AuthenticationError, PermissionDenied) as error:
            self._ended = True
            self.on_end(error)
            return
        except CplError as error:
            await self._poll_again(batch, message("import.state_unavailable", error=error.detail))
            return
        settled = await self._record_settled(batch, result)
        if settled:
            self._import_ages.append(age)
            await self.on_imported(batch)
        else:
            await self._poll_again(batch, message("import.still_pending"))

    async def _poll_again(self, batch: OpenBatch, why: Message) -> None:
        if elapsed() + self._seconds_until_poll(batch) > batch.accepted_at + self.import_timeout:
            self.on_undecided(await self.batches.defer_open_rows(batch.batch, why))
            await self.on_imported(batch)  # parcels that have a number can still be printed
            return
        self.add(batch)

    async def _without_clashes(
        self, batch: int, outcomes: Iterable[tuple[RowResult, list[ParcelRecord]]]
    ) -> tuple[list[RowResult], list[ParcelRecord]]:
        """Return the results of rows, without numbers that two rows have: their owner is unknown."""
        pairs = list(outcomes)
        owners: dict[str, int] = {}
        clashing: set[str] = set()
        for _, found in pairs:
            for parcel in found:
                if owners.setdefault(parcel.number, parcel.row) != parcel.row:
                    clashing.add(parcel.number)
        if owners:
            clashing |= await self.batches.numbers_of_other_rows(batch, owners)
        if clashing:
            pairs = [
                (_unusable(result, message("import.number_of_other_row", number=odd[0])), [])
                if (odd := [parcel.number for parcel in found if parcel.number in clashing])
                else (result, found)
                for result, found in pairs
            ]
        return [result for result, _ in pairs], [parcel for _, found in pairs for parcel in found]

    async def _record_settled(self, batch: OpenBatch, result: ItemStates) -> bool:
        """Record the items that are settled and return whether all are."""
        rows = await self.batches.open_rows(batch.batch)
        outcomes: dict[str, tuple[RowResult, list[ParcelRecord]]] = {}
        items: dict[str, Any] = {}
        for number, item in enumerate(result.items, 1):
            if number % ITEMS_PER_STEP == 0:
                await asyncio.sleep(0)
            reference = normal_reference(item.reference_id or "")
            if reference not in rows:
                continue
            if items.setdefault(reference, item) != item:
                row = rows[reference]
                undecided = RowResult(row=row.number, line=row.line, state=RowState.UNDECIDED)
                outcomes[reference] = _unusable(undecided, message("import.listed_twice")), []
            elif (settled := self.result_from_item(rows[reference], item)) is not None:
                outcomes[reference] = settled
        for reference in outcomes:
            del rows[reference]
        results, parcels = await self._without_clashes(batch.batch, outcomes.values())
        if results or not rows:
            await self.batches.record_import(batch.batch, results, parcels, settled=not rows)
        self.on_created(sum(outcome.state is RowState.CREATED for outcome in results))
        self.on_undecided(sum(outcome.state is RowState.UNDECIDED for outcome in results))
        self.on_rejected([outcome for outcome in results if outcome.state is RowState.REJECTED])
        return not rows


def _unusable(result: RowResult, why: Message) -> RowResult:
    """Return the result of a row for which the response cannot be used."""
    return evolve(
        result, state=RowState.UNDECIDED, problems=(message("import.unusable", reason=why),), shipment_number=None
    )
