"""What happens on the way of a call, told to one hook on which logs, telemetry and metrics are built."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from enum import StrEnum

from attrs import field, frozen

from ..errors import Outcome
from .lanes import Lane

__all__ = ["LISTENER", "Event", "EventHook", "EventKind", "log_event"]

logger = logging.getLogger("cpl_async")


class EventKind(StrEnum):
    """What happened."""

    REQUEST = "request"
    """The first bytes of a request have left."""
    ANSWER = "answer"
    """An answer was read."""
    FAILURE = "failure"
    """No answer came."""
    RETRY = "retry"
    """The call will be tried again after ``wait`` seconds."""
    UNKNOWN = "unknown"
    """A write ended without an answer: it may have been done. Ask for its ``references``."""


@frozen(kw_only=True)
class Event:
    """One thing that happened; holds no secret and no personal data."""

    kind: EventKind
    operation: str
    """The call, as the contract names it."""
    method: str
    path: str
    correlation_id: str
    attempt: int
    """1 for the first request of the call."""
    lane: Lane
    status: int | None = None
    outcome: Outcome | None = None
    seconds: float = 0.0
    """Since the attempt began."""
    waited: float = 0.0
    """Of these, waiting for the slot."""
    wait: float = 0.0
    """Before the next attempt."""
    error: str = ""
    references: tuple[str, ...] = field(default=(), repr=False)
    """References of the shipments or orders that the request carried."""


EventHook = Callable[[Event], None]

LISTENER: ContextVar[EventHook | None] = ContextVar("cpl_listener", default=None)
"""Who hears the events of a context besides the client's own hook, e.g. one job of many that share a client."""


def log_event(event: Event) -> None:
    """Write an event to the logger ``cpl_async``: second tries and what may have been done as warnings, else debug."""
    level = logging.WARNING if event.kind in (EventKind.UNKNOWN, EventKind.RETRY) else logging.DEBUG
    if logger.isEnabledFor(level):
        logger.log(
            level,
            "%s %s: %s %s%s, attempt %d, %.3f s (slot %.3f s)%s [correlation id %s]",
            event.kind.value,
            event.operation,
            event.method,
            event.path,
            f" -> {event.status}" if event.status else "",
            event.attempt,
            event.seconds,
            event.waited,
            f": {event.error}" if event.error else "",
            event.correlation_id,
        )
