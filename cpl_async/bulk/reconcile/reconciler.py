"""The reconciliation of rows whose response was lost: searches for their references until the result is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import define, evolve, field

from ...errors import AuthenticationError, PermissionDenied
from ...messages import Message, message
from ..journal.reconciliation_repository import FoundRow, ReconciliationRepository, UnknownRow
from ..records import FoundShipment, RowState
from ..shutdown import unless_stopped
from .controls import ControlShipments
from .evidence import ExpectedShipment, Finding
from .lost_write import LostWrite
from .schedule import LookupSchedule, SettlePolicy
from .search import SearchCall, search_with_controls
from .strategy import ReconcileStrategy

__all__ = ["Reconciler"]

MAX_CONTROLS = 20
FINAL_SEARCHES = 4
"""Attempts of the final sweep, which a failure may make inconclusive."""
FINAL_PAUSE_SECONDS = 2.0
"""Maximum seconds between two of them."""
NO_REFERENCE = message("unknown.no_reference")


@define(kw_only=True)
class Reconciler:
    """The reconciliation of one job."""

    strategy: ReconcileStrategy
    search: SearchCall
    repository: ReconciliationRepository
    job: int
    settle_policy: SettlePolicy
    clock: Callable[[], float]
    """The carrier's time in seconds since the epoch."""
    is_shared: bool
    """Whether other hosts write to the journal: the settle time of their lost rows starts with this run at the
    earliest."""
    stop: asyncio.Event
    """Set when searching should end in this run."""
    on_found: Callable[[int], None]
    on_requeued: Callable[[int], None]
    on_note: Callable[[str], None]
    _began: float = field(init=False)
    _writes: list[LostWrite] = field(factory=list, init=False)
    _controls: ControlShipments = field(factory=ControlShipments, init=False)
    _adopting: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _adopted: set[int] = field(factory=set, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _progressed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _no_more: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._began = self.clock()

    @property
    def open(self) -> int:
        """Number of rows that are still searched for."""
        return sum(len(write.rows) for write in self._writes)

    async def adopt_undecided(self) -> None:
        """Add all rows of the job that are undecided because of a lost response and are not searched for yet."""
        async with self._adopting:
            await self.repository.date_gap()
            rows = [row for row in await self.repository.undecided(self.job) if row.number not in self._adopted]
            self._adopted |= {row.number for row in rows}
        nameless = {row.number: NO_REFERENCE for row in rows if not row.cust_reference}
        await self.repository.set_message(self.job, nameless)
        by_end: dict[float, dict[str, UnknownRow]] = {}
        for row in rows:
            if row.cust_reference:
                until = max(row.until, self._began) if self.is_shared else row.until
                by_end.setdefault(until, {})[row.cust_reference] = row
        for until, of_write in by_end.items():
            self._writes.append(LostWrite(LookupSchedule(until, self.settle_policy), of_write))
        if by_end:
            count = sum(map(len, by_end.values()))
            latest = max(by_end) + self.settle_policy.settle_time - self.clock()
            self.on_note(
                f"the answer to {count} rows was lost: they are looked for by their references"
                + (f", for up to {latest:.0f} s" if latest > 1 else "")
            )
        self._changed.set()

    async def wait_for_change(self) -> None:
        """Wait until a row is settled, requeued or deferred since the last wait."""
        await self._progressed.wait()
        self._progressed.clear()

    def no_more(self) -> None:
        """Mark the input as complete: the search ends with the last row."""
        self._no_more = True
        self._changed.set()

    async def search_until_settled(self) -> None:
        """Search until every row is settled or deferred, or until :attr:`stop` is set."""
        while not self.stop.is_set() and not (self._no_more and not self._writes):
            self._changed.clear()
            now = self.clock()
            write = min(self._writes, key=lambda one: one.schedule.due(now), default=None)
            wait = write.schedule.due(now) - now if write is not None else None
            if write is None or (wait is not None and wait > 0):
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await unless_stopped(self.stop, self._changed.wait())
                continue
            await self._search(write)
            if not write.rows:
                self._writes.remove(write)
                self._progressed.set()

    async def _search(self, write: LostWrite) -> None:
        nameless = write.refresh(await self.repository.undecided(self.job))
        await self.repository.set_message(self.job, dict.fromkeys(nameless, NO_REFERENCE))
        if not write.rows:
            return
        now = self.clock()
        expected = [self.strategy.expected_from(row) for row in write.rows.values()]
        since = min(row.since for row in write.rows.values())
        fresh = self._controls.choose_new(await self.repository.new_control_shipments(self.job, since, MAX_CONTROLS))
        controls = list(dict.fromkeys([*fresh, *await self._choose_controls()]))
        report = await unless_stopped(self.stop, search_with_controls(self.search, expected, controls, fresh))
        if report is None:
            return
        self._controls.update(report)
        update = write.record_search(report, now)
        if update.found:
            found = [self._found_row(row, finding) for row, finding in update.found]
            await self.repository.record_found(self.job, found, self.strategy.found_as)
            self.on_found(len(found))
        if update.absent:
            await self._requeue(update.absent, is_accepted=write.is_accepted)
        if update.undecided:
            await self.repository.set_message(self.job, update.undecided)

    def _found_row(self, row: UnknownRow, finding: Finding) -> FoundRow:
        first, *others = finding.shipments
        return FoundRow(row=row.number, shipment=first, duplicates=tuple(others), problems=self._messages_of(finding))

    async def _requeue(self, numbers: Sequence[int], *, is_accepted: bool) -> None:
        self._adopted -= set(numbers)
        await self.repository.requeue(self.job, numbers)
        why = "others of its batch are: they failed at import" if is_accepted else "nothing of it was created"
        self.on_note(f"{len(numbers)} rows are not there, {why}; they are sent again")
        self.on_requeued(len(numbers))
        self._progressed.set()

    async def _choose_controls(self) -> list[str]:
        if self._controls.needs_more:
            self._controls.add(await self.repository.control_shipments(self.strategy.name, MAX_CONTROLS))
        return self._controls.choose()

    async def sees_control(self) -> bool:
        """Return whether the search shows at least one control shipment."""
        report = await search_with_controls(self.search, [], [])
        controls = await self._choose_controls()
        if controls:
            expected = [ExpectedShipment(reference=control, since=0.0) for control in controls]
            report = await search_with_controls(self.search, expected, controls)
            self._controls.update(report)
        return bool(report.controls_seen)

    async def final_sweep(self) -> int:
        """Search once more for every row that was ever undecided and return the number of duplicates.

        An inconclusive search is repeated up to a limit if that may help.
        """
        duplicates = 0
        problem: Message | None = None
        for tries_left in reversed(range(FINAL_SEARCHES)):
            duplicates, problem, passes = await self._sweep()
            if not problem or self.stop.is_set():
                return duplicates
            if not passes or not tries_left:
                break
            await unless_stopped(self.stop, asyncio.sleep(min(self.settle_policy.least, FINAL_PAUSE_SECONDS)))
        self.on_note(f"the last look for duplicates is not complete: {problem}")
        return duplicates

    async def _sweep(self) -> tuple[int, Message | None, bool]:
        """Search once and return the number of duplicates, why it may be incomplete, and whether that may be
        temporary."""
        rows = {row.cust_reference: row for row in await self.repository.settled(self.job) if row.cust_reference}
        if not rows:
            return 0, None, False
        # without its own parcels: those of a set that is shown without its master would be taken together with a second
        whole = {reference for reference, row in rows.items() if len(row.own) >= row.parcels}
        expected = [
            self.strategy.expected_from(evolve(row, known=row.known | row.own) if reference in whole else row)
            for reference, row in rows.items()
        ]
        controls = await self._choose_controls()
        report = await unless_stopped(self.stop, search_with_controls(self.search, expected, controls))
        if report is None:
            return 0, None, False
        self._controls.update(report)
        duplicates: list[tuple[int, FoundShipment]] = []
        found: list[FoundRow] = []
        for reference, finding in report.findings.items():
            row = rows[reference]
            if row.has_rival:
                continue
            others = [group for group in finding.shipments if not row.own & set(group.numbers)]
            if finding.loose and reference in whole:
                others.append(FoundShipment(master=finding.loose[0], numbers=finding.loose))
            if row.state is RowState.REJECTED and others:
                first, *others = others
                found.append(FoundRow(row=row.number, shipment=first, problems=self._messages_of(finding)))
            duplicates += [(row.number, group) for group in others]
        await self.repository.record_found(self.job, found, self.strategy.found_as)
        await self.repository.add_duplicates(self.job, duplicates)
        self.on_found(len(found))
        passes = bool(controls) and not isinstance(report.failure, AuthenticationError | PermissionDenied)
        return len(duplicates), report.problem, passes

    def _messages_of(self, finding: Finding) -> tuple[Message, ...]:
        others = ", ".join(shipment.master for shipment in finding.shipments[1:])
        duplicates = [message("found.duplicate", numbers=others)] if others else []
        return (self.strategy.found_message, *duplicates)
