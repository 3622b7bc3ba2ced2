"""Events of a call, passed to a hook on which logs, telemetry and metrics are built."""

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
    """Kind of an event."""

    REQUEST = "request"
    """The first bytes of a request were sent."""
    RESPONSE = "answer"
    """A response was read."""
    FAILURE = "failure"
    """No response was received."""
    RETRY = "retry"
    """The call will be retried after ``wait`` seconds."""
    UNKNOWN = "unknown"
    """A write ended without a response, so its outcome is unknown. Search for its ``references``."""


@frozen(kw_only=True)
class Event:
    """An event of a call. Contains no secret and no personal data."""

    kind: EventKind
    operation: str
    """Name of the operation in the contract."""
    method: str
    path: str
    correlation_id: str
    attempt: int
    """Number of the attempt; 1 for the first request of the call."""
    priority: Priority
    status: int | None = None
    outcome: Outcome | None = None
    seconds: float = 0.0
    """Seconds since the attempt began."""
    waited: float = 0.0
    """Seconds of these that were spent waiting for the permit."""
    wait: float = 0.0
    """Seconds before the next attempt."""
    error: str = ""
    error_type: str = ""
    """Type of the error that caused a failure or a retry, e.g. ``Timeout``. Few values, so it can label metrics."""
    origin: str = ""
    """Origin of the server: scheme and host, and the port if it is not the default of the scheme."""
    references: tuple[str, ...] = field(default=(), repr=False)
    """References of the shipments or orders in the request."""


EventHook = Callable[[Event], None]

LISTENER: ContextVar[EventHook | None] = ContextVar("cpl_listener", default=None)
"""Hook for the events of a context besides the client's own hook, e.g. for one of many jobs that share a client."""


LISTENERS: list[EventHook] = []
"""Hooks for the events of all clients of this process, e.g. for its telemetry."""


def log_event(event: Event) -> None:
    """Write an event to the logger ``cpl_async``: retries and unknown outcomes as warnings, others as debug."""
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
    """Return an event as fields of a log record, with a prefix that keeps the names unique."""
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
