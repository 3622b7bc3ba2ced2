"""The events of a job in bins over its run time, which excludes the gaps between runs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import floor
from statistics import quantiles

from attrs import frozen

__all__ = [
    "MAX_BINS",
    "Spread",
    "TimeSpan",
    "TimedCount",
    "Timeline",
    "counted",
    "highest",
    "spread_of",
    "timeline_over",
    "waiting",
]

MAX_BINS = 60
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@frozen
class TimedCount:
    """Events at one time, with their number."""

    at: float
    """Seconds since the epoch."""
    amount: float = 1


@frozen
class TimeSpan:
    """A period: a run, a wait."""

    start: float
    end: float
    """Begin and end, in seconds since the epoch."""


@frozen
class Spread:
    """The distribution of values, in a size that suffices for any curve and does not depend on their number."""

    count: int
    quantiles: list[float]
    """The minimum, the 1st to 99th percentiles, and the maximum; empty if there are no values."""


@frozen
class Timeline:
    """Bins of equal width over the run time of a job."""

    runs: list[TimeSpan]
    """Runs in order of time, without overlap."""
    step: float
    """Seconds of a bin."""

    @property
    def seconds(self) -> float:
        """Run time in seconds."""
        return sum(run.end - run.start for run in self.runs)

    @property
    def bins(self) -> int:
        """Number of bins; the last one differs by half a step at most."""
        return max(1, round(self.seconds / self.step)) if self.runs else 0

    @property
    def edges(self) -> list[float]:
        """Run seconds at which the bins begin, and the end of the last one."""
        return [*(index * self.step for index in range(self.bins)), self.seconds]

    def position(self, at: float) -> float:
        """Return the run second of a timestamp; a time between two runs belongs to the end of the earlier one.

        :param at: Seconds since the epoch.
        :return: Seconds from the start of the first run, without gaps.
        """
        number = bisect_right(self.runs, at, key=lambda run: run.start)
        before = sum(run.end - run.start for run in self.runs[: max(0, number - 1)])
        if number == 0:
            return 0.0
        run = self.runs[number - 1]
        return before + min(at, run.end) - run.start

    def at(self, second: float) -> float:
        """Return the timestamp of a run second, in seconds since the epoch."""
        for run in self.runs[:-1]:
            if second < run.end - run.start:
                return run.start + second
            second -= run.end - run.start
        return self.runs[-1].start + second

    def bin_of(self, at: float) -> int:
        """Return the bin of a timestamp, from 0."""
        return min(int(self.position(at) / self.step), self.bins - 1)


def timeline_over(runs: Iterable[TimeSpan], *, most: int = MAX_BINS) -> Timeline:
    """Divide the run time of a job into bins of a round width.

    :param runs: Runs in any order; overlapping ones are merged.
    :param most: Maximum number of bins. Default: 60.
    :return: The timeline, without bins if there was no run.
    """
    apart: list[TimeSpan] = []
    for run in sorted(runs, key=lambda run: run.start):
        if apart and run.start <= apart[-1].end:
            apart[-1] = TimeSpan(apart[-1].start, max(apart[-1].end, run.end))
        elif run.end > run.start:
            apart.append(run)
    seconds = sum(run.end - run.start for run in apart)
    days = -floor(-seconds / most / STEPS[-1])
    step = next((step for step in STEPS if seconds / step <= most), days * STEPS[-1])
    return Timeline(apart, step)


def counted(grid: Timeline, events: Iterable[TimedCount]) -> list[float]:
    """Return the number of events in each bin.

    :param events: Events in any order, read once.
    """
    found = [0.0] * grid.bins
    for event in events if grid.bins else ():
        found[grid.bin_of(event.at)] += event.amount
    return found


def highest(grid: Timeline, changes: Iterable[TimedCount]) -> list[float]:
    """Return the maximum in each bin of a level that rises and falls, such as the number of open batches.

    :param changes: Changes in order of time; a negative amount lowers the level.
    """
    found = [0.0] * grid.bins
    level, last = 0.0, 0
    for change in changes if grid.bins else ():
        place = grid.bin_of(change.at)
        for index in range(last + 1, place + 1):
            found[index] = level
        level, last = level + change.amount, place
        found[place] = max(found[place], level)
    for index in range(last + 1, grid.bins):
        found[index] = level
    return found


def waiting(grid: Timeline, waits: Iterable[TimeSpan]) -> list[float]:
    """Return the average number of concurrent waits in each bin.

    :param waits: Waits in any order, read once.
    """
    found = [0.0] * grid.bins
    edges = grid.edges
    for wait in waits if grid.bins else ():
        start, end = grid.position(wait.start), grid.position(wait.end)
        for index in range(grid.bin_of(wait.start), grid.bin_of(wait.end) + 1):
            inside = min(end, edges[index + 1]) - max(start, edges[index])
            found[index] += max(0.0, inside)
    return [value / (edges[index + 1] - edges[index]) for index, value in enumerate(found)]


def spread_of(values: Sequence[float]) -> Spread:
    """Return the distribution of values.

    :param values: Values in any order.
    """
    if len(values) < 2:
        return Spread(len(values), list(values) * 101)
    return Spread(len(values), [min(values), *quantiles(values, n=100, method="inclusive"), max(values)])
