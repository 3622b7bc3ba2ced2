"""Faults that a test asks for: what a network and a server do at the worst moment."""

from __future__ import annotations

import random
import threading
from collections import Counter
from enum import StrEnum

from attrs import define, evolve, frozen

__all__ = ["FAULT_PRESETS", "Fault", "FaultKind", "FaultRate", "Faults"]

TOKEN = "login.get_access_token"  # noqa: S105 - the name of an operation


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """Answers a status, before the work or after it (``after_work``)."""
    LOST_ANSWER = "lost answer"
    """Does the work and drops the connection without an answer."""
    RESET = "reset"
    """Drops the connection when the body was read, without doing the work."""
    RESET_EARLY = "reset early"
    """Drops the connection before the body is read."""
    RESET_MIDWAY = "reset midway"
    """Drops the connection within the body."""
    SLOW = "slow"
    """Waits ``seconds`` before it answers; the work is done at once."""
    GARBAGE = "garbage"
    """Does the work and answers a body that is not what it says."""
    TRUNCATED = "truncated"
    """Does the work and breaks the body of the answer off."""
    NO_LOCATION = "no location"
    """Does the work and leaves ``Location`` out."""
    EXPIRED_TOKEN = "expired token"  # noqa: S105 - a name, no secret
    """Makes all tokens bad before it looks at the request's."""
    IGNORED_FILTER = "ignored filter"
    """Answers a list as if no filter had been given."""
    EMPTY_LIST = "empty list"
    """Answers a list as if nothing were there."""


@frozen(kw_only=True)
class Fault:
    """A fault, and which requests it befalls."""

    kind: FaultKind
    operation: str | None = None
    """E.g. ``shipment_batches.create``; all but the token's without one."""
    skip: int = 0
    """So many such requests are spared first."""
    times: int = 1
    """So many are befallen."""
    status: int = 503
    after_work: bool = False
    retry_after: str | None = None
    body: str | None = None
    """Of the answer, for ``STATUS``; problem+json without one."""
    seconds: float = 0.0

    def matches(self, operation: str) -> bool:
        """Return whether the fault is for requests of this operation."""
        return operation == self.operation if self.operation else operation != TOKEN


@frozen(kw_only=True)
class FaultRate:
    """A fault that befalls a share of the requests, drawn by the sandbox's seed."""

    fault: Fault
    """Its ``skip`` and ``times`` do not count."""
    share: float
    """0–1."""


HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
CREATES = ("shipment_batches.create", "order_batches.create")
LISTS = ("shipments.list", "orders.list")
FAULT_PRESETS = {
    "lost-answer": [Fault(kind=FaultKind.LOST_ANSWER, operation=name) for name in CREATES],
    "late-503": [Fault(kind=FaultKind.STATUS, status=503, after_work=True, operation=name) for name in CREATES],
    "no-location": [Fault(kind=FaultKind.NO_LOCATION, operation=name) for name in CREATES],
    "reset": [Fault(kind=FaultKind.RESET)],
    "reset-early": [Fault(kind=FaultKind.RESET_EARLY)],
    "reset-midway": [Fault(kind=FaultKind.RESET_MIDWAY)],
    "slow": [Fault(kind=FaultKind.SLOW, seconds=2.0)],
    "429": [Fault(kind=FaultKind.STATUS, status=429)],
    "429-retry-after": [Fault(kind=FaultKind.STATUS, status=429, retry_after="1")],
    "503": [Fault(kind=FaultKind.STATUS, status=503)],
    "503-retry-after": [Fault(kind=FaultKind.STATUS, status=503, retry_after="1")],
    "500": [Fault(kind=FaultKind.STATUS, status=500)],
    "502-html": [Fault(kind=FaultKind.STATUS, status=502, body=HTML)],
    "401": [Fault(kind=FaultKind.EXPIRED_TOKEN)],
    "garbage": [Fault(kind=FaultKind.GARBAGE)],
    "truncated": [Fault(kind=FaultKind.TRUNCATED)],
    "ignored-filter": [Fault(kind=FaultKind.IGNORED_FILTER, operation=name) for name in LISTS],
    "empty-list": [Fault(kind=FaultKind.EMPTY_LIST, operation=name) for name in LISTS],
    "no-labels": [Fault(kind=FaultKind.STATUS, operation=name) for name in ("shipment_batches.label", "data.get")],
    "no-token": [Fault(kind=FaultKind.STATUS, operation=TOKEN)],
}
"""Faults by the name under which ``cpl sandbox --fault NAME=SHARE`` asks for them."""


@define
class _PendingFault:
    fault: Fault
    seen: int = 0


class Faults:
    """The faults of one sandbox; safe to change from another thread."""

    def __init__(self, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self._pending: list[_PendingFault] = []
        self._rates: list[FaultRate] = []
        self._seed = seed
        self._requests: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        with self._lock:
            self._pending.append(_PendingFault(fault))

    def add_rate(self, fault: Fault, share: float) -> None:
        """Ask for a fault that befalls a share of the requests it is for.

        :param share: 0–1.
        :raises ValueError: for another number.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"the share of a fault is a number from 0 to 1, not {share}")
        with self._lock:
            self._rates.append(FaultRate(fault=fault, share=share))

    def play(self, name: str, share: float, operation: str | None = None) -> None:
        """Ask for one of :data:`PLAYS` at a rate.

        :param operation: instead of the operations that the fault is for.
        :raises ValueError: for a name that is not known, or a share that is not from 0 to 1.
        """
        if name not in FAULT_PRESETS:
            raise ValueError(f"there is no fault {name!r}: choose from {', '.join(FAULT_PRESETS)}")
        for fault in FAULT_PRESETS[name]:
            self.add_rate(evolve(fault, operation=operation) if operation else fault, share)

    def clear(self) -> None:
        """Ask for none any more."""
        with self._lock:
            self._pending.clear()
            self._rates.clear()

    def next_for(self, operation: str) -> Fault | None:
        """Return the fault that befalls this request, and count it."""
        with self._lock:
            chosen = None
            for pending in self._pending:
                fault = pending.fault
                if fault.matches(operation):
                    pending.seen += 1
                    if chosen is None and fault.skip < pending.seen <= fault.skip + fault.times:
                        chosen = fault
            return chosen or self._draw(operation)

    def _draw(self, operation: str) -> Fault | None:
        """Draw by the seed and how many requests of the operation there were, so that a run can be repeated."""
        if not self._rates:
            return None
        self._requests[operation] += 1
        left = random.Random(f"{self._seed} {operation} {self._requests[operation]}").random()
        for rate in self._rates:
            if rate.fault.matches(operation):
                left -= rate.share
                if left < 0:
                    return rate.fault
        return None
