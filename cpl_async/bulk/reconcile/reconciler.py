"""The reconciliation of rows whose response was lost: searches for their references until the result is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from attrs import define, field

from ...errors import AuthenticationError, PermissionDenied
from ...messages import Message, message
from ..journal.reconciliation_repository import FoundRow, ReconciliationRepository, UnknownRow
from ..records import FoundShipment, RowState
from ..shutdown import unless_stopped
from .evidence import ExpectedShipment, Finding, Verdict
from .schedule import LookupSchedule, SettlePolicy
from .search import CONTROLS_PER_SEARCH, SearchCall, SearchReport, no_hits, search_with_controls
from .strategy import ReconcileStrategy

__all__ = ["Reconciler"]

MAX_CONTROLS = 20
FINAL_SEARCHES = 4
"""Attempts of the final sweep, which a failure may make inconclusive."""
FINAL_PAUSE_SECONDS = 2.0
"""Maximum seconds between two of them."""
RIVAL = message("reconcile.rival")
NO_REFERENCE = message("unknown.no_reference")


@define
class _Case:
    """Rows that one write may have created."""

    watch: LookupSchedule
    rows: dict[str, UnknownRow]
    """Rows by their search reference."""
    reasons: dict[str, tuple[Message, ...]] = field(factory=dict)
    """The last known reasons of those that are not settled."""
    traces: set[str] = field(factory=set)
    """Those that a search has found a trace of: they are never absent."""
    accepted: bool = False
    """Whether one of its rows was found: then the carrier accepted the whole batch."""


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
    _cases: list[_Case] = field(factory=list, init=False)
    _controls: list[str] = field(factory=list, init=False)
    _known_good: list[str] = field(factory=list, init=False)
    _missed: set[str] = field(factory=set, init=False)
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
        return sum(len(case.rows) for case in self._cases)

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
        for until, of_case in by_end.items():
            self._cases.append(_Case(LookupSchedule(until, self.settle_policy), of_case))
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
        """Mark the input as complete: :meth:`run` ends with the last row."""
        self._no_more = True
        self._changed.set()

    async def run(self) -> None:
        """Search until every row is settled or deferred, or until :attr:`stop` is set."""
        while not self.stop.is_set() and not (self._no_more and not self._cases):
            self._changed.clear()
            case = min(self._cases, key=lambda one: one.watch.due(self.clock()), default=None)
            wait = case.watch.due(self.clock()) - self.clock() if case is not None else None
            if case is None or (wait is not None and wait > 0):
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await unless_stopped(self.stop, self._changed.wait())
                continue
            await self._search(case)

    async def _refresh(self, case: _Case) -> None:
        """Reload the rows: other jobs may have shipped, or started to send, shipments that could be confused with
        them."""
        fresh = {row.number: row for row in await self.repository.undecided(self.job)}
        before, case.rows = case.rows, {}
        nameless: dict[int, Message] = {}
        for reference, row in before.items():
            now = fresh.get(row.number)
            if now is not None and now.cust_reference == reference:
                case.rows[reference] = now
            elif now is not None:
                nameless[row.number] = NO_REFERENCE
        await self.repository.set_message(self.job, nameless)

    async def _search(self, case: _Case) -> None:
        await self._refresh(case)
        if not case.rows:
            self._cases.remove(case)
            self._progressed.set()
            return
        now = self.clock()
        wanted = [self.strategy.expected_from(row) for row in case.rows.values()]
        fresh = await self._new_control(min(row.since for row in case.rows.values()))
        canaries = list(dict.fromkeys([*fresh, *await self._choose_controls()]))
        look = await unless_stopped(self.stop, search_with_controls(self.search, wanted, canaries, fresh))
        if look is None:
            return
        self._update_controls(look)
        case.traces |= {name for name, one in look.findings.items() if one.verdict is not Verdict.ABSENT}
        case.watch.record_search(now, good=look.conclusive >= set(case.rows))
        await self._record_found(case, look)
        absent = [
            reference
            for reference in case.rows
            if no_hits(look, reference) and reference not in case.traces and case.watch.is_conclusive(now, good=True)
        ]
        await self._requeue(case, absent)
        self._keep_messages(case, look)
        over = now >= case.watch.until + case.watch.policy.settle_time
        if isinstance(look.failure, AuthenticationError | PermissionDenied) or case.watch.exhausted:
            await self._leave_undecided(case)
        elif over and case.rows and case.watch.is_conclusive(now, good=look.conclusive >= set(case.rows)):
            await self._leave_undecided(case)  # the rest is there in a form that only a user can decide on
        if not case.rows:
            self._cases.remove(case)
            self._progressed.set()

    async def _record_found(self, case: _Case, look: SearchReport) -> None:
        found: list[FoundRow] = []
        for reference, row in list(case.rows.items()):
            finding = look.findings.get(reference)
            if finding is None or finding.verdict is not Verdict.PRESENT:
                continue
            if row.has_rival:
                case.reasons[reference] = (RIVAL,)
                continue
            first, *others = finding.shipments
            found.append(
                FoundRow(row=row.number, shipment=first, duplicates=tuple(others), problems=self._messages_of(finding))
            )
            del case.rows[reference]
        if found:
            case.accepted = True
            await self.repository.record_found(self.job, found, self.strategy.found_as)
            self.on_found(len(found))

    async def _requeue(self, case: _Case, references: Iterable[str]) -> None:
        numbers = [case.rows.pop(reference).number for reference in references]
        if not numbers:
            return
        self._adopted -= set(numbers)
        await self.repository.requeue(self.job, numbers)
        why = "others of its batch are: they failed at import" if case.accepted else "nothing of it was created"
        self.on_note(f"{len(numbers)} rows are not there, {why}; they are sent again")
        self.on_requeued(len(numbers))
        self._progressed.set()

    def _keep_messages(self, case: _Case, look: SearchReport) -> None:
        for reference in case.rows:
            finding = look.findings.get(reference)
            if finding is not None and finding.verdict is not Verdict.ABSENT:
                case.reasons[reference] = finding.doubts or case.reasons.get(reference, ())
            elif look.problem and reference not in case.traces:
                case.reasons[reference] = (look.problem,)

    async def _leave_undecided(self, case: _Case) -> None:
        """Leave undecidable rows undecided, with the reasons; the next run searches again."""
        too_short = (message("reconcile.too_short"),)
        messages = {
            row.number: message("unknown.because", reasons=case.reasons.get(reference) or too_short)
            for reference, row in case.rows.items()
        }
        await self.repository.set_message(self.job, messages)
        case.rows.clear()

    async def _choose_controls(self) -> list[str]:
        """Return references of control shipments: those that were found before, else others that are known to exist."""
        if len(self._known_good) >= CONTROLS_PER_SEARCH:
            return self._known_good[:CONTROLS_PER_SEARCH]
        if not self._controls:
            self._controls = await self.repository.control_shipments(self.strategy.name, MAX_CONTROLS)
        others = [canary for canary in self._controls if canary not in self._known_good]
        return [*self._known_good, *others][:CONTROLS_PER_SEARCH]

    async def _new_control(self, since: float) -> list[str]:
        """Return a reference that was sent no earlier than the rows in question, and is not the one that was missing
        last."""
        fresh = await self.repository.new_control_shipments(self.job, since, MAX_CONTROLS)
        left = [canary for canary in fresh if canary not in self._missed]
        if fresh and not left:
            self._missed.clear()
        return (left or fresh)[:1]

    def _update_controls(self, look: SearchReport) -> None:
        """Prefer control shipments that were found; missing ones are used again after all others."""
        self._known_good = [
            *sorted(look.controls_seen),
            *(good for good in self._known_good if good not in look.controls_seen),
        ]
        self._missed |= look.controls_missing
        self._missed -= look.controls_seen
        if not look.failure:
            self._known_good = [good for good in self._known_good if good not in look.controls_missing]
            self._controls = [canary for canary in self._controls if canary not in look.controls_missing]

    async def sees_control(self) -> bool:
        """Return whether the search shows at least one control shipment."""
        look = await search_with_controls(self.search, [], [])
        canaries = await self._choose_controls()
        if canaries:
            wanted = [ExpectedShipment(reference=canary, since=0.0) for canary in canaries]
            look = await search_with_controls(self.search, wanted, canaries)
            self._update_controls(look)
        return bool(look.controls_seen)

    async def final_sweep(self) -> int:
        """Search once more for every row that was ever undecided and return the number of duplicates.

        An inconclusive search is repeated up to a limit if that may help.
        """
        doubles = 0
        problem: Message | None = None
        for tries_left in reversed(range(FINAL_SEARCHES)):
            doubles, problem, passes = await self._sweep()
            if not problem or self.stop.is_set():
                return doubles
            if not passes or not tries_left:
                break
            await unless_stopped(self.stop, asyncio.sleep(min(self.settle_policy.least, FINAL_PAUSE_SECONDS)))
        self.on_note(f"the last look for doubles is not complete: {problem}")
        return doubles

    async def _sweep(self) -> tuple[int, Message | None, bool]:
        """Search once and return the number of duplicates, why it may be incomplete, and whether that may be
        temporary."""
        rows = {row.cust_reference: row for row in await self.repository.settled(self.job) if row.cust_reference}
        if not rows:
            return 0, None, False
        wanted = [self.strategy.expected_from(row) for row in rows.values()]
        canaries = await self._choose_controls()
        look = await unless_stopped(self.stop, search_with_controls(self.search, wanted, canaries))
        if look is None:
            return 0, None, False
        self._update_controls(look)
        doubles: list[tuple[int, FoundShipment]] = []
        found: list[FoundRow] = []
        for reference, finding in look.findings.items():
            row = rows[reference]
            if row.has_rival:
                continue
            others = [group for group in finding.shipments if not row.own & set(group.numbers)]
            if row.state is RowState.REJECTED and others:
                first, *others = others
                found.append(FoundRow(row=row.number, shipment=first, problems=self._messages_of(finding)))
            doubles += [(row.number, group) for group in others]
        await self.repository.record_found(self.job, found, self.strategy.found_as)
        await self.repository.add_duplicates(self.job, doubles)
        self.on_found(len(found))
        passes = bool(canaries) and not isinstance(look.failure, AuthenticationError | PermissionDenied)
        return len(doubles), look.problem, passes

    def _messages_of(self, finding: Finding) -> tuple[Message, ...]:
        others = ", ".join(shipment.master for shipment in finding.shipments[1:])
        duplicates = [message("found.duplicate", numbers=others)] if others else []
        return (self.strategy.found_message, *duplicates)
