"""The carrier's clock, as the ``Date`` headers of its responses show it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from .write_deadline import elapsed

__all__ = ["ServerClock"]

SAMPLE_COUNT = 15
"""Responses whose median counts: one gateway with a wrong clock changes nothing."""
LONGEST_AGE = 9
"""Digits of an ``Age`` header that are read."""


class ServerClock:
    """Estimates the carrier's time from responses; independent of this machine's wall clock.

    Between two responses it runs by the machine's steady clock, which includes the time that the machine was suspended.
    """

    def __init__(self) -> None:
        self._certain: deque[float] = deque(maxlen=SAMPLE_COUNT)
        self._uncertain: float | None = None
        self._last = ""

    def record(self, headers: Mapping[str, str], *, certain: bool) -> None:
        """Take the time of a response.

        :param headers: Of the response.
        :param certain: Whether the API itself has answered. The time of anything else, e.g. an error page of a gateway,
            is used only while nothing better is known.
        """
        date = headers.get("Date", "")
        if not date or (certain and date == self._last):  # one sample a second: to parse a date takes time
            return
        try:
            moment = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError, TypeError):
            return
        age = headers.get("Age", "").strip()
        if age.isascii() and age.isdigit() and len(age) <= LONGEST_AGE:  # a cache has kept the response for so long
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
