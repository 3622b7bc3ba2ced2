"""What happens on the way of a call, told to one hook on which logs, telemetry and metrics are built."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from enum import StrEnum

from attrs import field, frozen

from ..errors import Outcome
from ..ratelimit.priority import Priority

__all__ = ["LISTENER", "LISTENERS", "Event", "EventHook", "EventKind", "log_event"]

logger: logging.Logger = logging.getLogger("cpl_async")


class EventKind(StrEnum):
    """What happened."""

    REQUEST = "request"
    """The first bytes of a request have left."""
    RESPONSE = "answer"
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
    priority: Priority
    status: int | None = None
    outcome: Outcome | None = None
    seconds: float = 0.0
    """Since the attempt began."""
    waited: float = 0.0
    """Of these, waiting for the slot."""
    wait: float = 0.0
    """Before the next attempt."""
    error: str = ""
    error_type: str = ""
    """Name of the error that a failure or a second try comes from, e.g. ``Timeout``; of few kinds, for metrics."""
    origin: str = ""
    """Of the server: scheme, host and port, where that is not the scheme's own."""
    references: tuple[str, ...] = field(default=(), repr=False)
    """References of the shipments or orders that the request carried."""


EventHook = Callable[[Event], None]

LISTENER: ContextVar[EventHook | None] = ContextVar("cpl_listener", default=None)
"""Who hears the events of a context besides the client's own hook, e.g. one job of many that share a client."""


LISTENERS: list[EventHook] = []
"""Who hears the events of all clients of this process, e.g. its telemetry."""


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
            extra=_fields(event),
        )


def _fields(event: Event) -> dict[str, object]:
    """Return an event as fields of a log record, each with a name that is nobody else's."""
    fields = {
        "event": event.kind.value,
        "operation": event.operation,
        "method": event.method,
        "path": event.path,
        "correlation_id": event.correlation_id,
        "attempt": event.attempt,
        "priority": event.priority.value,
        "status": event.status,
        "outcome": event.outcome.value if event.outcome is not None else None,
        "seconds": round(event.seconds, 6),
        "waited": round(event.waited, 6),
        "error": event.error or None,
        "error_type": event.error_type or None,
    }
    return {f"cpl_{name}": value for name, value in fields.items() if value is not None}
