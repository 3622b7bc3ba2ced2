"""The search for references in few requests, with control shipments as evidence that it is complete."""

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
"""Maximum number of requests for one chunk of a search: in poor conditions, one of many responses is always invalid."""
MAX_HITS = 1000
"""Items of one page. A request fits into one page: a list that changes between two pages may have a gap."""


class SearchCall(Protocol):
    """Searches for shipments with certain references."""

    async def __call__(self, references: Sequence[str]) -> tuple[list[SearchHit], bool]:
        """Return all hits of the search, and whether they are complete."""
        ...


@frozen(kw_only=True)
class SearchReport:
    """The result of one search."""

    findings: dict[str, Finding] = Factory(dict)
    """Findings by reference; empty if the request failed."""
    conclusive: frozenset[str] = frozenset()
    """References whose absence from this search is evidence."""
    controls_seen: frozenset[str] = frozenset()
    """Control shipments that were found."""
    controls_missing: frozenset[str] = frozenset()
    """Control shipments that no response showed."""
    problem: Message | None = None
    """Why the search is not or not completely conclusive, or ``None`` if it is."""
    failure: CplError | None = None
    """Error of the last failed request, or ``None`` if there is no failure."""


def search_call(calls: ShipmentCalls) -> SearchCall:
    """Return a search for shipments by their external number of code ``CUST``."""

    async def search(references: Sequence[str]) -> tuple[list[SearchHit], bool]:
        page = await calls.list(customer_references=references, limit=MAX_HITS, priority=Priority.BACKGROUND)
        whole = len(page.items) < MAX_HITS if page.total is None else page.total <= len(page.items)
        return [hit_from(shipment) for shipment in page.items], whole

    return search


async def search_with_controls(
    search: SearchCall, wanted: Sequence[ExpectedShipment], canaries: Sequence[str], needed: Sequence[str] = ()
) -> SearchReport:
    """Search for all references, and repeat chunks with an inconclusive response if others are conclusive.

    :param search: Search for at most 50 references.
    :param wanted: Expected shipments, each with a different reference.
    :param canaries: References of control shipments; without one, absence is never proven.
    :param needed: Control shipments that are no older than the expected ones: a search that lags behind shows old ones
        only.
    """
    looking = _Search(search, canaries[:CONTROLS_PER_SEARCH], needed)
    chunks = list(_chunks(wanted, MAX_FILTER_VALUES - len(looking.canaries)))
    for _ in range(ROUNDS):
        looking.problem = looking.failure = None
        chunks = [chunk for chunk in chunks if not await looking.search_chunk(chunk)]
        if not chunks or not looking.conclusive:
            break
    return looking.report()


@define
class _Search:
    """One search while it runs."""

    search: SearchCall
    canaries: Sequence[str]
    needed: Sequence[str]
    findings: dict[str, Finding] = Factory(dict)
    conclusive: set[str] = Factory(set)
    controls_seen: set[str] = Factory(set)
    controls_missing: set[str] = Factory(set)
    problem: Message | None = None
    failure: CplError | None = None

    async def search_chunk(self, chunk: Sequence[ExpectedShipment]) -> bool:
        """Search for some references and return whether absence from the response is evidence."""
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

    def report(self) -> SearchReport:
        """Return the result."""
        return SearchReport(
            findings=self.findings,
            conclusive=frozenset(self.conclusive),
            controls_seen=frozenset(self.controls_seen),
            controls_missing=frozenset(self.controls_missing - self.controls_seen),
            problem=self.problem,
            failure=self.failure,
        )


def _more(before: Finding | None, now: Finding) -> Finding:
    """Return the later of two findings of one search, unless it shows less: a shipment that was found exists."""
    if before is None or before.verdict is Verdict.ABSENT:
        return now
    shown = [len(one.shipments) + len(one.cancelled) for one in (before, now)]
    return before if now.verdict is Verdict.ABSENT or shown[1] < shown[0] else now


def _why_no_evidence(
    found: dict[str, list[SearchHit]], asked: set[str], canaries: Sequence[str], needed: Sequence[str], whole: bool
) -> Message | None:
    """Return why a reference that is missing from a response may still exist."""
    strange = set(found) - asked - set(canaries)
    if strange and {folded_reference(one) for one in strange} - {folded_reference(one) for one in (*asked, *canaries)}:
        return message("search.filter_ignored")
    if not canaries:
        return message("search.no_control")
    if not any(canary in found for canary in needed):
        return message("search.control_missing", reference=needed[0])
    return None if whole else message("search.incomplete")


def _chunks(wanted: Sequence[ExpectedShipment], most: int) -> Iterator[list[ExpectedShipment]]:
    """Yield chunks that fit into one request, and whose parcels fit into one page even if each has a duplicate."""
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
    """Return whether a search is evidence that a reference does not exist."""
    finding = look.findings.get(reference)
    return reference in look.conclusive and finding is not None and finding.verdict is Verdict.ABSENT
