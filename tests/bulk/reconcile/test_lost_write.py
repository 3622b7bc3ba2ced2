"""What the searches decide about the rows of a lost write: no socket, no clock."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from cpl_async.bulk.journal.reconciliation_repository import UnknownRow
from cpl_async.bulk.reconcile.controls import ControlShipments
from cpl_async.bulk.reconcile.evidence import Finding, Verdict
from cpl_async.bulk.reconcile.lost_write import LostWrite, LostWriteUpdate
from cpl_async.bulk.reconcile.schedule import LookupSchedule, SettlePolicy
from cpl_async.bulk.reconcile.search import SearchReport
from cpl_async.bulk.records import FoundShipment, RowState
from cpl_async.errors import PermissionDenied, TransportError
from cpl_async.messages import Message, message, text_of

SETTLE = 100.0
ENDED = 1000.0
"""Time at which the write had ended."""
ABSENT = Finding(verdict=Verdict.ABSENT)


def row(number: int, **changes: Any) -> UnknownRow:
    plain = UnknownRow(
        number=number,
        line=number + 1,
        reference=f"T-{number}",
        cust_reference=f"T-{number}",
        since=ENDED - 1,
        until=ENDED,
        parcels=1,
        payload=None,
        state=RowState.UNDECIDED,
        shipment_number=None,
    )
    return evolve(plain, **changes)


def lost_write(*rows: UnknownRow) -> LostWrite:
    schedule = LookupSchedule(ENDED, SettlePolicy(settle_time=SETTLE))
    return LostWrite(schedule, {str(one.cust_reference): one for one in rows})


def report(findings: dict[str, Finding], *, conclusive: bool = True, problem: Message | None = None) -> SearchReport:
    return SearchReport(
        findings=findings, conclusive=frozenset(findings if conclusive else ()), problem=problem, failure=None
    )


def present(*numbers: str) -> Finding:
    return Finding(
        verdict=Verdict.PRESENT, shipments=tuple(FoundShipment(master=one, numbers=(one,)) for one in numbers)
    )


def searches(write: LostWrite, reports: list[SearchReport], last_at: float = ENDED + SETTLE) -> LostWriteUpdate:
    """Record searches, one a second, the last one at the given time; return what that one decides."""
    for place, one in enumerate(reports[:-1]):
        update = write.record_search(one, ENDED + 1 + place)
        assert (update.absent, update.undecided) == ((), {})
    return write.record_search(reports[-1], last_at)


def test_a_row_that_is_found_is_settled_at_once() -> None:
    write = lost_write(row(1), row(2))
    update = write.record_search(report({"T-1": present("10"), "T-2": ABSENT}), ENDED + 1)
    assert [(one.number, finding.shipments[0].master) for one, finding in update.found] == [(1, "10")]
    assert (update.absent, list(write.rows), write.is_accepted) == ((), ["T-2"], True)


def test_three_clean_searches_prove_absence() -> None:
    assert searches(lost_write(row(1)), [report({"T-1": ABSENT})] * 3).absent == (1,)


def test_before_the_settle_time_nothing_is_absent() -> None:
    assert searches(lost_write(row(1)), [report({"T-1": ABSENT})] * 9, ENDED + SETTLE - 1).absent == ()


def test_two_searches_prove_nothing() -> None:
    assert searches(lost_write(row(1)), [report({"T-1": ABSENT})] * 2).absent == ()


def test_a_search_without_a_control_proves_nothing() -> None:
    blind = report({"T-1": ABSENT}, conclusive=False, problem=message("search.no_control"))
    write = lost_write(row(1))
    assert searches(write, [blind] * 8).absent == ()
    assert list(write.rows) == ["T-1"]


def test_a_trace_that_was_seen_once_is_never_absent() -> None:
    doubtful = Finding(verdict=Verdict.DOUBTFUL, doubts=(message("reconcile.no_date", number="10"),))
    write = lost_write(row(1))
    update = searches(write, [report({"T-1": doubtful}), *[report({"T-1": ABSENT})] * 3])
    assert update.absent == ()
    assert "10" in text_of([update.undecided[1]])
    assert write.rows == {}


def test_a_shipment_that_may_be_another_rows_is_nobodys() -> None:
    update = lost_write(row(1, has_rival=True)).record_search(report({"T-1": present("10")}), ENDED + 1)
    assert update.found == ()


def test_after_too_many_failed_searches_rows_are_left_undecided() -> None:
    write, failed = lost_write(row(1)), report({}, problem=message("search.no_control"))
    updates = [write.record_search(failed, ENDED + SETTLE + number) for number in range(8)]
    assert [bool(one.undecided) for one in updates] == [*[False] * 7, True]


def test_without_permission_rows_are_left_undecided_at_once() -> None:
    refused = SearchReport(failure=PermissionDenied("no"), problem=message("search.no_control"))
    assert list(lost_write(row(1)).record_search(refused, ENDED + 1).undecided) == [1]


def test_a_row_whose_reference_is_gone_is_not_searched_for() -> None:
    write = lost_write(row(1), row(2), row(3))
    assert write.refresh([row(1, has_rival=True), row(2, cust_reference=None)]) == [2]
    assert list(write.rows) == ["T-1"]
    assert write.rows["T-1"].has_rival


def test_controls_that_were_found_are_used_again() -> None:
    controls = ControlShipments()
    assert controls.needs_more
    controls.add(["a", "b", "c", "d"])
    assert controls.choose() == ["a", "b"]
    controls.update(SearchReport(controls_seen=frozenset("b"), controls_missing=frozenset("a")))
    assert controls.choose() == ["b", "c"]
    controls.update(SearchReport(controls_seen=frozenset("bc")))
    assert (controls.choose(), controls.needs_more) == (["b", "c"], False)


def test_a_failed_search_says_nothing_of_its_controls() -> None:
    controls = ControlShipments()
    controls.add(["a", "b"])
    controls.update(SearchReport(controls_missing=frozenset("ab"), failure=TransportError("no")))
    assert controls.choose() == ["a", "b"]


def test_the_new_control_is_not_the_one_that_was_missing() -> None:
    controls = ControlShipments()
    assert controls.choose_new(["x", "y"]) == ["x"]
    controls.update(SearchReport(controls_missing=frozenset("x")))
    assert controls.choose_new(["x", "y"]) == ["y"]
    controls.update(SearchReport(controls_missing=frozenset("y")))
    assert controls.choose_new(["x", "y"]) == ["x"]  # all were missing once: they may be there by now
    assert controls.choose_new([]) == []
