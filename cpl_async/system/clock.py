"""Clocks that go on while a test freezes or moves time with freezegun or time-machine.

Those replace the functions of `time` and `datetime`. A call that waits for its turn by such a clock would never end.
"""

from __future__ import annotations

import sys
import time

__all__ = ["monotonic", "wall"]

MONOTONIC: int | None = getattr(time, "CLOCK_MONOTONIC", None)
REAL: int | None = 5 if sys.platform == "linux" else getattr(time, "CLOCK_REALTIME", None)
"""On Linux CLOCK_REALTIME_COARSE: time-machine moves CLOCK_REALTIME. It is at most some milliseconds behind."""
_plain_monotonic, _plain_time = (
    (time.monotonic,),
    (time.time,),
)  # freezegun replaces functions of modules, not in tuples


def monotonic() -> float:
    """Return the seconds of the system's monotonic clock: those of `time.monotonic`, which cannot be frozen."""
    return time.clock_gettime(MONOTONIC) if MONOTONIC is not None else _plain_monotonic[0]()


def wall() -> float:
    """Return the seconds since the epoch by the system's clock: those of `time.time`, which cannot be frozen."""
    return time.clock_gettime(REAL) if REAL is not None else _plain_time[0]()
