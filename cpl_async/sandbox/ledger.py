"""Ledger of the requests to a sandbox, for assertions in tests."""

from __future__ import annotations

import threading
from collections import Counter

from attrs import frozen

__all__ = ["Ledger", "LedgerEntry"]


@frozen(kw_only=True)
class LedgerEntry:
    """A recorded request."""

    at: float
    """Arrival time in seconds since the epoch."""
    client: str
    method: str
    path: str
    operation: str
    status: int
    gap: float | None = None
    """Seconds to the nearest accepted request of the client, or ``None`` for its first request."""
    refused_for: str = ""
    """Exceeded limit: ``pace``, ``tokens`` or empty."""
    correlation_id: str = ""
    fault: str = ""
    """Injected fault, or empty."""


class Ledger:
    """Thread-safe list of all requests of this run of the sandbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LedgerEntry] = []

    def add(self, entry: LedgerEntry) -> None:
        """Record a request."""
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> list[LedgerEntry]:
        """All requests, in the order of their responses."""
        with self._lock:
            return list(self._entries)

    def of(self, operation: str) -> list[LedgerEntry]:
        """Return the requests of one operation."""
        return [entry for entry in self.entries if entry.operation == operation]

    def summary(self) -> dict[str, object]:
        """Return statistics: requests by operation and status, rejections, and distances between requests."""
        entries = self.entries
        gaps = sorted(entry.gap for entry in entries if entry.gap is not None)
        return {
            "requests": len(entries),
            "by_operation": dict(Counter(entry.operation for entry in entries)),
            "by_status": {str(status): count for status, count in Counter(entry.status for entry in entries).items()},
            "refused_for_pace": sum(entry.refused_for == "pace" for entry in entries),
            "refused_for_tokens": sum(entry.refused_for == "tokens" for entry in entries),
            "closer_than_40_ms": sum(gap < 0.040 for gap in gaps),
            "closest_ms": [round(gap * 1000, 2) for gap in gaps[:5]],
            "median_gap_ms": round(gaps[len(gaps) // 2] * 1000, 2) if gaps else None,
        }
