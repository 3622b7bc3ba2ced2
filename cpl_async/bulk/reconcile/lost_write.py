"""A write whose response was lost: the searches for its rows decide about each of them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import Factory, define, frozen

from ...errors import AuthenticationError, PermissionDenied
from ...messages import Message, message
from ..journal.reconciliation_repository import UnknownRow
from .evidence import Finding, Verdict
from .schedule import LookupSchedule
from .search import SearchReport, no_hits

__all__ = ["LostWrite", "LostWriteUpdate"]

RIVAL = message("reconcile.rival")


@frozen(kw_only=True)
class LostWriteUpdate:
    """What one search decides."""

    found: tuple[tuple[UnknownRow, Finding], ...] = ()
    """Rows that the write created."""
    absent: tuple[int, ...] = ()
    """Rows that it certainly did not create; they can be sent again."""
    undecided: dict[int, Message] = Factory(dict)
    """Rows that are not searched for any more in this run, each with the reason."""


@define
class LostWrite:
    """Rows that one write may have created."""

    schedule: LookupSchedule
    rows: dict[str, UnknownRow]
    """Rows that are not settled, by their search reference."""
    is_accepted: bool = False
    """Whether one of its rows was found: then the carrier accepted the whole batch."""
    _reasons: dict[str, tuple[Message, ...]] = Factory(dict)
    """The last known reasons of rows that are not settled."""
    _traces: set[str] = Factory(set)
    """Rows that a search has found a trace of: they are never absent."""

    def refresh(self, undecided: Iterable[UnknownRow]) -> list[int]:
        """Replace the rows by their current state: other jobs may have shipped what could be confused with them.

        :param undecided: All undecided rows of the job.
        :return: Rows that have lost their reference and cannot be searched for.
        """
        fresh = {row.number: row for row in undecided}
        before, self.rows = self.rows, {}
        nameless: list[int] = []
        for reference, row in before.items():
            now = fresh.get(row.number)
            if now is not None and now.cust_reference == reference:
                self.rows[reference] = now
            elif now is not None:
                nameless.append(row.number)
        return nameless

    def record_search(self, report: SearchReport, now: float) -> LostWriteUpdate:
        """Record a search for the rows, remove those that it settles, and return what it decides.

        :param now: Start of the search, in seconds since the epoch.
        """
        self._traces |= {name for name, one in report.findings.items() if one.verdict is not Verdict.ABSENT}
        self.schedule.record_search(now, good=report.conclusive >= set(self.rows))
        found = self._take_found(report)
        absent = [
            reference
            for reference in self.rows
            if no_hits(report, reference)
            and reference not in self._traces
            and self.schedule.is_conclusive(now, good=True)
        ]
        numbers = tuple(self.rows.pop(reference).number for reference in absent)
        self._keep_reasons(report)
        undecided = self._take_undecidable() if self._ends(report, now) else {}
        return LostWriteUpdate(found=found, absent=numbers, undecided=undecided)

    def _ends(self, report: SearchReport, now: float) -> bool:
        """Return whether further searches in this run are of no use."""
        if isinstance(report.failure, AuthenticationError | PermissionDenied) or self.schedule.exhausted:
            return True
        # after the settle time, what is left is there in a form that only a person can decide on
        return bool(self.rows) and self.schedule.is_conclusive(now, good=report.conclusive >= set(self.rows))

    def _take_found(self, report: SearchReport) -> tuple[tuple[UnknownRow, Finding], ...]:
        found: list[tuple[UnknownRow, Finding]] = []
        for reference, row in list(self.rows.items()):
            finding = report.findings.get(reference)
            if finding is None or finding.verdict is not Verdict.PRESENT:
                continue
            if row.has_rival:
                self._reasons[reference] = (RIVAL,)
                continue
            found.append((row, finding))
            del self.rows[reference]
        self.is_accepted = self.is_accepted or bool(found)
        return tuple(found)

    def _keep_reasons(self, report: SearchReport) -> None:
        for reference in self.rows:
            finding = report.findings.get(reference)
            if finding is not None and finding.verdict is not Verdict.ABSENT:
                self._reasons[reference] = finding.doubts or self._reasons.get(reference, ())
            elif report.problem and reference not in self._traces:
                self._reasons[reference] = (report.problem,)

    def _take_undecidable(self) -> dict[int, Message]:
        too_short = (message("reconcile.too_short"),)
        reasons = {
            row.number: message("unknown.because", reasons=self._reasons.get(reference) or too_short)
            for reference, row in self.rows.items()
        }
        self.rows.clear()
        return reasons
