"""Asks after all open batches by one schedule, which asks less often as a batch grows old."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from attrs import define, field

from ..errors import AuthenticationError, CplError, PermissionDenied
from ..models.shipment_batches import ShipmentBatchResult, ShipmentResultItem
from ..transport.lanes import Lane
from .journal.course import Course, ParcelRecord, RowResult
from .protocol import BatchCalls
from .states import RowState

__all__ = ["OpenBatch", "Polling"]

FIRST_POLL = 0.6
SLOWER_BY = 1.5
SLOWEST = 15.0
AT_ONCE = 4


@define(kw_only=True)
class OpenBatch:
    """A batch whose import is not settled."""

    batch: int
    remote_id: str
    accepted_at: float
    """Seconds since the epoch."""
    pause: float = FIRST_POLL


@define(kw_only=True)
class Polling:
    """The schedule of one job's open batches."""

    calls: BatchCalls
    course: Course
    wait: float
    on_imported: Callable[[OpenBatch], Awaitable[None]]
    """Called when a batch is settled: its labels can be fetched."""
    on_created: Callable[[int], None]
    on_refused: Callable[[Sequence[RowResult]], None]
    on_undecided: Callable[[int], None]
    on_end: Callable[[CplError], None]
    """Called when the server lets nothing through any more."""
    _due: list[tuple[float, int, OpenBatch]] = field(factory=list, init=False)
    _order: itertools.count[int] = field(factory=itertools.count, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _no_more: bool = field(default=False, init=False)
    _stopped: bool = field(default=False, init=False)

    def add(self, batch: OpenBatch) -> None:
        """Ask after a batch from now on."""
        heapq.heappush(self._due, (time.monotonic() + batch.pause, next(self._order), batch))
        self._changed.set()

    def no_more(self) -> None:
        """Say that no batch will be added: :meth:`run` ends with the last one."""
        self._no_more = True
        self._changed.set()

    def stop(self) -> None:
        """Ask no more in this run; the batches stay open in the journal."""
        self._stopped = True
        self._changed.set()

    async def run(self) -> None:
        """Ask until all batches are settled, given up, or :meth:`stop` was called."""
        async with asyncio.TaskGroup() as asking:
            under_way: set[asyncio.Task[None]] = set()
            while not self._stopped:
                if not self._due and self._no_more and not under_way:
                    return
                self._changed.clear()
                wait = self._due[0][0] - time.monotonic() if self._due and len(under_way) < AT_ONCE else None
                if wait is None or wait > 0:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._changed.wait()
                    continue
                _, _, batch = heapq.heappop(self._due)
                task = asking.create_task(self._ask(batch))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: self._changed.set())

    async def _ask(self, batch: OpenBatch) -> None:
        try:
            result = await self.calls.get(batch.remote_id, lane=Lane.BACKGROUND)
        except (AuthenticationError, PermissionDenied) as error:
            self.on_end(error)
            self.stop()
            return
        except CplError as error:
            await self._again(batch, f"its state cannot be had: {error.message}")
            return
        settled = await self._take(batch, result)
        if settled:
            await self.on_imported(batch)
        else:
            await self._again(batch, "is still being imported; run the same command again to go on")

    async def _again(self, batch: OpenBatch, why: str) -> None:
        if time.time() + batch.pause > batch.accepted_at + self.wait:
            self.on_undecided(await self.course.give_up(batch.batch, why))
            return
        batch.pause = min(batch.pause * SLOWER_BY, SLOWEST)
        self.add(batch)

    async def _take(self, batch: OpenBatch, result: ShipmentBatchResult) -> bool:
        """Write down the items that are settled; return whether all are."""
        rows = await self.course.open_rows(batch.batch)
        results: list[RowResult] = []
        parcels: list[ParcelRecord] = []
        for item in result.items:
            reference = item.reference_id or ""
            if reference in rows and item.settled:
                outcome, found = outcome_of(*rows.pop(reference), item)
                results.append(outcome)
                parcels += found
        if results or not rows:
            await self.course.imported(batch.batch, results, parcels, settled=not rows)
        self.on_created(sum(outcome.state is RowState.CREATED for outcome in results))
        self.on_undecided(sum(outcome.state is RowState.UNDECIDED for outcome in results))
        self.on_refused([outcome for outcome in results if outcome.state is RowState.REJECTED])
        return not rows


def outcome_of(row: int, line: int, item: ShipmentResultItem) -> tuple[RowResult, list[ParcelRecord]]:
    """Return what became of a row whose item is settled, and its parcels; parcels of a set by number."""
    if item.import_state == "Error":
        words = ": ".join(part for part in (item.error_code, item.error_message) if part)
        return RowResult(
            row=row, line=line, state=RowState.REJECTED, message=words or "failed at import without a word"
        ), []
    master = item.shipment_number
    if not master:
        message = "was imported, but the server names no shipment number"
        return RowResult(row=row, line=line, state=RowState.UNDECIDED, message=message), []
    others = sorted(
        (related for related in item.related_items if related.shipment_number),
        key=lambda related: (len(related.shipment_number or ""), related.shipment_number or ""),
    )
    parcels = [ParcelRecord(row=row, number=master, master=master, place=1, label_url=item.label_url)]
    parcels += [
        ParcelRecord(row=row, number=str(other.shipment_number), master=master, place=place, label_url=other.label_url)
        for place, other in enumerate(others, 2)
    ]
    failed = [related for related in item.related_items if related.import_state == "Error"]
    if failed:
        reasons = "; ".join(": ".join(filter(None, (bad.error_code, bad.error_message))) or "failed" for bad in failed)
        message = f"only {len(parcels)} of {len(parcels) + len(failed)} parcels were created: {reasons}"
        return RowResult(row=row, line=line, state=RowState.UNDECIDED, message=message, shipment_number=master), parcels
    return RowResult(row=row, line=line, state=RowState.CREATED, shipment_number=master), parcels
