"""The clocks of this library, which continue while a test freezes or moves time with freezegun or time-machine.

These tools replace the functions of `time` and `datetime`. A call that waits by a replaced clock would never end. A
simulation or a test of wrong clocks replaces the source of all clocks instead: see :func:`use_clock`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["ClockSource", "SystemClock", "elapsed", "monotonic", "use_clock", "wall"]

MONOTONIC: int | None = getattr(time, "CLOCK_MONOTONIC", None)
ELAPSED: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""Clock that continues while the machine is suspended, or ``None`` if the system has no such clock."""
REAL: int | None = 5 if sys.platform == "linux" else getattr(time, "CLOCK_REALTIME", None)
"""Number of the wall clock. On Linux CLOCK_REALTIME_COARSE, a few milliseconds late: time-machine moves
CLOCK_REALTIME."""
_plain_monotonic, _plain_time = (
    (time.monotonic,),
    (time.time,),
)  # freezegun replaces functions in modules, not in tuples


class ClockSource(Protocol):
    """The source of all clocks."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def elapsed(self) -> float:
        """Return the same, including the time that the machine was suspended."""
        ...

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        ...


class SystemClock:
    """The clocks of the operating system."""

    def monotonic(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.clock_gettime(MONOTONIC) if MONOTONIC is not None else _plain_monotonic[0]()

    def elapsed(self) -> float:
        """Return the seconds since the machine was started."""
        return time.clock_gettime(ELAPSED) if ELAPSED is not None else self.monotonic()

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        return time.clock_gettime(REAL) if REAL is not None else _plain_time[0]()


_source: ClockSource = SystemClock()


def monotonic() -> float:
    """Return the seconds of the monotonic clock: those of `time.monotonic`, which cannot be frozen here."""
    return _source.monotonic()


def elapsed() -> float:
    """Return the seconds since the machine was started, including the time that it was suspended."""
    return _source.elapsed()


def wall() -> float:
    """Return the seconds since the epoch by the system's clock: those of `time.time`, which cannot be frozen here."""
    return _source.wall()


@contextmanager
def use_clock(source: ClockSource) -> Iterator[None]:
    """Take all times of this process from another source while the block runs."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
