"""What a search shows is judged by rules: what proves that a write did its work, and what proves that it did not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cpl_async import CplError, TrackedShipment
from cpl_async.bulk.reconcile.evidence import ExpectedShipment, SearchHit, Verdict, classify, hit_from
from cpl_async.bulk.reconcile.schedule import LookupSchedule, SettlePolicy
from cpl_async.bulk.reconcile.search import no_hits, search_with_controls
from cpl_async.bulk.records import FoundShipment
from cpl_async.messages import text_of
from cpl_async.models.codec import decode

SINCE = 1_800_000_000.0
DAY = 86_400.0
SENT = {"name": "Městský úřad", "street": "Náměstí 1", "city": "Kolín", "zip_code": "28002", "country": "CZ"}


def wanted(**changes: Any) -> ExpectedShipment:
    fields: dict[str, Any] = {"reference": "a", "since": SINCE, "product": "PRIV", "recipient": SENT}
    return ExpectedShipment(**fields | changes)


def entry(number: str = "1", **changes: Any) -> SearchHit:
    fields: dict[str, Any] = {
        "reference": "a",
        "number": number,
        "product": "PRIV",
        "recipient": SENT,
        "began": SINCE + 1,
        "last": SINCE + 5,
    }
    return SearchHit(**fields | changes)


def test_one_such_shipment_is_present() -> None:
    finding = classify(wanted(), [entry()])
    assert finding.verdict is Verdict.PRESENT
    assert finding.shipments == (FoundShipment(master="1", numbers=("1",)),)


def test_nothing_is_absent() -> None:
    assert classify(wanted(), []).verdict is Verdict.ABSENT


def test_two_such_shipments_are_a_double_and_the_older_counts() -> None:
    finding = classify(wanted(), [entry("2", began=SINCE + 9), entry("1")])
    assert [group.master for group in finding.shipments] == ["1", "2"]


def test_parcels_of_a_set_are_one_shipment() -> None:
    parcels = [entry(number, master="7", in_set=3) for number in ("9", "8", "7")]
    finding = classify(wanted(parcels=3), parcels)
    assert finding.shipments == (FoundShipment(master="7", numbers=("7", "8", "9")),)
    assert classify(wanted(parcels=3), parcels[:2]).verdict is Verdict.PARTIAL
    assert "2 of its 3 parcels" in text_of(classify(wanted(parcels=3), parcels[:2]).doubts)


def test_a_set_without_its_master_is_recognized_by_size() -> None:
    parcels = [entry(number) for number in ("7", "8", "9", "10")]
    assert classify(wanted(parcels=3), parcels[:3]).shipments == (FoundShipment(master="7", numbers=("7", "8", "9")),)
    assert classify(wanted(parcels=3), parcels[:2]).verdict is Verdict.PARTIAL
    assert classify(wanted(parcels=3), parcels).verdict is Verdict.DOUBTFUL


def test_a_reference_from_last_year_proves_nothing() -> None:
    old = entry(began=SINCE - 300 * DAY, last=SINCE - 299 * DAY)
    assert classify(wanted(), [old]).verdict is Verdict.ABSENT
    touched = entry(began=SINCE - 300 * DAY, last=SINCE + 5)
    assert classify(wanted(), [touched]).verdict is Verdict.ABSENT
    assert classify(wanted(), [old, entry("2")]).shipments == (FoundShipment(master="2", numbers=("2",)),)


def test_a_hit_before_the_write_or_undated_is_doubtful() -> None:
    assert classify(wanted(), [entry(began=SINCE - 3600)]).verdict is Verdict.DOUBTFUL
    assert classify(wanted(), [entry(began=None, last=None)]).verdict is Verdict.DOUBTFUL
    assert classify(wanted(), [entry(began=SINCE - 300)]).verdict is Verdict.PRESENT  # clocks differ by minutes


@pytest.mark.parametrize(
    "changes",
    [
        {"product": "BUSS"},
        {"recipient": SENT | {"name": "Somebody else"}},
        {"recipient": SENT | {"zip_code": "11000"}},
        {"recipient": {}},
        {"recipient": {"country": "CZ"}},
    ],
)
def test_another_recipient_or_product_is_for_a_person(changes: dict[str, Any]) -> None:
    assert classify(wanted(), [entry(**changes)]).verdict is Verdict.DOUBTFUL


def test_the_carriers_way_to_write_an_address_is_no_difference() -> None:
    shown = {"name": "MĚSTSKÝ ÚŘAD", "zip_code": "280 02", "city": "Kolín", "country": "CZ"}
    assert classify(wanted(), [entry(recipient=shown)]).verdict is Verdict.PRESENT
    cut = SENT | {"street": "Nám"}
    assert classify(wanted(), [entry(recipient=cut)]).verdict is Verdict.PRESENT


def test_known_numbers_are_something_else() -> None:
    assert classify(wanted(known=frozenset({"1"})), [entry()]).verdict is Verdict.ABSENT
    assert classify(wanted(known=frozenset({"7"})), [entry("8", master="7")]).verdict is Verdict.ABSENT


def test_what_somebody_has_cancelled_was_created() -> None:
    finding = classify(wanted(), [entry(cancelled=True)])
    assert finding.verdict is Verdict.CANCELLED
    assert classify(wanted(), [entry(cancelled=True), entry("2")]).verdict is Verdict.PRESENT
    half = [entry("7", master="7", in_set=2), entry("8", master="7", in_set=2, cancelled=True)]
    assert classify(wanted(parcels=2), half).verdict is Verdict.DOUBTFUL


def test_an_entry_is_read_from_what_tracking_shows() -> None:
    events = [
        {"phase": "Order", "eventDate": "2026-01-01T00:00:00Z"},
        {"phase": "Canceled", "eventDate": "2026-01-02T00:00:00Z"},
    ]
    shown = {
        "shipmentNumber": "8",
        "productType": "PRIV",
        "recipient": {"name": "N", "zipCode": "28002", "country": "CZ"},
        "externalNumbers": [{"code": "CUST", "externalNumber": "a"}],
        "shipmentSet": {"masterShipmentNumber": "7", "shipmentsInSet": 2, "shipmentInSetNumber": 2},
        "lastUpdateDate": "2026-01-02T00:00:00Z",
        "trackAndTrace": {"events": events},
    }
    shipment = decode(shown, TrackedShipment)
    read = hit_from(shipment)
    assert (read.reference, read.number, read.master, read.in_set, read.cancelled) == ("a", "8", "7", 2, True)
    assert read.began == datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert read.last == datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    assert read.recipient == {"name": "N", "zip_code": "28002", "country": "CZ"}


# --- when absence is evidence


class Searched:
    """A search that shows certain entries, whatever is asked for or by the filter."""

    def __init__(self, *entries: SearchHit, whole: bool = True, filters: bool = True) -> None:
        self.entries, self.whole, self.filters = entries, whole, filters
        self.asked: list[list[str]] = []

    async def __call__(self, references: Any) -> tuple[list[SearchHit], bool]:
        self.asked.append(list(references))
        return [one for one in self.entries if not self.filters or one.reference in references], self.whole


CANARY = entry("99", reference="canary")


async def test_absence_counts_only_together_with_a_canary() -> None:
    look = await search_with_controls(Searched(CANARY), [wanted()], ["canary"])
    assert no_hits(look, "a")
    assert not no_hits(await search_with_controls(Searched(CANARY), [wanted()], []), "a")
    look = await search_with_controls(Searched(), [wanted()], ["canary"])
    assert not no_hits(look, "a")
    assert "does not show canary" in str(look.problem)


async def test_an_old_canary_says_nothing_when_a_fresh_one_is_missing() -> None:
    assert not no_hits(await search_with_controls(Searched(CANARY), [wanted()], ["fresh", "canary"], ["fresh"]), "a")
    fresh = entry("98", reference="fresh")
    assert no_hits(await search_with_controls(Searched(CANARY, fresh), [wanted()], ["fresh", "canary"], ["fresh"]), "a")


async def test_an_unrequested_hit_shows_an_ignored_filter() -> None:
    look = await search_with_controls(
        Searched(CANARY, entry("5", reference="x"), filters=False), [wanted()], ["canary"]
    )
    assert not no_hits(look, "a")
    assert "ignores the filter" in str(look.problem)
    found = await search_with_controls(
        Searched(CANARY, entry(), entry("5", reference="x"), filters=False), [wanted()], ["canary"]
    )
    assert found.findings["a"].verdict is Verdict.PRESENT  # what is there is there


async def test_an_incomplete_answer_is_no_evidence() -> None:
    assert not no_hits(await search_with_controls(Searched(CANARY, whole=False), [wanted()], ["canary"]), "a")


async def test_each_request_has_its_canary_and_fifty_values_at_most() -> None:
    search = Searched(CANARY)
    look = await search_with_controls(search, [wanted(reference=f"r{n}") for n in range(120)], ["canary"])
    assert [len(asked) for asked in search.asked] == [50, 50, 23]
    assert all("canary" in asked for asked in search.asked)
    assert len(look.conclusive) == 120


async def test_large_sets_are_asked_for_so_that_one_page_holds_them() -> None:
    search = Searched(CANARY)
    await search_with_controls(search, [wanted(reference=f"r{n}", parcels=50) for n in range(20)], ["canary"])
    assert max(len(asked) for asked in search.asked) <= 10


async def test_a_request_that_fails_spoils_its_part_only() -> None:
    class Failing(Searched):
        async def __call__(self, references: Any) -> tuple[list[SearchHit], bool]:
            if "r0" in references:
                raise CplError("down")
            return await super().__call__(references)

    look = await search_with_controls(Failing(CANARY), [wanted(reference=f"r{n}") for n in range(60)], ["canary"])
    assert len(look.conclusive) == 60 - 49
    assert look.failure is not None


class Moody(Searched):
    """A search of which each answer in three is empty."""

    async def __call__(self, references: Any) -> tuple[list[SearchHit], bool]:
        entries, whole = await super().__call__(references)
        return ([] if len(self.asked) % 3 == 0 else entries), whole


async def test_a_part_whose_answer_is_no_evidence_is_asked_for_again() -> None:
    search = Moody(CANARY, entry("5", reference="r700"))
    asked = [wanted(reference=f"r{n}") for n in range(1000)]
    look = await search_with_controls(search, asked, ["canary"])
    assert len(look.conclusive) == 1000
    assert (look.problem, look.controls_missing) == (None, frozenset())
    assert look.findings["r700"].verdict is Verdict.PRESENT
    assert len(search.asked) == 21 + 7 + 2 + 1


async def test_a_search_that_never_works_is_not_asked_again_at_once() -> None:
    search = Searched()
    look = await search_with_controls(search, [wanted(reference=f"r{n}") for n in range(1000)], ["canary"])
    assert len(search.asked) == 21
    assert not look.conclusive
    assert look.controls_missing == {"canary"}


async def test_what_a_spoilt_answer_shows_is_not_forgotten() -> None:
    class Once(Searched):
        """Shows one of two shipments at a time, the first without a filter."""

        async def __call__(self, references: Any) -> tuple[list[SearchHit], bool]:
            entries, whole = await super().__call__(references)
            first = len(self.asked) == 2
            stray = [entry("77", reference="stray")] if first else []
            hidden = "6" if first else "5"
            return [one for one in entries if one.number != hidden] + stray, whole

    search = Once(CANARY, entry("5", reference="r0"), entry("6", reference="r1"))
    asked = [wanted(reference=f"r{n}") for n in (*range(100, 149), 0, 1)]
    look = await search_with_controls(search, asked, ["canary"])
    assert [len(values) for values in search.asked] == [50, 3, 3]
    assert {name: look.findings[name].verdict for name in ("r0", "r1")} == dict.fromkeys(("r0", "r1"), Verdict.PRESENT)


# --- how long is waited


def test_absence_takes_three_clean_looks_and_the_settling_time() -> None:
    watch = LookupSchedule(1000.0, SettlePolicy(settle_time=64.0))
    times: list[float] = []
    now = 1000.0
    for _ in range(20):
        now = watch.due(now)
        times.append(now)
        watch.record_search(now, good=True)
        if watch.is_conclusive(now, good=True):
            break
    assert times[-1] == 1064.0
    assert len(times) >= 5
    assert times[0] == 1001.0


def test_a_look_long_after_the_write_still_takes_three() -> None:
    watch = LookupSchedule(0.0, SettlePolicy(settle_time=64.0))
    now, looks = 10_000.0, 0
    while not watch.is_conclusive(now, good=True):
        now = watch.due(now)
        watch.record_search(now, good=True)
        looks += 1
    assert looks == 3
    assert now - 10_000.0 >= 2 * SettlePolicy(settle_time=64.0).least


def test_looks_that_are_no_evidence_end_without_a_conclusion() -> None:
    watch = LookupSchedule(1000.0, SettlePolicy(settle_time=8.0))
    now = 1000.0
    while not watch.exhausted:
        now = watch.due(now)
        watch.record_search(now, good=False)
        assert not watch.is_conclusive(now, good=False)
    assert 1008.0 < now < 1060.0
