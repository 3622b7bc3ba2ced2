"""The sandbox's clock: real time, or many times faster, or put forward; the limits never go by it."""

from __future__ import annotations

import time

__all__ = ["Clock"]


class Clock:
    """Seconds since the epoch, running ``speed`` times as fast as the world's from the moment it was made."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = time.time()
        self._ticks = time.monotonic()

    def now(self) -> float:
        """Return the moment."""
        return self._began + (time.monotonic() - self._ticks) * self._speed

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._began += seconds
