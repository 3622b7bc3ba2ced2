"""The sandbox's clock: real time, or many times faster, or put forward; the limits never go by it."""

from __future__ import annotations

import time
from math import isfinite

__all__ = ["Clock"]


class Clock:
    """Seconds since the epoch, running ``speed`` times as fast as the world's from the moment it was made."""

    def __init__(self, speed: float, earliest: float = 0.0) -> None:
        """Start now, or at the moment that an earlier run had reached.

        :raises ValueError: for a speed that is no positive number.
        """
        if not (isfinite(speed) and speed > 0):
            raise ValueError(f"the speed of the clock must be a number over 0, not {speed}")
        self._speed = speed
        self._began = max(time.time(), earliest)
        self._ticks = time.monotonic()

    def now(self) -> float:
        """Return the moment."""
        return self._began + (time.monotonic() - self._ticks) * self._speed

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._began += seconds
