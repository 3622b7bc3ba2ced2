"""The schedule of searches for shipments that may exist, and the conditions under which they count as absent."""

from __future__ import annotations

from attrs import define, frozen

from ..options import DEFAULT_SETTLE_TIME

__all__ = ["LookupSchedule", "SettlePolicy"]

MIN_SEARCHES = 3
"""Searches without a trace that absence requires."""
FIRST_PART = 1 / 64
"""Fraction of the settle time after which the first search is made."""
SLOWER_BY = 2.0
MAX_INCONCLUSIVE = 8
"""Consecutive inconclusive searches, after the settle time, after which this run stops."""


@frozen(kw_only=True)
class SettlePolicy:
    """The waiting time before a shipment counts as absent."""

    settle_time: float = DEFAULT_SETTLE_TIME
    """Seconds from the end of the write until its shipments must be visible."""

    @property
    def least(self) -> float:
        """Minimum seconds between two searches."""
        return max(0.05, min(self.settle_time / 32, 20.0))


@define
class LookupSchedule:
    """The searches for the shipments that one write may have created."""

    until: float
    """Time at which the write had certainly ended, in seconds since the epoch."""
    policy: SettlePolicy
    clean: int = 0
    """Number of conclusive searches."""
    spoilt: int = 0
    """Number of consecutive inconclusive searches after the settle time."""
    last: float = 0.0
    """Time of the last search, in seconds since the epoch."""

    def due(self, now: float) -> float:
        """Return the time of the next search, in seconds since the epoch; the intervals grow."""
        settle = self.policy.settle_time
        if not self.last:
            return max(now, self.until + settle * FIRST_PART)
        end = self.until + settle
        passed = max(self.last - self.until, settle * FIRST_PART)
        due = max(self.last + self.policy.least, min(self.until + passed * SLOWER_BY, end))
        if self.last >= end:
            due = self.last + self.policy.least
        return due

    def record_search(self, now: float, *, good: bool) -> None:
        """Record a search by its start time."""
        self.last = now
        if good:
            self.clean += 1
            self.spoilt = 0
        elif now >= self.until + self.policy.settle_time:
            self.spoilt += 1

    def is_conclusive(self, now: float, *, good: bool) -> bool:
        """Return whether a recorded search without a trace proves that nothing was created.

        :param now: Start of the search; the settle time must have passed by then.
        """
        return good and self.clean >= MIN_SEARCHES and now >= self.until + self.policy.settle_time

    @property
    def exhausted(self) -> bool:
        """Whether another search in this run is of no use."""
        return self.spoilt >= MAX_INCONCLUSIVE
