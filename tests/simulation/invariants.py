"""The promises of a run, checked at each commit of the journal and at each request to the carrier."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from typing import Any

from attrs import define, field, frozen

from cpl_async.bulk.records import RowState
from cpl_async.sandbox.context import SandboxContext
from cpl_async.sandbox.store import StoredShipment

from .simulator import WALL_EPOCH, Universe

__all__ = ["COMBINATIONS", "EVENTS", "STRANGER", "Broken", "Invariants", "number_of"]

S = RowState
NEXT: dict[RowState, frozenset[RowState]] = {
    S.PLANNED: frozenset({S.SENDING, S.REJECTED, S.UNDECIDED}),
    S.SENDING: frozenset({S.PLANNED, S.ACCEPTED, S.REJECTED, S.UNDECIDED}),
    S.ACCEPTED: frozenset({S.CREATED, S.REJECTED, S.UNDECIDED}),
    S.CREATED: frozenset({S.SHIPPED, S.UNLABELLED, S.CANCELLING}),
    S.UNLABELLED: frozenset({S.SHIPPED, S.WITHDRAWING, S.CREATED, S.CANCELLING}),
    S.FOUND: frozenset({S.WITHDRAWING, S.CANCELLING}),
    S.UNDECIDED: frozenset({S.PLANNED, S.FOUND, S.ACCEPTED}),
    S.WITHDRAWING: frozenset({S.PLANNED, S.FOUND, S.UNLABELLED}),
    S.REJECTED: frozenset({S.FOUND}),
    S.SHIPPED: frozenset({S.CANCELLING}),
    S.CANCELLED: frozenset(),
    S.CANCELLING: frozenset({S.CANCELLED, S.SHIPPED, S.UNLABELLED, S.FOUND}),
}
"""State of a row → the states that may follow; all others would lose what is known."""


EVENTS = {
    (S.SENDING, S.UNDECIDED): "lost response",
    (S.UNDECIDED, S.PLANNED): "resend",
    (S.UNDECIDED, S.FOUND): "found",
    (S.WITHDRAWING, S.PLANNED): "cancel and resend",
}
CLOCK_SLACK_SECONDS = 2.0
"""The carrier shows whole seconds, and data needs some time to arrive."""
COMBINATIONS = (
    ("lost response", "crash"),
    ("lost response", "late visibility"),
    ("lost response", "clock jump"),
    ("lost response", "takeover"),
    ("lost response", "suspended", "resend"),
    ("lost response", "cut"),
    ("lost response", "cancelled"),
    ("lost response", "second job"),
    ("lost response", "stranger"),
    ("lost response", "crash", "late visibility", "resend"),
    ("crash during a write", "clock jump", "takeover"),
    ("crash", "late visibility", "found", "resend"),
    ("cancel and resend", "crash"),
    ("another run", "crash", "resend"),
    ("suspended during a write", "lease taken over"),
    ("lease taken over", "resend"),
    ("restored", "found"),
)
"""Events that must meet somewhere in a sweep, else it proves nothing."""
STRANGER = "stranger"
"""Recipient and correlation id of the shipments of another program."""


def number_of(reference: str) -> int:
    """Return the number of the row that a reference means, however it is spelled."""
    return int(re.sub(r"\D", "", unicodedata.normalize("NFKC", reference)))


@frozen
class _Lease:
    owner: str
    until: float
    host: str


class Broken(AssertionError):
    """A promise is broken."""


@define(eq=False)
class Invariants:
    """The promises of one run."""

    universe: Universe
    carrier: SandboxContext
    allows_duplicates: bool
    """Whether shipments may become visible after the settle time: then duplicates are reported, not prevented."""
    trace: list[str] = field(factory=list)
    """What happened, in the order of time."""
    states: dict[tuple[int, int], RowState] = field(factory=dict)
    deadlines: dict[str, float] = field(factory=dict)
    """Correlation id of a write → the latest time at which it may arrive, in seconds since the epoch."""
    duplicated: set[int] = field(factory=set)
    """Rows that had two live shipments at some time."""
    events: set[str] = field(factory=set)
    """What has happened in this run, of that which is dangerous."""
    pilot_rows: int = 0
    """Rows of the first attempt of a job that has more."""
    fetches_labels_again: bool = False
    """Whether results are written to two folders, so that labels are fetched twice."""
    can_search: bool = False
    """Whether no fault concerns a search."""
    faults_ended_at: float | None = None
    changed_at: float = 0.0
    """Time of the last change of a row's state, in virtual seconds."""
    recorded: set[str] = field(factory=set)
    """Numbers of all parcels that the journal knows."""
    _holders: dict[str, set[int]] = field(factory=dict)
    """Host → jobs whose rows its run has changed."""
    _leases: dict[int, _Lease] = field(factory=dict)
    """Shard → its last lease."""
    _commits: dict[tuple[str, bool], asyncio.Event] = field(factory=dict)
    """Host, and whether a commit is one that sends a batch → set at the next one."""
    _attempts: set[int] = field(factory=set)
    broken: Broken | None = None
    """The first broken promise."""
    ended: asyncio.Event = field(factory=asyncio.Event)
    """Set when the run should end: the job is done, or a promise is broken."""

    def say(self, who: str, text: str) -> None:
        """Add an event to the trace."""
        self.trace.append(f"{self.universe.now:10.3f}  {who:<9} {text}")

    def fail(self, text: str) -> None:
        """Record a broken promise and end the run."""
        self.say("BROKEN", text)
        self.broken = self.broken or Broken(text)
        self.ended.set()

    def happened(self, event: str) -> None:
        """Record a dangerous event."""
        self.events.add(event)
        self.universe.reached(event)

    def crashed(self, who: str) -> None:
        """Record a crash."""
        self.say(who, "crashed")
        self.happened("crash")
        self.run_ended(who)
        if S.SENDING in self.states.values():
            self.happened("crash during a write")

    def count_combinations(self) -> None:
        """Count which dangerous events met in this run."""
        for combination in COMBINATIONS:
            if self.events.issuperset(combination):
                self.universe.reached(" × ".join(combination))

    async def next_commit(self, who: str, seconds: float, *, is_write: bool) -> None:
        """Wait until a host has changed the journal, for a number of seconds at most.

        :param is_write: Whether to wait until it has recorded that it sends a batch.
        """
        event = self._commits.setdefault((who, is_write), asyncio.Event())
        event.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    def run_ended(self, who: str) -> None:
        """Record that the run of a host has ended: another may take its jobs over."""
        self._holders.pop(who, None)

    def suspended(self, who: str) -> None:
        """Record that a host is suspended."""
        self.happened("suspended")
        if S.SENDING in self.states.values():
            self.happened("suspended during a write")

    def restored(self, who: str) -> None:
        """Record that the journal went back in time."""
        self.say(who, "its journal is restored from a backup")
        self.happened("restored")
        self.states.clear()
        self._attempts.clear()

    def committed(self, who: str, connection: Any) -> None:
        """Check the journal after a commit."""
        self._check_leases(who, connection)
        changes: Counter[tuple[RowState, RowState]] = Counter()
        for job, number, text in connection.execute("SELECT job, number, state FROM rows").fetchall():
            state, before = RowState(text), self.states.get((job, number))
            if before is not None and before is not state:
                changes[before, state] += 1
                is_fetched_again = self.fetches_labels_again and (before, state) == (S.SHIPPED, S.CREATED)
                # a row that is cancelled to be sent again is searched for first in a journal that went back in time
                is_searched = "restored" in self.events and (before, state) == (S.WITHDRAWING, S.UNDECIDED)
                if state not in NEXT[before] and not is_fetched_again and not is_searched:
                    self.fail(f"row {number} went from {before} to {state}")
                self.universe.reached(f"{before} to {state}")
                if (event := EVENTS.get((before, state))) is not None:
                    self.happened(event)
                self._check_holder(who, job, number, connection)
            self.states[job, number] = state
        self._check_attempts(connection)
        for is_write in {False, any(after is S.SENDING for _, after in changes)}:
            if (who, is_write) in self._commits:
                self._commits[who, is_write].set()
        if changes:
            self.changed_at = self.universe.now
            text = ", ".join(f"{count} {before} → {after}" for (before, after), count in changes.items())
            self.say(who, text)
        known = connection.execute("SELECT number FROM parcels UNION SELECT number FROM extra_parcels")
        self.recorded = {number for (number,) in known.fetchall()}

    def _check_leases(self, who: str, connection: Any) -> None:
        """Check that a shard changes its owner only when nobody holds it."""
        query = "SELECT id, owner, lease_until FROM shards WHERE owner IS NOT NULL"
        before, self._leases = self._leases, {}
        for shard, owner, until in connection.execute(query).fetchall():
            lease = before.get(shard)
            if lease is not None and lease.owner != owner:
                if lease.until > self.universe.wall + 1e-6:
                    self.fail(f"{who} took shard {shard} over while the lease of {lease.host} lasted")
                self.happened("lease taken over")
            host = lease.host if lease is not None and lease.owner == owner else who
            self._leases[shard] = _Lease(owner, until, host)

    def _check_holder(self, who: str, job: int, number: int, connection: Any) -> None:
        """Check that no other run or worker holds the row that a host has changed."""
        query = "SELECT id FROM shards WHERE job = ? AND ? BETWEEN first AND last AND owner IS NOT NULL"
        shards = [shard for (shard,) in connection.execute(query, (job, number)).fetchall()]
        owners = {self._leases[shard].host for shard in shards}
        if owners and who not in owners:
            self.fail(f"{who} changed row {number}, whose shard is leased by {', '.join(owners)}")
        if connection.execute("SELECT count(*) FROM shards WHERE job = ?", (job,)).fetchone()[0]:
            return
        for other, jobs in self._holders.items():
            if other != who and job in jobs:
                self.fail(f"{who} changed row {number} while {other} ran the job")
        self._holders.setdefault(who, set()).add(job)

    def _check_attempts(self, connection: Any) -> None:
        """Check that each attempt has its deadline, and that the first one of a job is a pilot."""
        query = (
            "SELECT a.id, a.correlation_id, a.write_deadline - a.began_at, a.outcome, b.job, a.batch FROM attempts a "
            "JOIN batches b ON b.id = a.batch ORDER BY a.id"
        )
        first: dict[int, tuple[int, str | None]] = {}
        for attempt, identifier, seconds, outcome, job, batch in connection.execute(query).fetchall():
            if attempt not in self._attempts:
                self._attempts.add(attempt)
                self.deadlines.setdefault(identifier, self.universe.wall + seconds)
                self._check_pilot(connection, job, batch, first.get(job))
                self._check_deadline(connection, batch, self.universe.wall + seconds)
            first.setdefault(job, (batch, outcome))

    def _check_deadline(self, connection: Any, batch: int, deadline: float) -> None:
        """Check that a batch may not be written after the lease on its shard."""
        query = "SELECT s.id FROM shards s JOIN rows r ON r.job = s.job AND r.number BETWEEN s.first AND s.last"
        for (shard,) in connection.execute(f"{query} WHERE r.batch = ? GROUP BY s.id", (batch,)).fetchall():
            lease = self._leases.get(shard)
            if lease is not None and deadline > lease.until + 1e-3:
                self.fail(f"a batch may be written {deadline - lease.until:.1f} s after the lease on shard {shard}")

    def _check_pilot(self, connection: Any, job: int, batch: int, first: tuple[int, str | None] | None) -> None:
        all_rows = connection.execute("SELECT count(*) FROM rows WHERE job = ?", (job,)).fetchone()[0]
        shared = connection.execute("SELECT count(*) FROM shards WHERE job = ?", (job,)).fetchone()[0]
        others = connection.execute("SELECT count(*) FROM jobs").fetchone()[0] > 1
        if not self.pilot_rows or all_rows <= self.pilot_rows or shared or others or "restored" in self.events:
            return
        if first is None:
            rows = connection.execute("SELECT count(*) FROM rows WHERE batch = ?", (batch,)).fetchone()[0]
            if rows > self.pilot_rows:
                self.fail(f"the first attempt has {rows} rows, and a pilot {self.pilot_rows}")
        elif first[1] is None and batch != first[0]:
            self.fail("a second batch is sent while the pilot is on its way")

    def live(self) -> Counter[int]:
        """Return the number of live shipments of this shop by the number of the row."""
        return Counter(
            number_of(shipment.reference)
            for shipment in self.carrier.store.all_shipments()
            if _is_ours(shipment) and _is_live(shipment)
        )

    def numbers(self, row: int) -> list[str]:
        """Return the numbers of the first live shipment of a row, the master first."""
        for shipment in self.carrier.store.all_shipments():
            if number_of(shipment.reference) == row and _is_ours(shipment) and _is_live(shipment):
                return [parcel.number for parcel in sorted(shipment.parcels, key=lambda one: one.place)]
        return []

    def compare_with_journal(self) -> None:
        """Check that each row was always sent with the same content, and that the journal knows what was visible."""
        content: dict[str, dict[str, Any]] = {}
        for shipment in self.carrier.store.all_shipments():
            if not _is_ours(shipment):
                continue
            body = content.setdefault(shipment.reference, shipment.body)
            if body != shipment.body:
                self.fail(f"{shipment.reference} was sent with different content")
            was_visible = shipment.visible < WALL_EPOCH + self.changed_at
            was_quiet = self.can_search or (self.faults_ended_at is not None and self.changed_at > self.faults_ended_at)
            unknown = {parcel.number for parcel in shipment.parcels} - self.recorded
            if _is_live(shipment) and was_visible and was_quiet and unknown:
                self.fail(f"{shipment.reference} is there as {sorted(unknown)}, and the journal does not know it")

    def requested(self) -> None:
        """Check the carrier's ledger and its shipments after a request."""
        entry = self.carrier.ledger.entries[-1]
        fault = f", {entry.fault}" if entry.fault else ""
        self.say("carrier", f"{entry.operation} {entry.status}{fault}")
        if entry.fault:
            self.universe.reached(f"fault {entry.fault}")
        if entry.refused_for:
            self.fail(f"the limit of {entry.refused_for} was exceeded")
        if entry.operation == "shipment_batches.create" and entry.correlation_id != STRANGER:
            deadline = self.deadlines.get(entry.correlation_id)
            if deadline is None:
                self.fail("a batch was sent before its attempt was recorded")
            elif entry.at > deadline + CLOCK_SLACK_SECONDS:
                self.fail(f"a batch arrived {entry.at - deadline:.1f} s after its write deadline")
            twice = {number for number, count in self.live().items() if count > 1}
            for number in sorted(twice - self.duplicated):
                self.say("carrier", f"row {number} is there twice")
            self.duplicated |= twice
            if twice and not self.allows_duplicates:
                self.fail(f"two live shipments of rows {sorted(twice)}")


def _is_ours(shipment: StoredShipment) -> bool:
    return bool(shipment.body["recipient"]["name"] != STRANGER)


def _is_live(shipment: StoredShipment) -> bool:
    return shipment.error_code is None and any(parcel.cancelled is None for parcel in shipment.parcels)
