"""The schedule of polls without I/O: open batches, with longer intervals as a batch ages."""

from __future__ import annotations

import heapq
import itertools
from collections import deque

from attrs import define, field, frozen

__all__ = ["OpenBatch", "PollSchedule"]

FIRST_POLL_SECONDS = 0.4
"""Seconds from the acceptance to the first poll, while the duration of imports is not known."""
UNKNOWN_PART = 0.5
"""Fraction of its age after which a batch is polled again while the duration of imports is not known."""
KNOWN_PART = 0.15
"""The same fraction once the duration is known, and so the maximum delay in detecting the end of an import."""
FIRST_POLL_PART = 0.9
"""Fraction of the shortest recent import before which a batch is not polled."""
REMEMBERED_IMPORTS = 20
"""Imports from which the shortest is computed."""
MIN_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS = 0.2, 15.0


@frozen(kw_only=True)
class OpenBatch:
    """A batch whose import is not settled."""

    batch: int
    remote_id: str
    accepted_at: float
    """Time of acceptance in seconds, by the clock of the schedule."""


@define(kw_only=True)
class PollSchedule:
    """The open batches of one job, each with the time of its next poll; all times in seconds by one clock."""

    import_timeout: float
    """Seconds after acceptance until the open rows of a batch are left undecided for this run."""
    _ages: deque[float] = field(factory=lambda: deque(maxlen=REMEMBERED_IMPORTS), init=False)
    """Ages at which imports were polled and finished, without the time that a poll waited for its permit."""
    _due: list[tuple[float, int, OpenBatch]] = field(factory=list, init=False)
    _order: itertools.count[int] = field(factory=itertools.count, init=False)

    def add(self, batch: OpenBatch, now: float) -> None:
        """Add a batch."""
        heapq.heappush(self._due, (now + self.interval(batch, now), next(self._order), batch))

    def add_again(self, batch: OpenBatch, now: float) -> bool:
        """Add a batch that was polled and is not settled, and return ``False`` if its import takes too long."""
        if now + self.interval(batch, now) > batch.accepted_at + self.import_timeout:
            return False
        self.add(batch, now)
        return True

    def imported(self, age: float) -> None:
        """Record that an import was finished at this age, in seconds."""
        self._ages.append(age)

    @property
    def next_at(self) -> float | None:
        """Time of the next poll, or ``None`` if there is no open batch."""
        return self._due[0][0] if self._due else None

    def pop(self) -> OpenBatch:
        """Remove the batch that is polled next, and return it."""
        return heapq.heappop(self._due)[2]

    def interval(self, batch: OpenBatch, now: float) -> float:
        """Return the seconds until the next poll of a batch, by its age and by the duration of recent imports."""
        age = now - batch.accepted_at
        if not self._ages:
            return min(max(FIRST_POLL_SECONDS - age, UNKNOWN_PART * age, MIN_INTERVAL_SECONDS), MAX_INTERVAL_SECONDS)
        if age < FIRST_POLL_PART * min(self._ages):
            return FIRST_POLL_PART * min(self._ages) - age
        return min(max(KNOWN_PART * age, MIN_INTERVAL_SECONDS), MAX_INTERVAL_SECONDS)
