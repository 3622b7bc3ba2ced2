"""Judges what a search for references shows: what was created by a write whose answer was lost, and what was not."""

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
"""Seconds by which the carrier's clock may be behind ours."""
SURELY_BEFORE = 86_400.0
"""Seconds before the write at which something was surely there before it, whatever the clocks say."""
CANCELLED = frozenset({"Canceled", "Deleted"})
COMPARED = ("name", "street", "city", "zip_code", "country")
MIN_COMPARED_LENGTH = 3
"""Letters of a text that a longer one may begin with and still be the same: the carrier may cut it."""


class Verdict(StrEnum):
    """What a look shows of one reference."""

    PRESENT = "present"
    """It was created by the write: at least one live shipment, with all its parcels."""
    ABSENT = "absent"
    """Nothing is there that the write could have made."""
    PARTIAL = "partial"
    """Not all parcels of its set are there yet."""
    CANCELLED = "cancelled"
    """It was created, and somebody has cancelled it."""
    DOUBTFUL = "doubtful"
    """Something is there, and whether the write made it cannot be told."""


@frozen(kw_only=True)
class ExpectedShipment:
    """What a write may have made, and how it would be known again."""

    reference: str
    """What it is asked for by: its external number of code ``CUST``."""
    since: float
    """When the write began, in seconds since the epoch: what was there before is not its work."""
    parcels: int = 1
    product: str | None = None
    recipient: Mapping[str, str] = field(factory=dict, repr=False)
    """Attribute of :class:`Address` → text; what is not known is left out."""
    known: frozenset[str] = frozenset()
    """Numbers of shipments and parcels that are known to be something else."""


@frozen(kw_only=True)
class SearchHit:
    """One parcel, as a search shows it."""

    reference: str
    """In its normal form."""
    number: str
    is_padded: bool = False
    """Whether the carrier shows the reference with spaces at an end, which we never send."""
    master: str | None = None
    """Master number of its set, where the search shows one."""
    in_set: int = 1
    product: str | None = None
    recipient: Mapping[str, str] = field(factory=dict, repr=False)
    began: float | None = None
    """The time of its first event at the earliest, in seconds since the epoch."""
    began_latest: float | None = None
    """The same at the latest, where a time without an offset stands for two: the clocks are set back an hour then."""
    last: float | None = None
    """Its latest moment."""
    cancelled: bool = False


@frozen(kw_only=True)
class Finding:
    """What a look shows of one reference."""

    verdict: Verdict
    shipments: tuple[FoundShipment, ...] = ()
    """Live and whole, the one made first at the front; more than one is a double."""
    cancelled: tuple[FoundShipment, ...] = ()
    doubts: tuple[Message, ...] = ()
    """What a person has to consider before a decision."""


@frozen
class _Sorted:
    """What was found, by what it can be."""

    ours: list[SearchHit] = Factory(list)
    doubtful: list[Message] = Factory(list)


def classify(wanted: ExpectedShipment, entries: Iterable[SearchHit], similar: Iterable[SearchHit] = ()) -> Finding:
    """Return what a look shows.

    :param wanted: what the write may have made.
    :param entries: all that the search shows for this reference.
    :param similar: what it shows under a reference that differs only in letter case, spaces or width. The carrier may
        have changed it, so a row is never absent if such a hit agrees with it in all else.
    """
    found = _sort(wanted, entries)
    found.doubtful.extend(
        message("reconcile.similar_reference", number=entry.number, reference=entry.reference)
        for entry in _sort(wanted, similar).ours
    )
    whole, partial, cancelled, odd = _group(wanted, found.ours)
    doubts = [*found.doubtful, *odd]
    if whole:
        return Finding(
            verdict=Verdict.PRESENT, shipments=tuple(whole), cancelled=tuple(cancelled), doubts=tuple(doubts)
        )
    if doubts:
        return Finding(verdict=Verdict.DOUBTFUL, cancelled=tuple(cancelled), doubts=tuple(doubts))
    if partial:
        numbers = ", ".join(partial)
        doubt = message("reconcile.some_parcels", found=len(partial), parcels=wanted.parcels, numbers=numbers)
        return Finding(verdict=Verdict.PARTIAL, cancelled=tuple(cancelled), doubts=(doubt,))
    if cancelled:
        doubt = message("reconcile.cancelled", number=cancelled[0].master)
        return Finding(verdict=Verdict.CANCELLED, cancelled=tuple(cancelled), doubts=(doubt,))
    return Finding(verdict=Verdict.ABSENT)


def _sort(wanted: ExpectedShipment, entries: Iterable[SearchHit]) -> _Sorted:
    """Take out what is known, and what was there before the write."""
    found = _Sorted()
    for entry in entries:
        if entry.number in wanted.known or (entry.master or entry.number) in wanted.known:
            continue
        if entry.last is not None and entry.last < wanted.since - SURELY_BEFORE:
            continue
        if entry.began is not None and entry.began < wanted.since - SURELY_BEFORE:
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
) -> tuple[list[FoundShipment], list[str], list[FoundShipment], list[Message]]:
    """Return the whole live shipments, the parcels of one that is not whole, the cancelled ones, and what is odd."""
    sets: dict[str, list[SearchHit]] = {}
    for entry in entries:
        alone = wanted.parcels > 1 and entry.master is None and entry.in_set == 1
        sets.setdefault("" if alone else entry.master or entry.number, []).append(entry)
    whole: list[FoundShipment] = []
    partial: list[str] = []
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
            odd.append(message("reconcile.too_many_parcels", found=len(numbers), parcels=expected, numbers=shown))
        elif len(numbers) < expected:
            partial += numbers
        else:
            whole.append(group)
    return whole, partial, cancelled, odd


def _difference(wanted: ExpectedShipment, entry: SearchHit) -> Message | None:
    """Return in what a found parcel is another one than was sent; ``None`` when nothing speaks against it."""
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
    """Return a text without what the carrier may write in another way: case, blanks, punctuation."""
    return re.sub(r"\W+", "", text or "").casefold()


def _span_of(date: datetime) -> tuple[float, float] | None:
    """Return the earliest and the latest time that a date can mean: two, in the hour that comes twice in autumn.

    Only a date that came without an offset is of a zone in which an hour comes twice.

    :return: ``None`` for a date at the end of the calendar, which is no time of anything.
    """
    try:
        if isinstance(date.tzinfo, timezone):  # it came with its offset
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
    """Return a parcel as ``shipments.list`` shows it, in the form that :func:`judge` takes."""
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
