"""The promises of a run, checked at each commit of the journal and at each request to the carrier."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from attrs import define, field

from cpl_async.bulk.records import RowState
from cpl_async.sandbox.context import SandboxContext

from .simulator import Universe

__all__ = ["COMBINATIONS", "EVENTS", "Broken", "Invariants"]

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
    ("lost response", "crash", "late visibility", "resend"),
    ("crash during a write", "clock jump", "takeover"),
    ("crash", "late visibility", "found", "resend"),
    ("cancel and resend", "crash"),
    ("another run", "crash", "resend"),
)
"""Events that must meet somewhere in a sweep, else it proves nothing."""


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
    duplicated: set[str] = field(factory=set)
    """References that had two live shipments at some time."""
    events: set[str] = field(factory=set)
    """What has happened in this run, of that which is dangerous."""
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
        if S.SENDING in self.states.values():
            self.happened("crash during a write")

    def count_combinations(self) -> None:
        """Count which dangerous events met in this run."""
        for combination in COMBINATIONS:
            if self.events.issuperset(combination):
                self.universe.reached(" × ".join(combination))

    def committed(self, who: str, connection: Any) -> None:
        """Check the states of all rows after a commit."""
        changes: Counter[tuple[RowState, RowState]] = Counter()
        for job, number, text in connection.execute("SELECT job, number, state FROM rows").fetchall():
            state, before = RowState(text), self.states.get((job, number))
            if before is not None and before is not state:
                changes[before, state] += 1
                if state not in NEXT[before]:
                    self.fail(f"row {number} went from {before} to {state}")
                self.universe.reached(f"{before} to {state}")
                if (event := EVENTS.get((before, state))) is not None:
                    self.happened(event)
            self.states[job, number] = state
        for identifier, deadline in connection.execute(
            "SELECT correlation_id, write_deadline FROM attempts"
        ).fetchall():
            self.deadlines[identifier] = deadline
        if changes:
            text = ", ".join(f"{count} {before} → {after}" for (before, after), count in changes.items())
            self.say(who, text)

    def live(self) -> Counter[str]:
        """Return the number of live shipments by reference."""
        return Counter(
            shipment.reference
            for shipment in self.carrier.store.all_shipments()
            if shipment.error_code is None and any(parcel.cancelled is None for parcel in shipment.parcels)
        )

    def requested(self) -> None:
        """Check the carrier's ledger and its shipments after a request."""
        entry = self.carrier.ledger.entries[-1]
        fault = f", {entry.fault}" if entry.fault else ""
        self.say("carrier", f"{entry.operation} {entry.status}{fault}")
        if entry.fault:
            self.universe.reached(f"fault {entry.fault}")
        if entry.refused_for:
            self.fail(f"the limit of {entry.refused_for} was exceeded")
        if entry.operation == "shipment_batches.create":
            deadline = self.deadlines.get(entry.correlation_id)
            if deadline is None:
                self.fail("a batch was sent before its attempt was recorded")
            elif entry.at > deadline + CLOCK_SLACK_SECONDS:
                self.fail(f"a batch arrived {entry.at - deadline:.1f} s after its write deadline")
            twice = {reference for reference, count in self.live().items() if count > 1}
            for reference in sorted(twice - self.duplicated):
                self.say("carrier", f"{reference} is there twice")
            self.duplicated |= twice
            if twice and not self.allows_duplicates:
                self.fail(f"two live shipments of {sorted(twice)}")
