"""What went wrong once, or nearly: races between jobs, kills at odd moments, servers that answer oddly."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cpl_async import Address, Client, ConfigurationError, JournalError, ShipmentResultItem
from cpl_async.bulk.journal import Journal
from cpl_async.bulk.journal.batch_repository import OpenRow
from cpl_async.bulk.pipeline.import_result import result_from_item
from cpl_async.bulk.pipeline.send_cycle import SendPolicy
from cpl_async.bulk.progress import JobObserver, Progress
from cpl_async.bulk.readers.source import InputError, Source
from cpl_async.bulk.records import RowState
from cpl_async.models.codec import decode
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import many_rows, write_rows
from ..pictures import codes_in
from .shipping import Shipping, Totals, sent_twice, totals

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]
CREATE = "shipment_batches.create"


@pytest.fixture
def shipping(tmp_path: Path, client: Client) -> Shipping:
    return Shipping(tmp_path, client)


# --- nothing is sent twice


async def test_planned_rows_that_another_job_shipped_are_not_sent(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(3)
    first = write_rows(shipping.folder / "first.csv", [rows[0], rows[1], rows[2] | {"name": ""}])
    await shipping(first, strict=True)
    assert totals(await shipping(write_rows(shipping.folder / "mended.csv", rows), "mended")) == Totals(
        rows=3, shipped=3
    )
    late = await shipping(first)
    assert totals(late) == Totals(rows=3, rejected=3)
    assert "was shipped as 409" in shipping.report()[0]["message"]
    assert sent_twice(sandbox) == {}
    assert totals(await shipping(first, allow_reship=True)) == Totals(rows=3, shipped=2, rejected=1)
    assert set(sent_twice(sandbox).values()) == {2}


async def test_overlapping_files_at_the_same_time(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(60)
    one = write_rows(shipping.folder / "one.csv", rows[:45])
    two = write_rows(shipping.folder / "two.csv", rows[15:])
    first, second = await asyncio.gather(shipping(one, "one", batch_size=15), shipping(two, "two", batch_size=15))
    assert sent_twice(sandbox) == {}
    assert first.shipped + second.shipped == len(sandbox.shipments()) == 60
    assert first.rejected + second.rejected == 30


async def test_a_named_and_an_unnamed_run_over_one_file_are_one_job(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(20))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=1, operation=CREATE, times=2))
    named = asyncio.create_task(shipping(path, "named", name="monday", batch_size=10))
    async with asyncio.timeout(20):
        while not sandbox.ledger.entries:
            await asyncio.sleep(0.01)
    with pytest.raises(JournalError, match=r"another run holds the job of a\.csv"):
        await shipping(path, "unnamed", batch_size=10)
    assert totals(await named) == Totals(rows=20, shipped=20)
    assert sent_twice(sandbox) == {}


async def test_two_jobs_into_one_folder_at_the_same_time_are_refused(sandbox: Sandbox, shipping: Shipping) -> None:
    one = write_rows(shipping.folder / "one.csv", many_rows(2))
    two = write_rows(shipping.folder / "two.csv", many_rows(4)[2:])
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=2, operation=CREATE))
    first = asyncio.create_task(shipping(one))
    async with asyncio.timeout(20):
        while not sandbox.ledger.entries:
            await asyncio.sleep(0.01)
    results = await asyncio.gather(shipping(two), first, return_exceptions=True)
    refused = [result for result in results if isinstance(result, JournalError)]
    assert len(refused) == 1
    assert "output folder" in str(refused[0])


async def test_a_kill_in_the_middle_of_again_strands_nothing(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(4)
    await shipping(write_rows(shipping.folder / "a.csv", rows))
    path = write_rows(shipping.folder / "b.csv", [*rows[:2], *many_rows(6)[4:]])
    assert totals(await shipping(path)) == Totals(rows=4, shipped=2, rejected=2)
    async with Journal.open(shipping.place) as journal:  # as far as a run that was killed might have come
        assert await journal.rows.allow_reship(2) == 2
    summary = await shipping(path)
    assert totals(summary) == Totals(rows=4, shipped=4)
    pages = codes_in((shipping.folder / "out" / "labels.pdf").read_bytes())
    assert pages == [[number] for row in shipping.report() for number in row["parcel_numbers"].split()]


async def test_first_runs_at_the_same_time_make_one_journal(shipping: Shipping) -> None:
    paths = [write_rows(shipping.folder / f"{n}.csv", many_rows(3 * n)[3 * n - 3 :]) for n in range(1, 5)]
    summaries = await asyncio.gather(*(shipping(path, path.stem) for path in paths))
    assert [summary.shipped for summary in summaries] == [3] * 4


# --- nothing is lost


async def test_a_file_that_changes_while_it_is_read_is_refused(
    sandbox: Sandbox, shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    before = path.read_bytes()
    real = Source.rows

    def changed(source: Source) -> Any:
        write_rows(path, many_rows(6)[3:])
        return real(source)

    with monkeypatch.context() as patched:
        patched.setattr(Source, "rows", changed)
        with pytest.raises(InputError, match="changed while it was read"):
            await shipping(path)
    assert sandbox.ledger.entries == []
    path.write_bytes(before)
    assert totals(await shipping(path)) == Totals(rows=3, shipped=3)
    assert [row["reference_id"] for row in shipping.report()] == ["T-00001", "T-00002", "T-00003"]


def item(**fields: Any) -> ShipmentResultItem:
    return decode({"referenceId": "a"} | fields, ShipmentResultItem)


def part(state: str, number: str | None = None, **more: Any) -> dict[str, Any]:
    return {"importState": state, "shipmentNumber": number, "labelUrl": "u", "relationType": "ShipmentSet"} | more


@pytest.mark.parametrize(
    ("parcels", "fields", "state", "numbers"),
    [
        (1, {"importState": "InProcess"}, None, []),
        (1, {"importState": "Complete", "shipmentNumber": "1"}, RowState.CREATED, ["1"]),
        (1, {"importState": "Complete"}, None, []),
        (1, {"importState": "Error", "errorCode": "7"}, RowState.REJECTED, []),
        (3, {"importState": "Complete", "shipmentNumber": "1"}, None, []),
        (2, part("Complete", "1") | {"relatedItems": [part("InProcess")]}, None, []),
        (2, part("Complete", "1") | {"relatedItems": [part("Complete")]}, None, []),
        (
            3,
            part("Complete", "2") | {"relatedItems": [part("Complete", "3"), part("Complete", "1")]},
            RowState.CREATED,
            ["2", "1", "3"],
        ),
        (2, part("Complete", "1") | {"relatedItems": [part("Error")]}, RowState.UNDECIDED, ["1"]),
        (2, part("Error") | {"relatedItems": [part("Complete", "2")]}, RowState.UNDECIDED, ["2"]),
        (
            1,
            part("Complete", "1") | {"relatedItems": [part("Complete", "9", relationType="DocumentBack")]},
            RowState.CREATED,
            ["1", "9"],
        ),
    ],
)
def test_a_row_is_settled_only_when_all_its_parcels_are(
    parcels: int, fields: dict[str, Any], state: RowState | None, numbers: list[str]
) -> None:
    outcome = result_from_item(OpenRow(number=1, line=2, parcels=parcels), item(**fields))
    assert (outcome[0].state if outcome else None) == state
    assert [parcel.number for parcel in outcome[1]] == numbers if outcome else numbers == []


async def test_an_open_item_does_not_delay_labels_of_others(
    sandbox: Sandbox, shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))

    def delays(*_: Any) -> tuple[float, float, float]:
        return (0.0, 1e9, 1e9) if next(calls) == 1 else (0.0, 0.0, 0.0)

    monkeypatch.setattr("cpl_async.sandbox.handlers.shipment_batches.draw_delays", delays)
    path = write_rows(shipping.folder / "a.csv", many_rows(4, parcels="1"))
    summary = await shipping(path, import_timeout=1.0)
    assert totals(summary) == Totals(rows=4, shipped=3, undecided=1)
    assert "still being imported" in shipping.report()[1]["message"]
    shown = [row for row in shipping.report() if row["state"] == "shipped"]
    assert codes_in((shipping.folder / "out" / "labels.pdf").read_bytes()) == [
        [row["shipment_number"]] for row in shown
    ]
    assert totals(await shipping(path, import_timeout=0.0)) == Totals(rows=4, shipped=3, undecided=1)
    assert len(sandbox.ledger.of(CREATE)) == 1


async def test_two_systems_with_one_folder_never_mix_their_labels(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    production, testing = make_sandbox(seed=1), make_sandbox(seed=2)
    real = Shipping(tmp_path, make_client(production), "real")
    trial = Shipping(tmp_path, make_client(testing), "trial")
    other = write_rows(tmp_path / "other.csv", many_rows(9)[4:])
    await trial(other, "elsewhere")  # so that the numbers differ
    path = write_rows(tmp_path / "a.csv", many_rows(3))
    await real(path)
    await trial(path)
    assert "held the results of the job a.csv-" in trial.notes[-1]
    summary = await real(path)
    assert not summary.already_done
    assert len(production.ledger.of(CREATE)) == 1
    numbers = [number for row in real.report() for number in row["parcel_numbers"].split()]
    assert codes_in((tmp_path / "out" / "labels.pdf").read_bytes()) == [[number] for number in numbers]


async def test_labels_that_cannot_be_stored_cut_nothing_off(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(40))
    run = shipping.prepared(path, batch_size=5, max_concurrency=2)

    def spoil(_: Progress) -> None:
        for name in shipping.query("SELECT substr(uid, 1, 12) FROM jobs") if shipping.place.file.exists() else []:
            (shipping.folder / "out" / f"parts-{name[0]}").touch()  # a file where a folder is needed

    run.observer = JobObserver(progress=spoil)
    summary = await run.run(shipping.client)
    assert totals(summary) == Totals(rows=40, without_label=40)
    assert "cannot be stored" in shipping.report()[0]["message"]
    for file in (shipping.folder / "out").glob("parts-*"):
        file.unlink()
    assert totals(await shipping(path)) == Totals(rows=40, shipped=40)
    assert sent_twice(sandbox) == {}


async def test_a_failed_new_layout_leaves_the_old_labels(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(2, parcels="1"))
    await shipping(path)
    old = (shipping.folder / "out" / "labels.pdf").read_bytes()
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=404, operation="shipment_batches.label"))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=404, operation="data.get", times=2))
    assert totals(await shipping(path, a4=True)) == Totals(rows=2, without_label=2)
    assert (shipping.folder / "out" / "labels.pdf").read_bytes() == old
    assert totals(await shipping(path)) == Totals(rows=2, shipped=2)


# --- sending ends in good order


async def test_after_a_stop_nothing_more_is_sent(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=429, retry_after="1", operation=CREATE))
    path = write_rows(shipping.folder / "a.csv", many_rows(4))
    run = shipping.prepared(path, batch_size=2, max_concurrency=1)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while not sandbox.ledger.of(CREATE):
            await asyncio.sleep(0.01)
    run.stop()
    async with asyncio.timeout(2):
        summary = await task
    assert totals(summary) == Totals(rows=4, undecided=4)
    assert summary.not_sent == 4
    assert "the run was stopped" in shipping.report()[0]["message"]
    assert totals(await shipping(path)) == Totals(rows=4, shipped=4)


async def test_stopping_while_labels_are_fetched_ends_soon(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, operation="shipment_batches.label", times=99))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, operation="data.get", times=999))
    path = write_rows(shipping.folder / "a.csv", many_rows(30, parcels="1"))
    run = shipping.prepared(path)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while not sandbox.ledger.of("shipment_batches.label"):
            await asyncio.sleep(0.01)
    run.stop()
    async with asyncio.timeout(5):
        assert totals(await task) == Totals(rows=30, without_label=30)
    sandbox.faults.clear()
    assert totals(await shipping(path)) == Totals(rows=30, shipped=30)


async def test_strict_goes_on_with_what_was_sent_before(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    sandbox = make_sandbox(speed=1, import_seconds=600.0)
    shipping = Shipping(tmp_path, make_client(sandbox))
    path = write_rows(tmp_path / "a.csv", [*many_rows(3), many_rows(4)[3] | {"name": ""}])
    assert totals(await shipping(path, import_timeout=0.0)) == Totals(rows=4, rejected=1, undecided=3)
    sandbox.advance(1300)
    assert totals(await shipping(path, strict=True)) == Totals(rows=4, shipped=3, rejected=1)


async def test_a_strict_run_that_sent_nothing_was_not_finished(shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", [many_rows(1)[0], many_rows(2)[1] | {"name": ""}])
    for _ in range(2):
        summary = await shipping(path, strict=True)
        assert not summary.already_done
        assert shipping.report()[0]["message"] == "was not sent: --strict, and rows with mistakes: 1"


async def test_another_sender_for_rows_that_are_planned_is_refused(
    sandbox: Sandbox, make_client: MakeClient, shipping: Shipping
) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(2))
    wrong = Shipping(shipping.folder, make_client(sandbox, client_secret="wrong"))
    await wrong(path, sender=Address(name="Old", zip_code="11000", country="CZ"))
    with pytest.raises(ConfigurationError, match="another sender, and 2 rows"):
        await shipping(path, sender=Address(name="New", zip_code="11000", country="CZ"))
    assert sandbox.shipments() == []


async def test_the_first_half_is_shipped_if_the_second_fails(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=413, body="large", operation=CREATE))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=403, operation=CREATE, skip=2))
    run = shipping.prepared(write_rows(shipping.folder / "a.csv", many_rows(4)))
    run.send_policy = SendPolicy(max_attempts=1)
    summary = await run.run(shipping.client)
    assert totals(summary) == Totals(rows=4, shipped=2, undecided=2)
    assert summary.not_sent == 2
    assert run.stopped_by is not None


@pytest.mark.parametrize("status", [404, 405, 415])
async def test_a_wrong_address_rejects_no_rows(sandbox: Sandbox, shipping: Shipping, status: int) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=status, operation=CREATE))
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    assert totals(await shipping(path)) == Totals(rows=3, undecided=3)
    assert totals(await shipping(path)) == Totals(rows=3, shipped=3)


async def test_a_gateways_408_says_nothing_of_what_was_done(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=408, body="", operation=CREATE))
    summary = await shipping(write_rows(shipping.folder / "a.csv", many_rows(3)))
    assert totals(summary) == Totals(rows=3, undecided=3)
    assert summary.not_sent == 0


async def test_paths_with_a_dollar_name_their_rows_too(sandbox: Sandbox, shipping: Shipping) -> None:
    body = '{"title": "bad", "errors": {"$.shipments[1].note": ["odd"]}}'
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=400, body=body, operation=CREATE))
    assert totals(await shipping(write_rows(shipping.folder / "a.csv", many_rows(3)))) == Totals(
        rows=3, shipped=2, rejected=1
    )
    assert shipping.report()[1]["message"] == "note: odd"


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.RESET, FaultKind.TRUNCATED])
async def test_a_token_that_cannot_be_had_at_once_is_waited_for(
    sandbox: Sandbox, shipping: Shipping, kind: FaultKind
) -> None:
    sandbox.faults.add(Fault(kind=kind, operation="login.get_access_token"))
    assert totals(await shipping(write_rows(shipping.folder / "a.csv", many_rows(2)))) == Totals(rows=2, shipped=2)
    assert any("trying again in 1 s" in note for note in shipping.notes)
    assert shipping.query("SELECT outcome FROM attempts") == [("accepted",)]


async def test_without_a_connection_nothing_is_written_down_as_sent(make_client: MakeClient, tmp_path: Path) -> None:
    shipping = Shipping(tmp_path, make_client(base_url="http://127.0.0.1:9/myapi2"))
    run = shipping.prepared(write_rows(tmp_path / "a.csv", many_rows(2)))
    run.send_policy = SendPolicy(max_attempts=2)
    summary = await run.run(shipping.client)
    assert (totals(summary), summary.not_sent) == (Totals(rows=2, undecided=2), 2)
    assert shipping.query("SELECT * FROM attempts") == []
    assert "no connection to 127.0.0.1:9" in shipping.report()[0]["message"]


# --- rows that cannot be read


async def test_what_cannot_be_read_of_a_row_is_kept_in_its_error(shipping: Shipping) -> None:
    path = shipping.folder / "a.jsonl"
    path.write_text('{"reference_id": "a", "broken\n{"reference_id": "b", "name": "Jan \\ud83d"}\n', encoding="utf-8")
    assert totals(await shipping(path)) == Totals(rows=2, rejected=2)
    errors = [row["error"] for row in shipping.rejected()]
    assert '{"reference_id": "a", "broken' in errors[0]
    assert "half a character" in errors[1]
    csv_path = shipping.folder / "a.csv"
    csv_path.write_text("reference_id,product_type,name,street,city,zip_code,country\na,PRIV,N,S,C,11000,CZ,surplus\n")
    await shipping(csv_path, "second")
    (row,) = shipping.rejected("second")
    assert "a,PRIV,N,S,C,11000,CZ,surplus" in row["error"]
    assert row["reference_id"] == ""  # sent as it is, it is refused again: nothing is cut off in silence


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"PK\x03\x04rest", "no workbook of Excel"),
        ("a.xls", b"\xd0\xcf\x11\xe0rest", "save it as .xlsx"),
        ("a.json", b'[{"reference_id": "a"}]', "one object a line"),
        ("a.csv", b"reference_id;name\n\xe8\x81", "save it as CSV in UTF-8"),
    ],
)
def test_other_kinds_of_files_are_told_what_to_become(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        list(Source(tmp_path / name).rows())


def test_a_line_that_names_the_separator_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nreference_id;product_type;name;street;city;zip_code;country\na;PRIV;N;S;C;11000;CZ\n")
    (row,) = Source(path).rows()
    assert (row.values["reference_id"], row.number, row.line) == ("a", 1, 3)


def test_a_pipe_is_refused_in_a_line(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)
    try:
        with pytest.raises(InputError, match="no regular file"):
            Source(pipe)
    finally:
        os.close(end)
