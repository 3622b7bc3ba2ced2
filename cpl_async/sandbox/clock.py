"""The sandbox's clock, which can run faster than real time and be advanced. Limits use real time."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite

__all__ = ["Clock", "TimeSource", "monotonic", "new_event_loop", "use_time", "wall_time"]

MONOTONIC: int | None = getattr(time, "CLOCK_MONOTONIC", None)
REAL: int | None = 5 if sys.platform == "linux" else getattr(time, "CLOCK_REALTIME", None)
"""CLOCK_REALTIME_COARSE on Linux, because time-machine patches CLOCK_REALTIME."""


class TimeSource:
    """The clocks of the operating system, even if a test freezes time."""

    def monotonic(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.clock_gettime(MONOTONIC) if MONOTONIC is not None else time.monotonic()

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        return time.clock_gettime(REAL) if REAL is not None else time.time()


_source = TimeSource()


def monotonic() -> float:
    """Return the seconds of the monotonic clock."""
    return _source.monotonic()


def wall_time() -> float:
    """Return the seconds since the epoch."""
    return _source.wall()


@contextmanager
def use_time(source: TimeSource) -> Iterator[None]:
    """Take the times of all sandboxes of this process from another source while the block runs."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop whose timers work while a test freezes time."""
    loop = asyncio.new_event_loop()
    if hasattr(loop, "__dict__"):
        vars(loop)["time"] = monotonic
    return loop


class Clock:
    """A clock in seconds since the epoch that runs ``speed`` times faster than real time."""

    def __init__(self, speed: float, earliest: float = 0.0) -> None:
        """Start the clock at the current time, or at the latest time of an earlier run.

        :param speed: Factor relative to real time, greater than 0.
        :param earliest: Minimum start time in seconds since the epoch. Default: 0.
        :raises ValueError: If the speed is not a positive finite number.
        """
        if not (isfinite(speed) and speed > 0):
            raise ValueError(f"the speed of the clock must be a number greater than 0, not {speed}")
        self._speed = speed
        self._start = max(wall_time(), earliest)
        self._ticks = monotonic()

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        return self._start + (monotonic() - self._ticks) * self._speed

    def advance(self, seconds: float) -> None:
        """Advance the clock by a number of seconds."""
        self._start += seconds
