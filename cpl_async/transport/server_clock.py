"""The carrier's clock, as the ``Date`` headers of its responses show it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from ..system.clock import elapsed

__all__ = ["ServerClock"]

SAMPLE_COUNT = 15
"""Number of responses whose median is used, so that one gateway with a wrong clock has no effect."""
MAX_AGE_DIGITS = 9
"""Maximum number of digits in an ``Age`` header."""


class ServerClock:
    """Estimate of the carrier's time from responses, independent of this machine's wall clock.

    Between two responses it runs by the machine's steady clock, which includes the time that the machine was suspended.
    """

    def __init__(self) -> None:
        self._certain: deque[float] = deque(maxlen=SAMPLE_COUNT)
        self._uncertain: float | None = None
        self._last = ""

    def record(self, headers: Mapping[str, str], *, certain: bool) -> None:
        """Record the time of a response.

        :param headers: Headers of the response.
        :param certain: Whether the API itself has responded. The time of another source, e.g. an error page of a
            gateway, is used only while no better one is known.
        """
        date = headers.get("Date", "")
        if not date or (certain and date == self._last):  # one sample per second, because parsing a date takes time
            return
        try:
            moment = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError, TypeError):
            return
        age = headers.get("Age", "").strip()
        if age.isascii() and age.isdigit() and len(age) <= MAX_AGE_DIGITS:  # seconds that a cache has kept the response
            moment += int(age)
        if certain:
            self._last = date
            self._certain.append(moment - elapsed())
        else:
            self._uncertain = moment - elapsed()

    def now(self) -> float | None:
        """Return the carrier's time in seconds since the epoch, or ``None`` if no response has shown it."""
        if self._certain:
            return elapsed() + sorted(self._certain)[len(self._certain) // 2]
        return elapsed() + self._uncertain if self._uncertain is not None else None
