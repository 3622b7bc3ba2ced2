"""Faults that a test asks for: what a network and a server do at the worst moment."""

from __future__ import annotations

import threading
from enum import StrEnum

from attrs import define, frozen

__all__ = ["Fault", "FaultKind", "Faults"]


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """Answers a status, before the work or after it (``after_work``)."""
    LOST_ANSWER = "lost answer"
    """Does the work and drops the connection without an answer."""
    RESET = "reset"
    """Drops the connection without doing the work."""
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


@define
class _Armed:
    fault: Fault
    seen: int = 0


class Faults:
    """The faults of one sandbox; safe to change from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Ask for none any more."""
        with self._lock:
            self._armed.clear()

    def next_for(self, operation: str) -> Fault | None:
        """Return the fault that befalls this request, and count it."""
        with self._lock:
            chosen = None
            for armed in self._armed:
                fault = armed.fault
                meant = operation == fault.operation if fault.operation else operation != "login.get_access_token"
                if meant:
                    armed.seen += 1
                    if chosen is None and fault.skip < armed.seen <= fault.skip + fault.times:
                        chosen = fault
            return chosen
