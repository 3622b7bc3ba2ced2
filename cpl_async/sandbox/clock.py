"""The sandbox's clock: real time, or many times faster, or put forward; the limits never go by it."""

from __future__ import annotations

import asyncio
import sys
import time
from math import isfinite

__all__ = ["Clock", "monotonic", "new_event_loop", "wall_time"]

MONOTONIC: int | None = getattr(time, "CLOCK_MONOTONIC", None)
REAL: int | None = 5 if sys.platform == "linux" else getattr(time, "CLOCK_REALTIME", None)
"""On Linux CLOCK_REALTIME_COARSE: time-machine moves CLOCK_REALTIME."""


def monotonic() -> float:
    """Return the seconds of the monotonic clock, which a test that freezes time does not stop."""
    return time.clock_gettime(MONOTONIC) if MONOTONIC is not None else time.monotonic()


def wall_time() -> float:
    """Return the seconds since the epoch, which a test that freezes time does not stop."""
    return time.clock_gettime(REAL) if REAL is not None else time.time()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop whose timers go on while a test freezes time."""
    loop = asyncio.new_event_loop()
    if hasattr(loop, "__dict__"):
        vars(loop)["time"] = monotonic
    return loop


class Clock:
    """Seconds since the epoch, running ``speed`` times as fast as the world's from the moment it was made."""

    def __init__(self, speed: float, earliest: float = 0.0) -> None:
        """Start now, or at the moment that an earlier run had reached.

        :raises ValueError: for a speed that is no positive number.
        """
        if not (isfinite(speed) and speed > 0):
            raise ValueError(f"the speed of the clock must be a number over 0, not {speed}")
        self._speed = speed
        self._began = max(wall_time(), earliest)
        self._ticks = monotonic()

    def now(self) -> float:
        """Return the moment."""
        return self._began + (monotonic() - self._ticks) * self._speed

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._began += seconds
