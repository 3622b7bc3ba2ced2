"""The evaluation of a search for references: which shipments a write with a lost response created, and which not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from enum import StrEnum

from attrs import Factory, field, frozen

from ...messages import Message, message
from ...models.references import normal_reference
from ...models.shipments import TrackedShipment
from ..records import FoundShipment

__all__ = ["ExpectedShipment", "Finding", "SearchHit", "Verdict", "classify", "hit_from"]

SKEW_SECONDS = 600.0
"""Seconds by which the carrier's clock may be behind this machine's."""
SURELY_BEFORE_SECONDS = 86_400.0
"""Seconds before the write from which a shipment is certainly older than it, whatever the clocks show."""
CANCELLED = frozenset({"Canceled", "Deleted"})
COMPARED = ("name", "street", "city", "zip_code", "country")
MIN_COMPARED_LENGTH = 3
"""Letters of a text that may be a truncated form of a longer one: the carrier may cut it."""


class Verdict(StrEnum):
    """The verdict of a search on one reference."""

    PRESENT = "present"
    """It was created by the write: at least one live shipment, with all its parcels."""
    ABSENT = "absent"
    """There is nothing that the write could have created."""
    PARTIAL = "partial"
    """Not all parcels of its set are there yet."""
    CANCELLED = "cancelled"
    """It was created, and has been cancelled."""
    DOUBTFUL = "doubtful"
    """A shipment is there, but it is not certain that the write created it."""


@frozen(kw_only=True)
class ExpectedShipment:
    """A shipment that a write may have created, and the data by which it is recognized."""

    reference: str
    """Search reference: its external number of code ``CUST``."""
    since: float
    """Begin of the write, in seconds since the epoch: it did not create anything older."""
    parcels: int = 1
    product: str | None = None
    recipient: Mapping[str, str] = field(factory=dict, repr=False)
    """Attribute of :class:`Address` → text; unknown attributes are left out."""
    known: frozenset[str] = frozenset()
    """Numbers of shipments and parcels that are known to belong to something else."""


@frozen(kw_only=True)
class SearchHit:
    """One parcel in a search result."""

    reference: str
    """In its normal form."""
    number: str
    is_padded: bool = False
    """Whether the carrier shows the reference with spaces at an end, which this library never sends."""
    master: str | None = None
    """Master number of its set, or ``None`` if the search shows none."""
    in_set: int = 1
    product: str | None = None
    recipient: Mapping[str, str] = field(factory=dict, repr=False)
    began: float | None = None
    """Earliest time of its first event, in seconds since the epoch."""
    began_latest: float | None = None
    """Latest time of its first event. It differs in the hour that repeats in autumn if the time has no offset."""
    last: float | None = None
    """Timestamp of its last event."""
    cancelled: bool = False


@frozen(kw_only=True)
class Finding:
    """The findings of a search on one reference."""

    verdict: Verdict
    shipments: tuple[FoundShipment, ...] = ()
    """Live and complete shipments, the oldest first; each one after the first is a duplicate."""
    cancelled: tuple[FoundShipment, ...] = ()
    loose: tuple[str, ...] = ()
    """Numbers of live parcels that are no complete shipment: some are not visible yet, or those of several sets are
    shown without their sets."""
    doubts: tuple[Message, ...] = ()
    """Points that a user has to consider before a decision."""


@frozen
class _Sorted:
    """The hits, sorted by their value as evidence."""

    ours: list[SearchHit] = Factory(list)
    doubtful: list[Message] = Factory(list)


def classify(wanted: ExpectedShipment, entries: Iterable[SearchHit], similar: Iterable[SearchHit] = ()) -> Finding:
    """Return the verdict of a search on one shipment.

    :param wanted: Shipment that the write may have created.
    :param entries: All hits for this reference.
    :param similar: Hits whose reference differs only in letter case, spaces or width. The carrier may have changed it,
        so a row is never absent if such a hit agrees with it in everything else.
    """
    found = _sort(wanted, entries)
    found.doubtful.extend(
        message("reconcile.similar_reference", number=entry.number, reference=entry.reference)
        for entry in _sort(wanted, similar).ours
    )
    whole, partial, surplus, cancelled, odd = _group(wanted, found.ours)
    loose = (*partial, *surplus)
    doubts = [*found.doubtful, *odd]
    if whole:
        return Finding(
            verdict=Verdict.PRESENT,
            shipments=tuple(whole),
            cancelled=tuple(cancelled),
            loose=loose,
            doubts=tuple(doubts),
        )
    if doubts:
        return Finding(verdict=Verdict.DOUBTFUL, cancelled=tuple(cancelled), loose=loose, doubts=tuple(doubts))
    if partial:
        numbers = ", ".join(partial)
        doubt = message("reconcile.some_parcels", found=len(partial), parcels=wanted.parcels, numbers=numbers)
        return Finding(verdict=Verdict.PARTIAL, cancelled=tuple(cancelled), loose=loose, doubts=(doubt,))
    if cancelled:
        doubt = message("reconcile.cancelled", number=cancelled[0].master)
        return Finding(verdict=Verdict.CANCELLED, cancelled=tuple(cancelled), doubts=(doubt,))
    return Finding(verdict=Verdict.ABSENT)


def _sort(wanted: ExpectedShipment, entries: Iterable[SearchHit]) -> _Sorted:
    """Remove hits that are known, and those that are older than the write."""
    found = _Sorted()
    for entry in entries:
        if entry.number in wanted.known or (entry.master or entry.number) in wanted.known:
            continue
        if entry.last is not None and entry.last < wanted.since - SURELY_BEFORE_SECONDS:
            continue
        if entry.began is not None and entry.began < wanted.since - SURELY_BEFORE_SECONDS:
            continue
        if entry.began is None:
            found.doubtful.append(message("reconcile.no_date", number=entry.number))
        elif (entry.began_latest or entry.began) < wanted.since - SKEW_SECONDS:
            timestamp = _clock(entry.began)
            found.doubtful.append(message("reconcile.before_write", number=entry.number, timestamp=timestamp))
        elif (difference := _difference(wanted, entry)) is not None:
            found.doubtful.append(difference)
        else:
            found.ours.append(entry)
    return found


def _group(
    wanted: ExpectedShipment, entries: Sequence[SearchHit]
) -> tuple[list[FoundShipment], list[str], list[str], list[FoundShipment], list[Message]]:
    """Return complete live shipments, parcels of an incomplete one, parcels of more than one, cancelled shipments, and
    doubts."""
    sets: dict[str, list[SearchHit]] = {}
    for entry in entries:
        alone = wanted.parcels > 1 and entry.master is None and entry.in_set == 1
        sets.setdefault("" if alone else entry.master or entry.number, []).append(entry)
    whole: list[FoundShipment] = []
    partial: list[str] = []
    surplus: list[str] = []
    cancelled: list[FoundShipment] = []
    odd: list[Message] = []
    for master, parcels in sorted(sets.items(), key=lambda pair: (min(e.began or 0.0 for e in pair[1]), pair[0])):
        numbers = sorted({entry.number for entry in parcels}, key=_by_number)
        expected = max(wanted.parcels, *(entry.in_set for entry in parcels))
        gone = sum(entry.cancelled for entry in parcels)
        if master in numbers:  # the master comes first on its labels too
            numbers = [master, *(number for number in numbers if number != master)]
        group = FoundShipment(master=master or numbers[0], numbers=tuple(numbers))
        if gone == len(parcels):
            cancelled.append(group)
        elif gone:
            odd.append(message("reconcile.partly_cancelled", cancelled=gone, numbers=", ".join(numbers)))
        elif len(numbers) > expected:
            shown = ", ".join(numbers)
            surplus += numbers
            odd.append(message("reconcile.too_many_parcels", found=len(numbers), parcels=expected, numbers=shown))
        elif len(numbers) < expected:
            partial += numbers
        else:
            whole.append(group)
    return whole, partial, surplus, cancelled, odd


def _difference(wanted: ExpectedShipment, entry: SearchHit) -> Message | None:
    """Return how a found parcel differs from the shipment that was sent, or ``None`` if nothing differs."""
    if wanted.product and entry.product and wanted.product != entry.product:
        return message("reconcile.other_product", number=entry.number, product=entry.product)
    same = 0
    for name in COMPARED:
        sent, shown = _plain(wanted.recipient.get(name)), _plain(entry.recipient.get(name))
        if not sent or not shown:
            continue
        shorter, longer = sorted((sent, shown), key=len)
        if sent != shown and not (len(shorter) >= MIN_COMPARED_LENGTH and longer.startswith(shorter)):
            return message("reconcile.other_recipient", number=entry.number)
        same += name != "country"
    return None if same or not wanted.recipient else message("reconcile.no_recipient", number=entry.number)


def _plain(text: str | None) -> str:
    """Return a text without differences that the carrier may introduce: case, blanks, punctuation."""
    return re.sub(r"\W+", "", text or "").casefold()


def _span_of(date: datetime) -> tuple[float, float] | None:
    """Return the earliest and the latest time that a date can mean: two, in the hour that repeats in autumn.

    Only a date without an offset is in a zone in which an hour repeats.

    :return: The two times, or ``None`` for a date at the end of the calendar, which is not the time of an event.
    """
    try:
        if isinstance(date.tzinfo, timezone):  # it has its offset
            return (moment := date.timestamp()), moment
        moments = [date.replace(fold=fold).timestamp() for fold in (0, 1)]
    except (OverflowError, ValueError):
        return None
    return min(moments), max(moments)


def _by_number(number: str) -> tuple[int, str]:
    return len(number), number


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().isoformat(timespec="seconds")


def hit_from(shipment: TrackedShipment) -> SearchHit:
    """Return a parcel of ``shipments.list`` in the form that :func:`classify` takes."""
    events = shipment.track_and_trace.events if shipment.track_and_trace else []
    dates = (*(event.event_date for event in events), shipment.last_update_date)
    spans = [span for date in dates if date is not None and (span := _span_of(date)) is not None]
    of_set = shipment.shipment_set
    address, cust = shipment.recipient, shipment.cust or ""
    texts = {name: getattr(address, name) for name in COMPARED} if address is not None else {}
    return SearchHit(
        reference=normal_reference(cust),
        is_padded=cust != cust.strip(),
        number=shipment.shipment_number or "",
        master=of_set.master_shipment_number if of_set is not None else None,
        in_set=(of_set.shipments_in_set or 1) if of_set is not None else 1,
        product=shipment.product_type,
        recipient={name: text for name, text in texts.items() if text},
        began=min((earliest for earliest, _ in spans), default=None),
        began_latest=min((latest for _, latest in spans), default=None),
        last=max((latest for _, latest in spans), default=None),
        cancelled=shipment.phase in CANCELLED,
    )
