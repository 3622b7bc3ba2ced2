"""Enforces the carrier's limits: the distance between requests and the number of tokens."""

from __future__ import annotations

from collections import defaultdict, deque

from .settings import SandboxSettings

__all__ = ["Limits"]


class Limits:
    """The limits of each client id; they count real time whatever the sandbox's clock does."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._last: dict[str, float] = {}
        self._tokens: dict[str, deque[float]] = defaultdict(deque)

    def gap(self, client: str, at: float) -> float | None:
        """Return the seconds since the client's last request that was let through; let this one through if it may."""
        last = self._last.get(client)
        gap = None if last is None else at - last
        if gap is None or gap >= self._settings.interval - self._settings.forgiven:
            self._last[client] = at
        return gap

    def too_close(self, gap: float | None) -> bool:
        """Return whether a distance breaks the limit."""
        return gap is not None and gap < self._settings.interval - self._settings.forgiven

    def token_allowed(self, client: str, at: float) -> bool:
        """Return whether the client may ask for a token now, and count it."""
        asked = self._tokens[client]
        while asked and asked[0] <= at - 60:
            asked.popleft()
        if len(asked) >= self._settings.tokens_a_minute:
            return False
        asked.append(at)
        return True
