"""Clocks that continue while a test freezes or moves time with freezegun or time-machine.

These tools replace the functions of `time` and `datetime`. A call that waits by a replaced clock would never end.
"""

from __future__ import annotations

import sys
import time

__all__ = ["monotonic", "wall"]

MONOTONIC: int | None = getattr(time, "CLOCK_MONOTONIC", None)
REAL: int | None = 5 if sys.platform == "linux" else getattr(time, "CLOCK_REALTIME", None)
"""Number of the wall clock. On Linux CLOCK_REALTIME_COARSE, a few milliseconds late: time-machine moves
CLOCK_REALTIME."""
_plain_monotonic, _plain_time = (
    (time.monotonic,),
    (time.time,),
)  # freezegun replaces functions in modules, not in tuples


def monotonic() -> float:
    """Return the seconds of the system's monotonic clock: those of `time.monotonic`, which cannot be frozen here."""
    return time.clock_gettime(MONOTONIC) if MONOTONIC is not None else _plain_monotonic[0]()


def wall() -> float:
    """Return the seconds since the epoch by the system's clock: those of `time.time`, which cannot be frozen here."""
    return time.clock_gettime(REAL) if REAL is not None else _plain_time[0]()
