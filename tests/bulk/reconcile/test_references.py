"""A reference is one thing from the file to the carrier's answer, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cpl_async import Client, Resolution, Verdict
from cpl_async.bulk.jobs import Jobs
from cpl_async.bulk.reconcile.evidence import classify
from cpl_async.messages import text_of
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import many_rows, shipment, write_rows
from ..shipping import Shipping, Totals, sent_twice, totals
from .test_evidence import entry, wanted

LOST = Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create")
ODD = ["z\u200bz", "a\ufeffb", "a\u00adc", "a\u200dd", "a\u2060e", "2026\u00a01", "Z\u030c-7"]
PLAIN = ["zz", "ab", "ac", "ad", "ae", "2026 1", "Ž-7"]


def file_of(folder: Path, name: str, references: list[str]) -> Path:
    rows = many_rows(len(references))
    for row, reference in zip(rows, references, strict=True):
        row["reference_id"] = reference
    return write_rows(folder / name, rows)


async def test_references_that_look_alike_are_one_in_a_file(sandbox: Sandbox, shipping: Shipping) -> None:
    summary = await shipping(file_of(shipping.folder, "a.csv", ["z\u200bz", "zz"]))
    assert totals(summary) == Totals(rows=2, shipped=1, rejected=1)
    assert "zz is used twice, first in row 1" in shipping.rejected()[0]["error"]
    assert [one.reference for one in sandbox.shipments()] == ["zz"]


async def test_references_that_look_alike_are_one_in_two_jobs(sandbox: Sandbox, shipping: Shipping) -> None:
    assert (await shipping(file_of(shipping.folder, "a.csv", PLAIN))).shipped == len(PLAIN)
    again = await shipping(file_of(shipping.folder, "b.csv", ODD), "other")
    assert (again.shipped, again.rejected) == (0, len(ODD))
    assert all("was shipped as" in row["error"] for row in shipping.rejected("other"))
    assert len(sandbox.shipments()) == len(PLAIN)


async def test_unusual_references_are_matched_and_found(sandbox: Sandbox, shipping: Shipping) -> None:
    sandbox.faults.add(Fault(kind=LOST.kind, operation=LOST.operation, skip=1))
    summary = await shipping(file_of(shipping.folder, "a.csv", ODD), batch_size=4, max_concurrency=1)
    assert (summary.shipped, summary.shipped_without_label) == (4, 3)
    assert [row["reference_id"] for row in shipping.report()] == PLAIN
    assert sent_twice(sandbox) == {}


async def test_what_a_spreadsheet_keeps_as_text_is_one_with_the_text(sandbox: Sandbox, shipping: Shipping) -> None:
    summary = await shipping(file_of(shipping.folder, "a.csv", ['="0123"', "0123"]))
    assert totals(summary) == Totals(rows=2, shipped=1, rejected=1)
    assert [one.reference for one in sandbox.shipments()] == ["0123"]


async def test_rows_of_a_caller_and_reconcile_know_one_form(
    sandbox: Sandbox, shipping: Shipping, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "of-bulk"))
    since = datetime.now(UTC) - timedelta(seconds=1)
    given: list[Any] = [shipment("2026\u00a05"), {**many_rows(1)[0], "reference_id": "2026 5"}, shipment("v\u200b")]
    results = [one async for one in client.bulk.ship(given, name="n", pilot_rows=0)]
    assert sorted((one.reference, one.state) for one in results) == [
        ("2026 5", "rejected"),
        ("2026 5", "shipped"),
        ("v", "shipped"),
    ]
    [found] = await client.reconcile(["\u200bv\u00a0"], since=since, canaries=["2026\u00a05"], settle_time=0.5)
    assert (found.reference, found.verdict) == ("v", Verdict.PRESENT)
    page = await client.shipments.list(customer_references=["2026\u00a05"])
    assert [one.cust for one in page.items] == ["2026 5"]


async def test_a_row_is_resolved_by_any_form_of_its_reference(
    sandbox: Sandbox, shipping: Shipping, make_client: Callable[..., Client]
) -> None:
    sandbox.faults.add(LOST)
    sandbox.faults.play("empty-list", 1.0)
    path = file_of(shipping.folder, "a.csv", ["a\u00a01"])
    assert (await shipping(path, settle_time=0.3, name="n")).undecided == 1
    await Jobs(shipping.place).resolve("n", "a\u20031\u200b", Resolution.SHIPPED, numbers=("40900000001",))
    assert shipping.query("SELECT state FROM rows") == [("found",)]


def test_a_hit_in_another_case_is_never_absence() -> None:
    for other in ("A", "a ", "ａ"):
        finding = classify(wanted(reference="a"), [], [entry(reference=other)])
        assert finding.verdict is Verdict.DOUBTFUL
        assert "differs only in letter case or spaces" in text_of(finding.doubts)
    assert classify(wanted(reference="a"), [], [entry(reference="A", product="BUSS")]).verdict is Verdict.ABSENT
