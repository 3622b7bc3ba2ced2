"""The choice of control shipments: those that a search has shown come first. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define, field

from .search import CONTROLS_PER_SEARCH, SearchReport

__all__ = ["ControlShipments"]


@define
class ControlShipments:
    """Shipments that are known to exist, and whether searches have shown them."""

    _seen: list[str] = field(factory=list, init=False)
    """Those that were found, the latest first."""
    _others: list[str] = field(factory=list, init=False)
    _missing: set[str] = field(factory=set, init=False)

    @property
    def needs_more(self) -> bool:
        """Whether references from the journal are needed for the next search."""
        return len(self._seen) < CONTROLS_PER_SEARCH and not self._others

    def add(self, references: Iterable[str]) -> None:
        """Add references from the journal."""
        self._others = list(references)

    def choose(self) -> list[str]:
        """Return the references for the next search: those that were found before, else others."""
        others = (reference for reference in self._others if reference not in self._seen)
        return [*self._seen, *others][:CONTROLS_PER_SEARCH]

    def choose_new(self, candidates: Sequence[str]) -> list[str]:
        """Return one of these references, and not the one that was missing last."""
        left = [reference for reference in candidates if reference not in self._missing]
        if candidates and not left:
            self._missing.clear()
        return (left or list(candidates))[:1]

    def update(self, report: SearchReport) -> None:
        """Prefer those that were found; missing ones are used again after all others."""
        earlier = (reference for reference in self._seen if reference not in report.controls_seen)
        self._seen = [*sorted(report.controls_seen), *earlier]
        self._missing |= report.controls_missing
        self._missing -= report.controls_seen
        if not report.failure:
            self._seen = [reference for reference in self._seen if reference not in report.controls_missing]
            self._others = [reference for reference in self._others if reference not in report.controls_missing]
