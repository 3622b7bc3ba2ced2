"""What the sandbox remembers of requests, for a test to audit."""

from __future__ import annotations

import threading
from collections import Counter

from attrs import frozen

__all__ = ["Ledger", "LedgerEntry"]


@frozen(kw_only=True)
class LedgerEntry:
    """One request."""

    at: float
    """When it arrived, in seconds since the epoch."""
    client: str
    method: str
    path: str
    operation: str
    status: int
    gap: float | None = None
    """Seconds since the client's last request; ``None`` for its first one."""
    refused_for: str = ""
    """``pace``, ``tokens`` or nothing."""
    correlation_id: str = ""
    fault: str = ""
    """The fault that was played on it."""


class Ledger:
    """All requests of this run of the sandbox; safe to read from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LedgerEntry] = []

    def add(self, entry: LedgerEntry) -> None:
        """Note a request."""
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> list[LedgerEntry]:
        """All requests, in the order in which they were answered."""
        with self._lock:
            return list(self._entries)

    def of(self, operation: str) -> list[LedgerEntry]:
        """Return the requests of one operation."""
        return [entry for entry in self.entries if entry.operation == operation]

    def summary(self) -> dict[str, object]:
        """Return the figures that matter: requests by kind and status, refusals, the closest distances."""
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
