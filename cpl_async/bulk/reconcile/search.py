"""Asks for references in few requests, and says whether what came back is evidence of what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from attrs import Factory, define, frozen

from ...errors import CplError
from ...messages import Message, message
from ...models.references import folded_reference
from ...ratelimit.priority import Priority
from ..client_protocols import ShipmentCalls
from .evidence import ExpectedShipment, Finding, SearchHit, Verdict, classify, hit_from

__all__ = ["CONTROLS_PER_SEARCH", "SearchCall", "SearchReport", "no_hits", "search_call", "search_with_controls"]

MAX_FILTER_VALUES = 50
"""Values of a filter in one request (source: the vendor's documentation)."""
CONTROLS_PER_SEARCH = 2
ROUNDS = 4
"""Times that a part of a look is asked for until it is evidence: of many answers of a bad day one is always spoilt."""
MAX_HITS = 1000
"""Items of one page. What is asked for fits into one: between two pages of a list that changes there may be a gap."""


class SearchCall(Protocol):
    """Finds what has certain references."""

    async def __call__(self, references: Sequence[str]) -> tuple[list[SearchHit], bool]:
        """Return all that the search shows, and whether that is everything it has."""
        ...


@frozen(kw_only=True)
class SearchReport:
    """What one look showed."""

    findings: dict[str, Finding] = Factory(dict)
    """By reference; none where the request failed."""
    conclusive: frozenset[str] = frozenset()
    """References whose absence in this look is evidence."""
    controls_seen: frozenset[str] = frozenset()
    """Canaries that were there."""
    controls_missing: frozenset[str] = frozenset()
    """Canaries that no answer showed."""
    problem: Message | None = None
    """Why a part of the look, or all of it, is no evidence."""
    failure: CplError | None = None
    """The last request that failed."""


def search_call(calls: ShipmentCalls) -> SearchCall:
    """Return what finds shipments by their external number of code ``CUST``."""

    async def search(references: Sequence[str]) -> tuple[list[SearchHit], bool]:
        page = await calls.list(customer_references=references, limit=MAX_HITS, priority=Priority.BACKGROUND)
        whole = len(page.items) < MAX_HITS if page.total is None else page.total <= len(page.items)
        return [hit_from(shipment) for shipment in page.items], whole

    return search


async def search_with_controls(
    search: SearchCall, wanted: Sequence[ExpectedShipment], canaries: Sequence[str], needed: Sequence[str] = ()
) -> SearchReport:
    """Ask for everything that is wanted, and again for those parts whose answer is no evidence, if others are.

    :param search: asks for at most 50 references.
    :param wanted: with references that differ.
    :param canaries: references that are known to be there; without one nothing is evidence of absence.
    :param needed: those of them that are no older than what is wanted: a search that lags behind shows only old ones.
    """
    looking = _Search(search, canaries[:CONTROLS_PER_SEARCH], needed)
    chunks = list(_chunks(wanted, MAX_FILTER_VALUES - len(looking.canaries)))
    for _ in range(ROUNDS):
        looking.problem = looking.failure = None
        chunks = [chunk for chunk in chunks if not await looking.ask(chunk)]
        if not chunks or not looking.conclusive:
            break
    return looking.look()


@define
class _Search:
    """One look while it is taken."""

    search: SearchCall
    canaries: Sequence[str]
    needed: Sequence[str]
    findings: dict[str, Finding] = Factory(dict)
    conclusive: set[str] = Factory(set)
    controls_seen: set[str] = Factory(set)
    controls_missing: set[str] = Factory(set)
    problem: Message | None = None
    failure: CplError | None = None

    async def ask(self, chunk: Sequence[ExpectedShipment]) -> bool:
        """Ask for some references; return whether what the answer does not show is evidence."""
        asked = {one.reference for one in chunk}
        try:
            references = [*asked, *(canary for canary in self.canaries if canary not in asked)]
            entries, whole = await self.search(references)
        except CplError as error:
            self.problem, self.failure = message("search.failed", error=error.detail), error
            return False
        by_reference: dict[str, list[SearchHit]] = {}
        similar: dict[str, list[SearchHit]] = {}
        for entry in entries:
            by_reference.setdefault(entry.reference, []).append(entry)
            similar.setdefault(folded_reference(entry.reference), []).append(entry)
        for one in chunk:
            exact = [entry for entry in by_reference.get(one.reference, ()) if not entry.is_padded]
            others = [entry for entry in similar.get(folded_reference(one.reference), ()) if entry not in exact]
            finding = classify(one, exact, others)
            self.findings[one.reference] = _more(self.findings.get(one.reference), finding)
        here = {canary for canary in self.canaries if canary in by_reference}
        self.controls_seen |= here
        self.controls_missing |= set(self.canaries) - here
        reason = _why_no_evidence(by_reference, asked, self.canaries, self.needed or self.canaries, whole)
        if reason is not None:
            self.problem = reason
            return False
        self.conclusive |= asked
        return True

    def look(self) -> SearchReport:
        """Return what was seen."""
        return SearchReport(
            findings=self.findings,
            conclusive=frozenset(self.conclusive),
            controls_seen=frozenset(self.controls_seen),
            controls_missing=frozenset(self.controls_missing - self.controls_seen),
            problem=self.problem,
            failure=self.failure,
        )


def _more(before: Finding | None, now: Finding) -> Finding:
    """Return the later of two findings of one look, unless it shows less: what was seen once was there."""
    if before is None or before.verdict is Verdict.ABSENT:
        return now
    shown = [len(one.shipments) + len(one.cancelled) for one in (before, now)]
    return before if now.verdict is Verdict.ABSENT or shown[1] < shown[0] else now


def _why_no_evidence(
    found: dict[str, list[SearchHit]], asked: set[str], canaries: Sequence[str], needed: Sequence[str], whole: bool
) -> Message | None:
    """Return why what is not in an answer may be there all the same."""
    strange = set(found) - asked - set(canaries)
    if strange and {folded_reference(one) for one in strange} - {folded_reference(one) for one in (*asked, *canaries)}:
        return message("search.filter_ignored")
    if not canaries:
        return message("search.no_control")
    if not any(canary in found for canary in needed):
        return message("search.control_missing", reference=needed[0])
    return None if whole else message("search.incomplete")


def _chunks(wanted: Sequence[ExpectedShipment], most: int) -> Iterator[list[ExpectedShipment]]:
    """Yield what fits into one request, and whose parcels fit into one page even if all are there twice."""
    chunk: list[ExpectedShipment] = []
    parcels = 0
    for one in wanted:
        if chunk and (len(chunk) == most or (parcels + one.parcels) * 2 > MAX_HITS - 2 * MAX_FILTER_VALUES):
            yield chunk
            chunk, parcels = [], 0
        chunk.append(one)
        parcels += one.parcels
    if chunk:
        yield chunk


def no_hits(look: SearchReport, reference: str) -> bool:
    """Return whether a look is evidence that a reference is not there."""
    finding = look.findings.get(reference)
    return reference in look.conclusive and finding is not None and finding.verdict is Verdict.ABSENT
