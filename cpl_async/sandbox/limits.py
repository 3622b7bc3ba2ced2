"""Rate limits of the carrier: the interval between requests and the number of token requests."""

from __future__ import annotations

import bisect
from collections import defaultdict, deque

from .settings import SandboxSettings

__all__ = ["Limits"]

MAX_REMEMBERED = 100


class Limits:
    """Rate limits of each client id, in real time regardless of the sandbox's clock."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._accepted: dict[str, list[float]] = defaultdict(list)
        self._tokens: dict[str, deque[float]] = defaultdict(deque)

    def gap(self, client: str, at: float) -> float | None:
        """Record a request if it respects the limit, and return its distance to the nearest accepted request.

        A busy server may process requests out of order, so both neighbours in time count.

        :param client: Client id.
        :param at: Arrival time in seconds since the epoch.
        :return: Seconds, or ``None`` if this is the first request.
        """
        accepted = self._accepted[client]
        index = bisect.bisect(accepted, at)
        neighbours = [at - accepted[index - 1]] if index else []
        neighbours += [accepted[index] - at] if index < len(accepted) else []
        gap = min(neighbours, default=None)
        if not self.too_close(gap):
            accepted.insert(index, at)
            del accepted[:-MAX_REMEMBERED]
        return gap

    def too_close(self, gap: float | None) -> bool:
        """Return whether a distance in seconds violates the limit."""
        return gap is not None and gap < self._settings.interval - self._settings.forgiven

    def token_allowed(self, client: str, at: float) -> bool:
        """Return whether the client may request a token now, and count an allowed request.

        :param client: Client id.
        :param at: Arrival time in seconds since the epoch.
        """
        times = self._tokens[client]
        while times and times[0] <= at - 60:
            times.popleft()
        if len(times) >= self._settings.tokens_a_minute:
            return False
        times.append(at)
        return True
