"""The reconciliation of references whose response was lost, for callers that have a journal of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ...errors import AuthenticationError, PermissionDenied, ValidationError
from ...messages import Message, message, text_of
from ...models.references import normal_reference
from ..client_protocols import BulkClient
from ..records import FoundShipment
from .carrier_clock import CarrierClock
from .evidence import COMPARED, SKEW_SECONDS, ExpectedShipment, Finding, Verdict
from .schedule import LookupSchedule, SettlePolicy
from .search import no_hits, search_call, search_with_controls

if TYPE_CHECKING:
    from ...models.shipment_batches import Shipment

__all__ = ["Reconciled", "reconcile_references"]

MAX_REFERENCE_LENGTH = 100
"""Characters of an external number (source: the vendor's schema)."""


@frozen(kw_only=True)
class Reconciled:
    """The result of the reconciliation of one reference."""

    reference: str
    verdict: Verdict
    """``PRESENT``: it was created. ``ABSENT``: it was not, and can be sent again. Everything else needs a user's
    decision."""
    shipments: tuple[FoundShipment, ...] = ()
    """Live shipments with this reference that the write created; each one after the first is a duplicate."""
    cancelled: tuple[FoundShipment, ...] = ()
    problems: tuple[Message, ...] = ()
    """Why the result is not certain; empty if it is."""

    @property
    def message(self) -> str:
        """Text of :attr:`problems` in English."""
        return text_of(self.problems)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Numbers of the parcels of the shipment that counts, its master first; empty if there is no shipment."""
        return self.shipments[0].numbers if self.shipments else ()


async def reconcile_references(
    client: BulkClient,
    references: Iterable[str | Shipment],
    *,
    since: datetime,
    canaries: Sequence[str],
    known: Iterable[str],
    settle_time: float,
) -> list[Reconciled]:
    """Search for references until each is found, or the settle time has passed; see ``Client.reconcile``."""
    wanted = _wanted(references, since, frozenset(known))
    if not (isfinite(settle_time) and settle_time > 0):
        raise ValidationError(f"settle_time is a number of seconds over 0, not {settle_time}")
    clock = CarrierClock(client=client)
    await clock.learn()
    if since.timestamp() > clock.now() + SKEW_SECONDS:
        raise ValidationError(
            f"since is the carrier's time just before the write (see server_time), and {since.isoformat()} is to come"
        )
    began = clock.now()
    watch = LookupSchedule(
        since.timestamp() if since.timestamp() < began else began, SettlePolicy(settle_time=settle_time)
    )
    results: dict[str, Reconciled] = {}
    traces: dict[str, Finding] = {}
    problem: Message | None = None
    while wanted.keys() - results.keys():
        await asyncio.sleep(max(0.0, watch.due(clock.now()) - clock.now()))
        now = clock.now()
        left = [wanted[reference] for reference in wanted if reference not in results]
        look = await search_with_controls(search_call(client.shipments), left, canaries)
        problem = look.problem or problem
        good = look.conclusive >= {one.reference for one in left}
        watch.record_search(now, good=good)
        for one in left:
            finding = look.findings.get(one.reference)
            if finding is not None and finding.verdict is not Verdict.ABSENT:
                traces[one.reference] = finding
            if finding is not None and finding.verdict is Verdict.PRESENT:
                results[one.reference] = _of(one.reference, finding)
            elif one.reference not in traces and no_hits(look, one.reference) and watch.is_conclusive(now, good=True):
                results[one.reference] = Reconciled(reference=one.reference, verdict=Verdict.ABSENT)
        if isinstance(look.failure, AuthenticationError | PermissionDenied):
            raise look.failure
        late = now >= watch.until + settle_time
        if late and (watch.exhausted or not canaries or watch.is_conclusive(now, good=good)):
            break
    for reference in wanted.keys() - results.keys():
        finding = traces.get(reference) or Finding(
            verdict=Verdict.DOUBTFUL, doubts=(problem or message("reconcile.not_seen"),)
        )
        results[reference] = _of(reference, finding)
    return [results[reference] for reference in wanted]


def _of(reference: str, finding: Finding) -> Reconciled:
    return Reconciled(
        reference=reference,
        verdict=finding.verdict,
        shipments=finding.shipments,
        cancelled=finding.cancelled,
        problems=finding.doubts,
    )


def _wanted(
    references: Iterable[str | Shipment], since: datetime, known: frozenset[str]
) -> Mapping[str, ExpectedShipment]:
    """Return the expected shipments by reference, in the given order.

    :raises ValidationError: A reference cannot be searched for.
    """
    if isinstance(references, (str, bytes)):
        raise ValidationError("reconcile takes a list of references or shipments, not one")
    if not isinstance(since, datetime) or since.tzinfo is None:
        raise ValidationError("since is the carrier's time just before the write: a datetime with its time zone")
    found: dict[str, ExpectedShipment] = {}
    for one in references:
        reference, rest = (normal_reference(one), {}) if isinstance(one, str) else _of_shipment(one)
        if not reference or len(reference) > MAX_REFERENCE_LENGTH:
            raise ValidationError(
                f"{reference[:30]!r} cannot be asked for: a reference has 1-{MAX_REFERENCE_LENGTH} characters in CUST"
            )
        if reference in found:
            raise ValidationError(f"{reference!r} is given twice: what is found could not be told apart")
        found[reference] = ExpectedShipment(reference=reference, since=since.timestamp(), known=known, **rest)
    return found


def _of_shipment(shipment: Shipment) -> tuple[str, dict[str, Any]]:
    """Return the search reference of a shipment, and the data by which it is recognized."""
    numbers = shipment.external_numbers or ()
    cust = next((number.external_number for number in numbers if number.code == "CUST"), None)
    if cust is None:
        raise ValidationError(
            f"the shipment {shipment.reference_id} has no external number of code CUST: it cannot be asked for"
        )
    texts = {name: getattr(shipment.recipient, name) for name in COMPARED}
    return cust, {
        "parcels": shipment.parcels,
        "product": shipment.product_type,
        "recipient": {name: str(text) for name, text in texts.items() if text},
    }
