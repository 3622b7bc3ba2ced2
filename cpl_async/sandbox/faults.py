"""Injection of network and server faults for tests."""

from __future__ import annotations

import random
import threading
from collections import Counter
from enum import StrEnum

from attrs import define, evolve, frozen

__all__ = ["FAULT_PRESETS", "Fault", "FaultKind", "FaultRate", "Faults"]

TOKEN = "login.get_access_token"  # noqa: S105 - the name of an operation


class FaultKind(StrEnum):
    """Kind of a fault."""

    STATUS = "status"
    """Respond with a status, before the request is processed or after it (``after_work``)."""
    LOST_ANSWER = "lost answer"
    """Process the request and drop the connection without a response."""
    RESET = "reset"
    """Drop the connection after reading the body, without processing the request."""
    RESET_EARLY = "reset early"
    """Drop the connection before reading the body."""
    RESET_MIDWAY = "reset midway"
    """Drop the connection while reading the body."""
    SLOW = "slow"
    """Process the request immediately and wait ``seconds`` before responding."""
    GARBAGE = "garbage"
    """Process the request and respond with an invalid body."""
    TRUNCATED = "truncated"
    """Process the request and truncate the response body."""
    NO_LOCATION = "no location"
    """Process the request and omit ``Location``."""
    EXPIRED_TOKEN = "expired token"  # noqa: S105 - a name, not a secret
    """Invalidate all tokens before checking the token of the request."""
    IGNORED_FILTER = "ignored filter"
    """Return a list as if it were not filtered."""
    EMPTY_LIST = "empty list"
    """Return an empty list."""


@frozen(kw_only=True)
class Fault:
    """A fault and the requests that it applies to."""

    kind: FaultKind
    operation: str | None = None
    """Operation, e.g. ``shipment_batches.create``, or ``None`` for all operations except the token request."""
    skip: int = 0
    """Number of matching requests to skip first."""
    times: int = 1
    """Number of requests to apply the fault to."""
    status: int = 503
    after_work: bool = False
    retry_after: str | None = None
    body: str | None = None
    """Response body for ``STATUS``, or ``None`` for problem+json."""
    seconds: float = 0.0

    def matches(self, operation: str) -> bool:
        """Return whether the fault applies to an operation."""
        return operation == self.operation if self.operation else operation != TOKEN


@frozen(kw_only=True)
class FaultRate:
    """A fault that applies to a random fraction of the requests, by the sandbox's seed."""

    fault: Fault
    """The fault; its ``skip`` and ``times`` are ignored."""
    share: float
    """Fraction of the requests, 0–1."""


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
"""Faults by name, for ``cpl sandbox --fault NAME=SHARE``."""


@define
class _PendingFault:
    fault: Fault
    matched: int = 0


class Faults:
    """Thread-safe set of the faults of one sandbox."""

    def __init__(self, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self._pending: list[_PendingFault] = []
        self._rates: list[FaultRate] = []
        self._seed = seed
        self._requests: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._pending.append(_PendingFault(fault))

    def add_rate(self, fault: Fault, share: float) -> None:
        """Add a fault that applies to a random fraction of the matching requests.

        :param fault: Fault; its ``skip`` and ``times`` are ignored.
        :param share: Fraction of the requests, 0–1.
        :raises ValueError: If the share is out of range.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"the share of a fault must be a number from 0 to 1, not {share}")
        with self._lock:
            self._rates.append(FaultRate(fault=fault, share=share))

    def play(self, name: str, share: float, operation: str | None = None) -> None:
        """Add a fault of :data:`FAULT_PRESETS` at a rate.

        :param name: Name of the preset.
        :param share: Fraction of the requests, 0–1.
        :param operation: Operation. Default: the operations of the preset.
        :raises ValueError: If the name is unknown, or the share is out of range.
        """
        if name not in FAULT_PRESETS:
            raise ValueError(f"there is no fault {name!r}: choose from {', '.join(FAULT_PRESETS)}")
        for fault in FAULT_PRESETS[name]:
            self.add_rate(evolve(fault, operation=operation) if operation else fault, share)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._pending.clear()
            self._rates.clear()

    def next_for(self, operation: str) -> Fault | None:
        """Return the fault for a request, or ``None`` if no fault applies, and count the request."""
        with self._lock:
            chosen = None
            for pending in self._pending:
                fault = pending.fault
                if fault.matches(operation):
                    pending.matched += 1
                    if chosen is None and fault.skip < pending.matched <= fault.skip + fault.times:
                        chosen = fault
            return chosen or self._draw(operation)

    def _draw(self, operation: str) -> Fault | None:
        """Return a random fault by seed and number of requests of the operation, so that runs are repeatable."""
        if not self._rates:
            return None
        self._requests[operation] += 1
        remainder = random.Random(f"{self._seed} {operation} {self._requests[operation]}").random()
        for rate in self._rates:
            if rate.fault.matches(operation):
                remainder -= rate.share
                if remainder < 0:
                    return rate.fault
        return None
