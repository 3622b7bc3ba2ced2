"""A lost answer: what was created is found, what was not is sent again, what cannot be told is left to a person."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Client
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.sandbox.roles import Role

from ...conftest import example_rows, many_rows, write_rows
from ..shipping import Shipping, Totals, sent_twice, totals

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]
CREATE = "shipment_batches.create"
LIST = "shipments.list"
LOST = Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE)
RESET = Fault(kind=FaultKind.RESET, operation=CREATE)


def rows_of(shipping: Shipping, count: int, first: int = 1, **changes: str) -> Path:
    """Write rows of their own as a file."""
    return write_rows(shipping.folder / f"rows-{first}.csv", many_rows(first + count - 1, **changes)[first - 1 :])


def live(sandbox: Sandbox) -> Counter[str]:
    """Return how many live shipments each reference has."""
    return Counter(
        shipment.reference
        for shipment in sandbox.shipments()
        if shipment.error_code is None and any(parcel.cancelled is None for parcel in shipment.parcels)
    )


@pytest.mark.parametrize(
    "fault",
    [
        LOST,
        Fault(kind=FaultKind.STATUS, status=503, after_work=True, operation=CREATE),
        Fault(kind=FaultKind.NO_LOCATION, operation=CREATE),
    ],
    ids=lambda fault: fault.kind.value,
)
async def test_what_was_created_is_found_and_not_sent_again(sandbox: Sandbox, shipping: Shipping, fault: Fault) -> None:
    sandbox.faults.add(fault)
    path = rows_of(shipping, 9)
    assert totals(await shipping(path, batch_size=3, max_concurrency=1)) == Totals(rows=9, shipped=6, without_label=3)
    report = shipping.report()
    assert {row["state"] for row in report[:3]} == {"shipped_without_label"}
    numbers = {shipment.reference: shipment.parcels[0].number for shipment in sandbox.shipments()}
    assert all(row["shipment_number"] == numbers[row["reference_id"]] for row in report)
    assert "its label is not available" in report[0]["message"]
    assert len(sandbox.ledger.of(CREATE)) == 3
    again = await shipping(path)
    assert totals(again) == Totals(rows=9, shipped=6, without_label=3)
    assert again.unfinished == 0
    assert sent_twice(sandbox) == {}


@pytest.mark.parametrize("kind", [FaultKind.RESET_EARLY, FaultKind.RESET_MIDWAY, FaultKind.RESET])
async def test_what_was_not_created_is_sent_again_byte_for_byte(
    sandbox: Sandbox, shipping: Shipping, kind: FaultKind
) -> None:
    sandbox.faults.add(Fault(kind=kind, operation=CREATE, skip=1))
    path = rows_of(shipping, 9)
    began = time.time()
    assert totals(await shipping(path, batch_size=3, max_concurrency=1)) == Totals(rows=9, shipped=9)
    assert time.time() - began > 1.0  # not before the settling time has passed
    assert set(live(sandbox).values()) == {1}
    assert any("are sent again" in note for note in shipping.notes)
    sent = shipping.query("SELECT body_hash, outcome FROM attempts ORDER BY id")
    assert [outcome for _, outcome in sent] == ["accepted", "unknown", "accepted", "accepted"]
    assert sent[1][0] == sent[3][0]


async def test_a_failed_import_in_a_lost_batch_has_its_message(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(6)
    bad = {"product_type": "SMAR", "parcel_shop_code": "KM10999000", "cod_price": "", "cod_currency": ""}
    rows[4] |= bad | {"cod_var_sym": ""}
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    summary = await shipping(write_rows(shipping.folder / "a.csv", rows), batch_size=3, max_concurrency=1)
    assert totals(summary) == Totals(rows=6, shipped=3, without_label=2, rejected=1)
    assert "1042" in shipping.report()[4]["message"]
    assert set(live(sandbox).values()) == {1}


async def test_without_a_control_absence_is_not_concluded(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(RESET)
    path = rows_of(shipping, 3)
    first = await shipping(path)
    assert totals(first) == Totals(rows=3, undecided=3)
    assert first.unfinished == 3
    assert "no control shipment" in shipping.report()[0]["message"]
    assert len(sandbox.ledger.of(CREATE)) == 1
    assert totals(await shipping(rows_of(shipping, 2, 10), "other")) == Totals(rows=2, shipped=2)
    assert totals(await shipping(path)) == Totals(rows=3, shipped=3)  # the other job's shipments serve as canaries
    assert set(live(sandbox).values()) == {1}


async def test_a_pilot_goes_first_where_nothing_is_known_to_be_there(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    assert totals(await shipping(rows_of(shipping, 12), pilot_rows=3)) == Totals(rows=12, shipped=12)
    sizes = [len(rows) for rows in batches(sandbox)]
    assert sizes == [3, 9]
    before = len(sandbox.ledger.of(CREATE))
    assert totals(await shipping(rows_of(shipping, 12, 20), pilot_rows=3)) == Totals(rows=12, shipped=12)
    assert len(sandbox.ledger.of(CREATE)) == before + 1  # the first job's rows serve now


def batches(sandbox: Sandbox) -> list[list[str]]:
    """Return the references of each batch that was accepted, in order."""
    found: dict[str, list[str]] = {}
    for shipment in sandbox.shipments():
        found.setdefault(shipment.batch, []).append(shipment.reference)
    return list(found.values())


async def test_a_pilot_that_is_lost_is_followed_by_another(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(RESET)
    assert totals(await shipping(rows_of(shipping, 12), pilot_rows=3)) == Totals(rows=12, shipped=12)
    assert [len(rows) for rows in batches(sandbox)] == [3, 6, 3]
    assert set(live(sandbox).values()) == {1}


@pytest.mark.parametrize(
    ("kind", "words"),
    [(FaultKind.IGNORED_FILTER, "ignores the filter"), (FaultKind.EMPTY_LIST, "does not work")],
)
async def test_a_search_that_does_not_work_is_not_taken_for_absence(
    sandbox: Sandbox, shipping: Shipping, kind: FaultKind, words: str
) -> None:
    assert totals(await shipping(rows_of(shipping, 3, 50), "first")) == Totals(rows=3, shipped=3)
    sandbox.faults.add(RESET)
    sandbox.faults.add(Fault(kind=kind, operation=LIST, times=1000))
    path = rows_of(shipping, 6)
    summary = await shipping(path, batch_size=3, max_concurrency=1)
    assert totals(summary) == Totals(rows=6, shipped=3, undecided=3)
    assert words in shipping.report()[0]["message"]
    sandbox.faults.clear()
    assert totals(await shipping(path)) == Totals(rows=6, shipped=6)
    assert set(live(sandbox).values()) == {1}


async def test_a_role_that_may_not_search_leaves_rows_undecided(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Role, "may", lambda role, operation: operation != LIST)
    sandbox = make_sandbox(roles={"sandbox": Role.CLIENT})
    shipping = Shipping(tmp_path, make_client(sandbox))
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    summary = await shipping(rows_of(shipping, 9), batch_size=3, max_concurrency=1, pilot_rows=3)
    assert totals(summary) == Totals(rows=9, shipped=6, undecided=3)
    assert any("search shows nothing" in note for note in shipping.notes)
    assert "search failed" in shipping.report()[3]["message"]
    assert set(live(sandbox).values()) == {1}


async def test_parcels_that_become_visible_one_by_one_are_no_double(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    sandbox = make_sandbox(parcels_apart=10)  # a fifth of a second by the sandbox's clock
    shipping = Shipping(tmp_path, make_client(sandbox))
    rows = [row | {"parcels": "3", "cod_price": "", "cod_currency": "", "cod_var_sym": ""} for row in many_rows(4)]
    rows = [row | {"product_type": "PRIV", "parcel_shop_code": ""} for row in rows]
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    summary = await shipping(write_rows(tmp_path / "a.csv", rows), batch_size=2, max_concurrency=1)
    assert totals(summary) == Totals(rows=4, shipped=2, without_label=2)
    assert summary.parcels == 12
    assert summary.duplicates == 0
    assert len(shipping.report()[2]["parcel_numbers"].split()) == 3


@pytest.mark.parametrize("shows_sets", [True, False])
async def test_a_set_is_found_whether_its_master_is_shown_or_not(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path, shows_sets: bool
) -> None:
    sandbox = make_sandbox(shows_sets=shows_sets)
    shipping = Shipping(tmp_path, make_client(sandbox))
    rows = [row for row in example_rows() if row["parcels"] == "3"][:1]
    sandbox.faults.add(LOST)
    assert totals(await shipping(write_rows(tmp_path / "a.csv", rows))) == Totals(rows=1, without_label=1)
    (report,) = shipping.report()
    (stored,) = sandbox.shipments()
    assert report["parcel_numbers"].split() == [parcel.number for parcel in stored.parcels]


@pytest.mark.parametrize("shows_sets", [True, False])
async def test_a_second_set_is_a_duplicate_whether_its_master_is_shown_or_not(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path, shows_sets: bool
) -> None:
    sandbox = make_sandbox(visible_after=0.0, shows_sets=shows_sets)
    shipping = Shipping(tmp_path, make_client(sandbox))
    rows = many_rows(4)
    rows[3]["parcels"] = "3"
    path = write_rows(tmp_path / "a.csv", rows)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    hidden = hide(sandbox, {rows[3]["reference_id"]})
    assert totals(await shipping(path, batch_size=3, max_concurrency=1)) == Totals(rows=4, shipped=4)
    hidden()
    assert (await shipping(path)).duplicates == 1
    [double] = shipping.duplicates()
    first, _ = (stored for stored in sandbox.shipments() if stored.reference == rows[3]["reference_id"])
    assert double["duplicate"] == first.parcels[0].number


async def test_what_was_there_before_is_not_taken_for_the_lost_one(sandbox: Sandbox, shipping: Shipping) -> None:
    path = rows_of(shipping, 3)
    assert totals(await shipping(path)) == Totals(rows=3, shipped=3)
    sandbox.faults.add(RESET)
    copy = write_rows(shipping.folder / "copy.csv", [row | {"note": "again"} for row in many_rows(3)])
    assert totals(await shipping(copy, "again", allow_reship=True)) == Totals(rows=3, shipped=3)
    assert set(live(sandbox).values()) == {2}  # once for each job: what the first had shipped proved nothing


async def test_a_shipment_after_the_settle_time_is_a_duplicate(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    sandbox = make_sandbox(visible_after=0.0)
    shipping = Shipping(tmp_path, make_client(sandbox))
    path = rows_of(shipping, 6)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    hidden = hide(sandbox, {f"T-{number:05}" for number in (4, 5, 6)})
    assert totals(await shipping(path, batch_size=3, max_concurrency=1)) == Totals(rows=6, shipped=6)
    assert sum(count == 2 for count in live(sandbox).values()) == 3
    hidden()
    sandbox.faults.add(Fault(kind=FaultKind.EMPTY_LIST, operation="shipments.list", times=2))  # the look is taken again
    summary = await shipping(path)
    assert summary.duplicates == 3
    doubles = shipping.duplicates()
    assert [row["reference_id"] for row in doubles] == ["T-00004", "T-00005", "T-00006"]
    numbers = {row["reference_id"]: row["shipment_number"] for row in shipping.report()}
    for row in doubles:
        assert row["counts"] == numbers[row["reference_id"]]
        assert row["duplicate"] != row["counts"]
    summary = await shipping(path, cancel_duplicates=True)
    assert summary.duplicates == 0
    assert set(live(sandbox).values()) == {1}
    kept = {
        parcel.number for shipment in sandbox.shipments() for parcel in shipment.parcels if parcel.cancelled is None
    }
    assert kept == {number for row in shipping.report() for number in row["parcel_numbers"].split()}


def hide(sandbox: Sandbox, references: set[str]) -> Callable[[], None]:
    """Keep the first shipments with these references out of every search, until the result is called."""
    store = sandbox._context.store
    real = store.add_batch

    def add_batch(
        client: str, created: float, labels: object, shipments: object, delays: object, errors: object
    ) -> str:
        here = [shipment["referenceId"] for shipment in shipments]  # type: ignore[attr-defined]  # as it is called
        if references & set(here):
            references.difference_update(here)
            delays = [(start, done, 1e12) for start, done, _ in delays]  # type: ignore[attr-defined]  # as above
        return real(client, created, labels, shipments, delays, errors)  # type: ignore[arg-type]  # as above

    store.add_batch = add_batch  # type: ignore[method-assign]  # what a slow index would do

    def show() -> None:
        sandbox._read(lambda: list(store.db.execute("UPDATE shipments SET visible = done")))

    return show


async def test_a_resend_refused_as_used_is_found_at_the_end(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    sandbox = make_sandbox(refuses_used_references=True)
    shipping = Shipping(tmp_path, make_client(sandbox))
    path = rows_of(shipping, 6)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    show = hide(sandbox, {f"T-{number:05}" for number in (4, 5, 6)})
    assert totals(await shipping(path, batch_size=3, max_concurrency=1)) == Totals(rows=6, shipped=3, rejected=3)
    show()
    assert totals(await shipping(path)) == Totals(rows=6, shipped=3, without_label=3)
    assert set(live(sandbox).values()) == {1}


async def test_unlabelled_shipments_are_resent_when_asked(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    path = rows_of(shipping, 9)
    assert totals(await shipping(path, batch_size=3, max_concurrency=1)) == Totals(rows=9, shipped=6, without_label=3)
    lost = [row["shipment_number"] for row in shipping.report() if row["state"] != "shipped"]
    assert totals(await shipping(path, resend_unlabelled=True)) == Totals(rows=9, shipped=9)
    assert set(live(sandbox).values()) == {1}
    cancelled = {parcel.number for one in sandbox.shipments() for parcel in one.parcels if parcel.cancelled is not None}
    assert set(lost) <= cancelled
    assert not set(lost) & {row["shipment_number"] for row in shipping.report()}
    assert len([path.name for path in (shipping.folder / "out").iterdir()]) >= 4


async def test_one_row_is_resent_first_and_no_other_if_refused(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    """Whether the carrier takes a reference again after its shipment was cancelled is not documented."""
    sandbox = make_sandbox(refuses_used_references=True)
    shipping = Shipping(tmp_path, make_client(sandbox))
    sandbox.faults.add(LOST)
    path = rows_of(shipping, 5)
    assert totals(await shipping(path)) == Totals(rows=5, without_label=5)
    assert totals(await shipping(path, resend_unlabelled=True)) == Totals(rows=5, without_label=4, rejected=1)
    assert sum(live(sandbox).values()) == 4
    assert any("the others stay" in note for note in shipping.notes)


async def test_what_is_on_its_way_already_is_not_sent_again(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(LOST)
    path = rows_of(shipping, 3)
    assert totals(await shipping(path)) == Totals(rows=3, without_label=3)
    sandbox.advance(80_000)
    assert totals(await shipping(path, resend_unlabelled=True)) == Totals(rows=3, without_label=3)
    assert "cannot be cancelled any more" in shipping.report()[0]["message"]
    assert sent_twice(sandbox) == {}


async def test_a_lost_answer_while_cancelling_is_asked_after(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(LOST)
    path = rows_of(shipping, 3)
    await shipping(path)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipments.cancel", times=2))
    assert totals(await shipping(path, resend_unlabelled=True)) == Totals(rows=3, shipped=3)
    assert set(live(sandbox).values()) == {1}


async def test_a_stop_while_rows_are_looked_for_loses_nothing(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    path = rows_of(shipping, 6)
    run = shipping.prepared(path, batch_size=3, max_concurrency=1, settle_time=600)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while run.progress.labelled < 3 or not any("looked for" in note for note in shipping.notes):
            await asyncio.sleep(0.02)
    run.stop()
    assert totals(await task) == Totals(rows=6, shipped=3, undecided=3)
    assert totals(await shipping(path)) == Totals(rows=6, shipped=6)
    assert set(live(sandbox).values()) == {1}


async def test_after_the_deadline_only_labels_are_fetched(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=3.5, operation=CREATE, skip=1))
    path = rows_of(shipping, 9)
    summary = await shipping(path, batch_size=3, max_concurrency=1, deadline=time.time() + 1.0)
    assert totals(summary) == Totals(rows=9, shipped=6, undecided=3)
    assert summary.not_sent == 3
    assert "deadline" in shipping.report()[-1]["message"]
    assert totals(await shipping(path)) == Totals(rows=9, shipped=9)
