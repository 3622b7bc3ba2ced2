"""A file is shipped whole: every row ends in one place, nothing is sent twice, and the files say so."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Address, AuthenticationError, Client, ConfigurationError, JournalError, LabelFormat
from cpl_async.bulk.journal import JournalLocation
from cpl_async.bulk.output.label_merge import MergeError
from cpl_async.bulk.pipeline.send_cycle import SendPolicy
from cpl_async.bulk.progress import JobObserver, Phase, Progress
from cpl_async.ratelimit.registry import ProcessLimits
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import EXAMPLES, many_rows, write_rows
from ...pictures import codes_in, page_sizes
from ..shipping import FILES, Shipping, Totals, in_a_file, sent_twice, totals

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]


async def test_the_example_is_shipped_whole(sandbox: Sandbox, shipping: Shipping) -> None:
    summary = await shipping(EXAMPLES / "shipments.csv")
    assert totals(summary) == Totals(rows=37, shipped=37)
    assert (summary.parcels, summary.batches, summary.label_files) == (41, 1, ["labels.pdf"])
    assert json.loads((shipping.folder / "out" / "summary.json").read_text())["shipped"] == 37
    report = shipping.report()
    assert [row["reference_id"] for row in report] == [f"2026-{number:05}" for number in range(1, 38)]
    numbers = [number for row in report for number in row["parcel_numbers"].split()]
    content = (shipping.folder / "out" / "labels.pdf").read_bytes()
    assert codes_in(content) == [[number] for number in numbers]
    assert report[1]["label"] == "labels.pdf#2 labels.pdf#3 labels.pdf#4"
    assert shipping.rejected() == []
    assert {shipment.reference for shipment in sandbox.shipments()} == {row["reference_id"] for row in report}
    assert sorted(path.name for path in (shipping.folder / "out").iterdir()) == FILES


async def test_each_mistake_is_named_and_the_good_rows_go_on(sandbox: Sandbox, shipping: Shipping) -> None:
    summary = await shipping(EXAMPLES / "shipments-with-errors.csv")
    assert totals(summary) == Totals(rows=12, shipped=2, rejected=10)
    assert sorted(shipping.problems) == [
        (2, "product_type"),
        (3, "zip_code"),
        (4, "cod_var_sym"),
        (5, "country"),
        (6, "name"),
        (7, "cod_price"),
        (8, "reference_id"),
        (9, "cod_currency"),
        (10, "parcels"),
        (11, "phone"),
    ]
    assert sorted(shipment.reference for shipment in sandbox.shipments()) == ["2026-00001", "2026-00012"]
    rejected = shipping.rejected()
    assert len(rejected) == 10
    assert rejected[9]["phone"] == "'=cmd|calc"
    assert all(row["error"] for row in rejected)


async def test_rejected_rows_can_be_mended_and_sent_again(sandbox: Sandbox, shipping: Shipping) -> None:
    await shipping(EXAMPLES / "shipments-with-errors.csv")
    mended = [row | {"country": "CZ"} for row in shipping.rejected() if row["error"].startswith("country")]
    path = write_rows(shipping.folder / "mended.csv", mended)
    summary = await shipping(path, "second")
    assert totals(summary) == Totals(rows=1, shipped=1)
    with pytest.raises(ConfigurationError, match="would overwrite the input"):
        await shipping(shipping.folder / "out" / "rejected.csv")


async def test_strict_sends_nothing_when_a_row_is_bad(sandbox: Sandbox, shipping: Shipping) -> None:
    summary = await shipping(EXAMPLES / "shipments-with-errors.csv", strict=True)
    assert totals(summary) == Totals(rows=12, rejected=8, undecided=4)
    assert summary.not_sent == 4
    assert sandbox.ledger.entries == []
    summary = await shipping(EXAMPLES / "shipments-with-errors.csv")
    assert totals(summary) == Totals(rows=12, shipped=2, rejected=10)


async def test_a_finished_job_says_so_and_sends_nothing(sandbox: Sandbox, shipping: Shipping) -> None:
    first = await shipping(EXAMPLES / "shipments.csv")
    before = len(sandbox.ledger.entries)
    labels = (shipping.folder / "out" / "labels.pdf").read_bytes()
    copy = shipping.folder / "elsewhere.csv"
    copy.write_bytes((EXAMPLES / "shipments.csv").read_bytes())
    second = await shipping(copy)
    assert second.already_done
    assert totals(second) == totals(first)
    assert len(sandbox.ledger.entries) == before
    assert (shipping.folder / "out" / "labels.pdf").read_bytes() == labels
    third = await shipping(copy, "another")  # into another folder: labels are fetched, nothing is created
    assert totals(third) == totals(first)
    assert len(sandbox.ledger.of("shipment_batches.create")) == 1
    assert len(codes_in((shipping.folder / "another" / "labels.pdf").read_bytes())) == 41


async def test_a_shipped_reference_is_resent_only_on_request(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(3)
    await shipping(write_rows(shipping.folder / "a.csv", rows))
    path = write_rows(shipping.folder / "b.csv", [rows[0], rows[1] | {"note": "changed"}, *many_rows(4)[3:]])
    summary = await shipping(path, "b")
    assert totals(summary) == Totals(rows=3, shipped=1, rejected=2)
    messages = [row["message"] for row in shipping.report("b")]
    assert "was shipped as 409" in messages[0]
    assert "differs" not in messages[0]
    assert "this row differs from that one" in messages[1]
    again = await shipping(path, "b", allow_reship=True)
    assert totals(again) == Totals(rows=3, shipped=3)
    counts = Counter(shipment.reference for shipment in sandbox.shipments())
    assert counts == {"T-00001": 2, "T-00002": 2, "T-00003": 1, "T-00004": 1}


async def test_one_bad_shipment_does_not_hold_the_others_up(sandbox: Sandbox, shipping: Shipping) -> None:
    rows = many_rows(60)
    for number in (5, 17, 40):
        rows[number]["product_type"] = "XXXX"
    summary = await shipping(write_rows(shipping.folder / "a.csv", rows), batch_size=20)
    assert totals(summary) == Totals(rows=60, shipped=57, rejected=3)
    assert sorted(shipping.problems) == [(6, "product_type"), (18, "product_type"), (41, "product_type")]
    assert len({shipment.reference for shipment in sandbox.shipments()}) == len(sandbox.shipments()) == 57


async def test_after_too_many_rounds_a_batch_is_halved(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    """A server that names one culprit at a time would make rounds without end."""
    sandbox = make_sandbox(one_error_at_a_time=True)
    shipping = Shipping(tmp_path, make_client(sandbox))
    rows = many_rows(16)
    for number in (1, 2, 3, 9, 12):
        rows[number]["product_type"] = "XXXX"
    run = shipping.prepared(write_rows(tmp_path / "a.csv", rows))
    run.send_policy = SendPolicy(max_rounds=2)
    summary = await run.run(shipping.client)
    assert totals(summary) == Totals(rows=16, shipped=11, rejected=5)
    assert summary.batches >= 2
    assert Counter(shipment.reference for shipment in sandbox.shipments()).most_common(1)[0][1] == 1


async def test_a_400_that_names_no_row_rejects_the_batch(sandbox: Sandbox, shipping: Shipping) -> None:
    body = '{"title": "Contract is not active", "errors": {"customer": ["ask your salesman"]}}'
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=400, body=body, operation="shipment_batches.create"))
    summary = await shipping(write_rows(shipping.folder / "a.csv", many_rows(6)), batch_size=3, max_concurrency=1)
    assert totals(summary) == Totals(rows=6, shipped=3, rejected=3)
    assert len(sandbox.ledger.of("shipment_batches.create")) == 2
    assert "Contract is not active; customer: ask your salesman" in shipping.report()[0]["message"]


async def test_a_body_that_is_too_large_is_halved(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(
        Fault(kind=FaultKind.STATUS, status=413, body="too large", operation="shipment_batches.create", times=2)
    )
    summary = await shipping(write_rows(shipping.folder / "a.csv", many_rows(8)))
    assert totals(summary) == Totals(rows=8, shipped=8)
    assert summary.batches == 3


async def test_an_error_at_import_rejects_its_row_only(shipping: Shipping) -> None:
    rows = many_rows(3)
    rows[1] |= {
        "product_type": "SMAR",
        "parcel_shop_code": "KM10999000",
        "cod_price": "",
        "cod_currency": "",
        "cod_var_sym": "",
    }
    summary = await shipping(write_rows(shipping.folder / "a.csv", rows))
    assert totals(summary) == Totals(rows=3, shipped=2, rejected=1)
    assert "1042" in shipping.report()[1]["message"]


async def test_labels_that_cannot_be_had_are_fetched_by_the_next_run(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=404, operation="shipment_batches.label"))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=404, operation="data.get", times=6))
    path = write_rows(shipping.folder / "a.csv", many_rows(4))
    first = await shipping(path)
    assert totals(first) == Totals(rows=4, without_label=4)
    assert "its label is not available" in shipping.report()[0]["message"]
    second = await shipping(path)
    assert totals(second) == Totals(rows=4, shipped=4)
    assert len(sandbox.ledger.of("shipment_batches.create")) == 1


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.TRUNCATED])
async def test_a_page_of_labels_that_is_broken_loses_nothing(
    sandbox: Sandbox, shipping: Shipping, kind: FaultKind
) -> None:
    sandbox.faults.add(Fault(kind=kind, operation="shipment_batches.label"))
    summary = await shipping(write_rows(shipping.folder / "a.csv", many_rows(3)))
    assert totals(summary) == Totals(rows=3, shipped=3)
    numbers = [number for row in shipping.report() for number in row["parcel_numbers"].split()]
    assert codes_in((shipping.folder / "out" / "labels.pdf").read_bytes()) == [[number] for number in numbers]


@pytest.mark.parametrize("label_format", [LabelFormat.ZPL, LabelFormat.PNG, LabelFormat.JPEG, LabelFormat.SVG])
async def test_labels_come_in_every_format_and_again_when_lost(
    sandbox: Sandbox, shipping: Shipping, label_format: LabelFormat
) -> None:
    summary = await shipping(write_rows(shipping.folder / "a.csv", many_rows(2)), label_format=label_format)
    assert totals(summary) == Totals(rows=2, shipped=2)
    for row in shipping.report():
        files = {place.split("#")[0] for place in row["label"].split()}
        assert all((shipping.folder / "out" / file).stat().st_size > 500 for file in files)
    again = await shipping(shipping.folder / "a.csv", label_format=label_format)
    assert again.already_done
    lost = shipping.folder / "out" / shipping.report()[1]["label"].split("#")[0].split(" ")[0]
    lost.unlink()
    await shipping(shipping.folder / "a.csv", label_format=label_format)
    assert lost.exists()
    assert len(sandbox.ledger.of("shipment_batches.create")) == 1
    with pytest.raises(ConfigurationError, match="use that format"):
        await shipping(shipping.folder / "a.csv")


async def test_a4_sheets(shipping: Shipping) -> None:
    rows = [row for row in many_rows(12) if row["parcels"] == "1"][:7]
    await shipping(write_rows(shipping.folder / "a.csv", rows), a4=True, position=2)
    content = (shipping.folder / "out" / "labels.pdf").read_bytes()
    assert [len(codes) for codes in codes_in(content)] == [3, 4]
    assert page_sizes(content) == [(297, 210)] * 2
    assert [row["label"] for row in shipping.report()][2:4] == ["labels.pdf#1", "labels.pdf#2"]
    await shipping(shipping.folder / "a.csv")  # the same job as single labels
    assert [len(codes) for codes in codes_in((shipping.folder / "out" / "labels.pdf").read_bytes())] == [1] * 7


async def test_beyond_a_thousand_parcels_there_are_numbered_files(shipping: Shipping) -> None:
    summary = await shipping(write_rows(shipping.folder / "a.csv", many_rows(1100, parcels="1")), batch_size=300)
    assert summary.label_files == ["labels-0001.pdf", "labels-0002.pdf"]
    report = shipping.report()
    assert report[999]["label"] == "labels-0001.pdf#1000"
    assert report[1000]["label"] == "labels-0002.pdf#1"
    codes = codes_in((shipping.folder / "out" / "labels-0002.pdf").read_bytes())
    assert codes == [[row["shipment_number"]] for row in report[1000:]]


async def test_wrong_credentials_end_the_job_before_it_begins(
    sandbox: Sandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    shipping = Shipping(tmp_path, make_client(sandbox, client_secret="wrong"))
    run = shipping.prepared(write_rows(tmp_path / "a.csv", many_rows(5)), batch_size=1)
    summary = await run.run(shipping.client)
    assert totals(summary) == Totals(rows=5, undecided=5)
    assert summary.not_sent == 5
    assert run.stopped_by is not None
    assert "HTTP 401" in str(run.stopped_by)
    shipping.client = make_client(sandbox)
    assert totals(await shipping(tmp_path / "a.csv")) == Totals(rows=5, shipped=5)


async def test_credentials_that_became_wrong_are_reported(
    sandbox: Sandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    shipping = Shipping(tmp_path, make_client(sandbox))
    await shipping(write_rows(tmp_path / "a.csv", many_rows(5)))
    shutil.rmtree(tmp_path / "out")
    shipping.client = make_client(sandbox, client_secret="wrong")
    run = shipping.prepared(tmp_path / "a.csv")
    summary = await run.run(shipping.client)
    assert totals(summary) == Totals(rows=5, without_label=5)
    assert isinstance(run.stopped_by, AuthenticationError)
    assert shipping.query("SELECT state FROM jobs") == [("ready",)]
    shipping.client = make_client(sandbox)
    assert totals(await shipping(tmp_path / "a.csv")) == Totals(rows=5, shipped=5)


async def test_a_429_that_lasts_is_waited_out(
    make_sandbox: MakeSandbox, make_client: MakeClient, tmp_path: Path
) -> None:
    sandbox = make_sandbox()
    shipping = Shipping(tmp_path, make_client(sandbox, shared=ProcessLimits()))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=429, operation="shipment_batches.create", times=2))
    summary = await shipping(write_rows(tmp_path / "a.csv", many_rows(2)))
    assert totals(summary) == Totals(rows=2, shipped=2)
    assert len(sandbox.shipments()) == 2


async def test_a_stopped_run_is_resumed_by_the_next(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(40))
    run = shipping.prepared(path, batch_size=5, max_concurrency=1)

    def stop_early(progress: Progress) -> None:
        if progress.sent >= 10:
            run.stop()

    run.observer = JobObserver(progress=stop_early)
    first = await run.run(shipping.client)
    assert first.undecided >= 25
    assert run.interrupted
    second = await shipping(path)
    assert totals(second) == Totals(rows=40, shipped=40)
    assert sent_twice(sandbox) == {}


async def test_a_cancelled_run_loses_nothing(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(12))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=5, operation="shipment_batches.create", skip=1))
    run = shipping.prepared(path, batch_size=4, max_concurrency=1)
    task = asyncio.create_task(run.run(shipping.client))
    async with asyncio.timeout(20):
        while len(sandbox.shipments()) < 8:
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    summary = await shipping(path)
    assert totals(summary) == Totals(rows=12, shipped=8, without_label=4)
    assert sent_twice(sandbox) == {}
    assert sent_twice(sandbox) == {}


async def test_two_runs_over_one_job_are_refused(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=1, operation="shipment_batches.create"))
    first = asyncio.create_task(shipping(path))
    async with asyncio.timeout(20):
        while not sandbox.ledger.entries:
            await asyncio.sleep(0.01)
    with pytest.raises(JournalError, match="another run holds"):
        await shipping(path)
    assert totals(await first) == Totals(rows=3, shipped=3)


async def test_a_named_job_is_known_by_its_name(shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(2))
    assert (await shipping(path, name="monday")).job == "monday"
    assert (await shipping(path, name="monday")).already_done
    with pytest.raises(JournalError, match="other rows"):
        await shipping(write_rows(shipping.folder / "b.csv", many_rows(3)), name="monday")


@in_a_file
async def test_the_journal_is_private_and_belongs_to_one_account(shipping: Shipping) -> None:
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(1)))
    assert shipping.place.file.stat().st_mode & 0o777 == 0o600
    assert shipping.place.folder.stat().st_mode & 0o777 == 0o700
    shipping.place = JournalLocation(folder=shipping.place.folder, base_url="https://api.example", client_id="other")
    with pytest.raises(JournalError, match="belongs to sandbox at"):
        await shipping(shipping.folder / "a.csv")


async def test_the_journal_holds_all_that_is_to_come(shipping: Shipping) -> None:
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(5)), batch_size=3)
    attempts = shipping.query(
        "SELECT outcome, status, length(body_hash), correlation_id, write_deadline - began_at FROM attempts"
    )
    assert [(outcome, status, size) for outcome, status, size, _, _ in attempts] == [("accepted", 201, 64)] * 2
    assert all(identifier and write_deadline > 0 for _, _, _, identifier, write_deadline in attempts)
    assert shipping.query("SELECT DISTINCT state FROM rows") == [("shipped",)]
    assert shipping.query("SELECT DISTINCT state FROM batches") == [("done",)]


@in_a_file
async def test_a_crash_of_the_machine_leaves_the_journal_whole(shipping: Shipping) -> None:
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(1)))
    assert shipping.query("PRAGMA journal_mode") == [("wal",)]


@in_a_file
async def test_a_damaged_journal_is_told_in_a_line(shipping: Shipping) -> None:
    shipping.place.folder.mkdir()
    shipping.place.file.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(JournalError, match="cannot be opened: file is not a database"):
        await shipping(EXAMPLES / "shipments.csv")


async def test_more_parcels_than_both_texts_allow_are_noted(shipping: Shipping) -> None:
    rows = many_rows(3)
    rows[1]["parcels"], rows[2]["parcels"] = "21", "20"
    run = shipping.prepared(write_rows(shipping.folder / "a.csv", rows))
    assert totals(await run.run(shipping.client)) == Totals(rows=3, shipped=3)
    assert shipping.notes == ["more than 20 parcels for one address may be refused: row 2"]


async def test_labels_that_cannot_be_merged_are_merged_next_time(
    shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        with pytest.raises(MergeError, match="could not be joined"):
            await shipping(path)
    assert totals(await shipping(path)) == Totals(rows=3, shipped=3)
    assert (shipping.folder / "out" / "labels.pdf").exists()


async def test_a_bad_sender_is_told_before_anything(sandbox: Sandbox, shipping: Shipping) -> None:
    with pytest.raises(ConfigurationError, match=r"sender\.zip_code: is missing"):
        await shipping(EXAMPLES / "shipments.csv", sender=Address(name="Sklad", country="CZ"))
    good = Address(name="Sklad", city="Praha", zip_code="11000", country="CZ")
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(1)), sender=good)
    assert sandbox.shipments()[0].body["sender"]["name"] == "Sklad"


async def test_progress_is_told_and_ends_with_done(shipping: Shipping) -> None:
    phases: list[Phase] = []
    run = shipping.prepared(write_rows(shipping.folder / "a.csv", many_rows(3)))
    run.observer = JobObserver(progress=lambda progress: phases.append(progress.phase))
    await run.run(shipping.client)
    assert list(dict.fromkeys(phases)) == [Phase.READING, Phase.SENDING, Phase.JOINING, Phase.DONE]
    assert (run.progress.sent, run.progress.created, run.progress.labelled) == (3, 3, 3)


async def test_old_labels_are_removed_from_the_folder(shipping: Shipping) -> None:
    out = shipping.folder / "out"
    out.mkdir()
    for name in ("labels-0001.pdf", "labels.zpl", "notes.txt"):
        (out / name).write_text("old")
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(1)))
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, "notes.txt"])


async def test_json_lines_are_shipped_too(shipping: Shipping) -> None:
    path = shipping.folder / "a.jsonl"
    rows = [{name: value for name, value in row.items() if value} for row in many_rows(4)]
    rows[1] |= {"colour": "blue", "wieght_kg": "2"}
    del rows[2]["zip_code"]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    run = shipping.prepared(path)
    summary = await run.run(shipping.client)
    assert totals(summary) == Totals(rows=4, shipped=3, rejected=1)
    assert shipping.notes == ["columns that are not known and not read: colour, wieght_kg (did you mean weight_kg?)"]
    assert shipping.rejected()[0]["error"] == "zip_code: is empty"
