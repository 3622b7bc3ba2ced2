"""Enforces the carrier's limits: the distance between requests and the number of tokens."""

from __future__ import annotations

import bisect
from collections import defaultdict, deque

from .settings import SandboxSettings

__all__ = ["Limits"]

MAX_REMEMBERED = 100


class Limits:
    """The limits of each client id; they count real time whatever the sandbox's clock does."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._known: dict[str, list[float]] = defaultdict(list)
        self._tokens: dict[str, deque[float]] = defaultdict(deque)

    def gap(self, client: str, at: float) -> float | None:
        """Return the seconds to the client's nearest request that was let through; let this one through if it may.

        A busy server may get to requests in another order than they arrived in: both neighbours in time count.
        """
        known = self._known[client]
        place = bisect.bisect(known, at)
        neighbours = [at - known[place - 1]] if place else []
        neighbours += [known[place] - at] if place < len(known) else []
        gap = min(neighbours, default=None)
        if not self.too_close(gap):
            known.insert(place, at)
            del known[:-MAX_REMEMBERED]
        return gap

    def too_close(self, gap: float | None) -> bool:
        """Return whether a distance breaks the limit."""
        return gap is not None and gap < self._settings.interval - self._settings.forgiven

    def token_allowed(self, client: str, at: float) -> bool:
        """Return whether the client may ask for a token now, and count it."""
        parsed = self._tokens[client]
        while parsed and parsed[0] <= at - 60:
            parsed.popleft()
        if len(parsed) >= self._settings.tokens_a_minute:
            return False
        parsed.append(at)
        return True
