"""When to look for what may have been created, and when enough was seen to say that it was not."""

from __future__ import annotations

from attrs import define, frozen

from ..options import DEFAULT_SETTLE_TIME

__all__ = ["LookupSchedule", "SettlePolicy"]

MIN_SEARCHES = 3
"""Looks without a trace that absence takes."""
FIRST_PART = 1 / 64
"""Part of the settling time after which the first look is taken."""
SLOWER_BY = 2.0
MAX_INCONCLUSIVE = 8
"""Looks in a row that are no evidence, after the settling time, until this run gives up."""


@frozen(kw_only=True)
class SettlePolicy:
    """How long is waited before absence is believed."""

    settle_time: float = DEFAULT_SETTLE_TIME
    """Seconds from the end of the write until its work must be visible."""

    @property
    def least(self) -> float:
        """Least seconds between two looks."""
        return max(0.05, min(self.settle_time / 32, 20.0))


@define
class LookupSchedule:
    """The looks for what one write may have created."""

    until: float
    """When the write had surely ended, in seconds since the epoch."""
    patience: SettlePolicy
    clean: int = 0
    """Looks that were evidence."""
    spoilt: int = 0
    """Looks in a row, after the settling time, that were none."""
    last: float = 0.0
    """When the last one was taken."""

    def due(self, now: float) -> float:
        """Return when to look next, in seconds since the epoch: soon at first, then less and less often."""
        settle = self.patience.settle_time
        if not self.last:
            return max(now, self.until + settle * FIRST_PART)
        end = self.until + settle
        passed = max(self.last - self.until, settle * FIRST_PART)
        due = max(self.last + self.patience.least, min(self.until + passed * SLOWER_BY, end))
        if self.last >= end:
            due = self.last + self.patience.least
        return due

    def record_search(self, now: float, *, good: bool) -> None:
        """Note a look, by when it began."""
        self.last = now
        if good:
            self.clean += 1
            self.spoilt = 0
        elif now >= self.until + self.patience.settle_time:
            self.spoilt += 1

    def is_conclusive(self, now: float, *, good: bool) -> bool:
        """Return whether a look without a trace, noted already, proves that nothing was created.

        :param now: when the look began: the settling time must have passed by then.
        """
        return good and self.clean >= MIN_SEARCHES and now >= self.until + self.patience.settle_time

    @property
    def exhausted(self) -> bool:
        """Whether looking again in this run is of no use."""
        return self.spoilt >= MAX_INCONCLUSIVE
