"""The request counters of one job: the number by kind, the failures, and the time waited for a permit."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, field

from ..system.clock import wall
from ..transport.events import Event, EventKind

__all__ = ["Measures"]

KINDS = {
    "shipment_batches.create": "send",
    "shipment_batches.get": "state",
    "shipment_batches.label": "labels",
    "order_batches.create": "send",
    "order_batches.get": "state",
    "data.get": "label",
    "login.get_access_token": "token",
    "shipments.list": "look_up",
    "orders.list": "look_up",
}
LAST_GOOD = 399
"""The highest HTTP status that is not a failure."""


@define
class Measures:
    """The figures of all runs of a job."""

    runs: list[list[float]] = field(factory=list)
    """Begin and end of each run, in seconds since the epoch."""
    requests: Counter[str] = field(factory=Counter)
    failed: Counter[str] = field(factory=Counter)
    sent: int = 0
    """Requests sent in this run."""
    waited: Counter[int] = field(factory=Counter)
    """Second since the epoch → seconds that the requests sent in it had waited."""

    def __call__(self, event: Event) -> None:
        """Count an event, as a hook of the transport."""
        kind = KINDS.get(event.operation, event.operation)
        if event.kind is EventKind.REQUEST:
            self.sent += 1
        elif event.kind is EventKind.RESPONSE:
            self.requests[kind] += 1
            self.failed[kind] += event.status is None or event.status > LAST_GOOD
            self.waited[int(wall())] += event.waited  # type: ignore[assignment]  # a counter of seconds
        elif event.kind is EventKind.FAILURE:
            self.requests[kind] += 1
            self.failed[kind] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the figures in the form that the journal stores."""
        return {
            "runs": self.runs,
            "requests": dict(self.requests),
            "failed": dict(self.failed),
            "waited": {str(second): round(seconds, 3) for second, seconds in self.waited.items() if seconds},
        }

    def and_of(self, other: Measures) -> Measures:
        """Return the sum of these figures and those of another run, which may overlap."""
        return Measures(
            runs=_together([*self.runs, *other.runs]),
            requests=self.requests + other.requests,
            failed=self.failed + other.failed,
            sent=self.sent + other.sent,
            waited=self.waited + other.waited,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Measures:
        """Return the figures that the journal stored."""
        return cls(
            runs=[list(run) for run in data.get("runs", ())],
            requests=Counter(data.get("requests", {})),
            failed=Counter(data.get("failed", {})),
            waited=Counter({int(second): seconds for second, seconds in data.get("waited", {}).items()}),
        )


def _together(runs: list[list[float]]) -> list[list[float]]:
    """Return the times of runs in order, with overlapping ones merged."""
    found: list[list[float]] = []
    for began, ended in sorted(runs):
        if found and began <= found[-1][1]:
            found[-1][1] = max(found[-1][1], ended)
        else:
            found.append([began, ended])
    return found
