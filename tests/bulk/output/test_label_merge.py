"""Labels are joined while a job is at work, as far as its rows are settled, and no file is made twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Client
from cpl_async.bulk.options import JobOptions
from cpl_async.bulk.output.label_merge import LabelMerger, MergePolicy
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.sandbox.labels import LabelDrawer
from cpl_async.sandbox.labels.layout import LabelData

from ...conftest import many_rows, write_rows
from ...pictures import codes_in
from ..shipping import Shipping, Totals, totals

SLOW_LABELS = Fault(kind=FaultKind.SLOW, operation="shipment_batches.label", skip=1, seconds=4)
NAMES = ["labels-0001.pdf", "labels-0002.pdf", "labels-0003.pdf"]


SMALL_FILES = MergePolicy(labels_per_file=5, check_interval=0.05)


async def test_a_file_can_be_printed_before_the_job_is_done(sandbox: Sandbox, tmp_path: Path, client: Client) -> None:
    shipping = Shipping(tmp_path, client, merge_policy=SMALL_FILES)
    sandbox.faults.add(SLOW_LABELS)
    first = tmp_path / "out" / NAMES[0]
    run = asyncio.create_task(shipping(write_rows(tmp_path / "a.csv", many_rows(12, parcels="1")), batch_size=6))
    while not run.done() and not first.exists():
        await asyncio.sleep(0.02)
    early = first.stat()
    assert not run.done()
    assert len(codes_in(first.read_bytes())) == 5
    assert totals(await run) == Totals(rows=12, shipped=12)
    assert first.stat() == early, "a file that holds what it should is not made anew"
    numbers = [row["parcel_numbers"] for row in shipping.report()]
    read = [code for name in NAMES for (code,) in codes_in((tmp_path / "out" / name).read_bytes())]
    assert read == numbers
    assert [row["label"] for row in shipping.report()][4:6] == ["labels-0001.pdf#5", "labels-0002.pdf#1"]


async def test_another_jobs_labels_are_removed_with_the_first_file(
    sandbox: Sandbox, tmp_path: Path, client: Client
) -> None:
    shipping = Shipping(tmp_path, client, merge_policy=SMALL_FILES)
    rows = many_rows(34, parcels="1")
    await shipping(write_rows(tmp_path / "a.csv", rows[:22]))
    assert (tmp_path / "out" / "labels-0005.pdf").exists()
    sandbox.faults.add(SLOW_LABELS)
    run = asyncio.create_task(shipping(write_rows(tmp_path / "b.csv", rows[22:]), batch_size=6))
    while not run.done() and (tmp_path / "out" / "labels-0005.pdf").exists():
        await asyncio.sleep(0.02)
    assert not run.done()
    await run
    assert sorted(path.name for path in (tmp_path / "out").glob("labels*")) == NAMES


async def test_rows_that_are_to_be_sent_again_hold_their_file_back(
    sandbox: Sandbox, tmp_path: Path, client: Client
) -> None:
    shipping = Shipping(tmp_path, client, merge_policy=SMALL_FILES)
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
    path = write_rows(tmp_path / "a.csv", many_rows(12, parcels="1"))
    assert totals(await shipping(path, batch_size=6, max_concurrency=1)) == Totals(rows=12, shipped=6, without_label=6)
    assert totals(await shipping(path, batch_size=6, resend_unlabelled=True)) == Totals(rows=12, shipped=12)
    read = [code for name in NAMES for (code,) in codes_in((tmp_path / "out" / name).read_bytes())]
    assert read == [row["parcel_numbers"] for row in shipping.report()]


async def test_a_cancelled_run_does_not_wait_for_the_merge(
    sandbox: Sandbox, tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping = Shipping(tmp_path, client, merge_policy=SMALL_FILES)
    sandbox.faults.add(SLOW_LABELS)
    begun = tmp_path / "begun"
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\ntouch {begun}\nexec sleep 60\n")
    slow.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(slow))
        path = write_rows(tmp_path / "a.csv", many_rows(12, parcels="1"))
        run = asyncio.create_task(shipping(path, batch_size=6))
        while not run.done() and not begun.exists():
            await asyncio.sleep(0.02)
        assert not run.done()
        run.cancel()
        async with asyncio.timeout(20):
            with pytest.raises(asyncio.CancelledError):
                await run
    sandbox.faults.clear()
    assert totals(await shipping(path, batch_size=6)) == Totals(rows=12, shipped=12)


@pytest.mark.parametrize(
    ("second", "made"),
    [(lambda pages: pages, []), (lambda pages: pages[:3], ["labels-0001.pdf"]), (lambda pages: pages[::-1], NAMES[:1])],
)
async def test_only_what_differs_is_made_anew(
    tmp_path: Path, second: Callable[[list[int]], list[int]], made: list[str]
) -> None:
    labels = [LabelData(number=f"4090000000{number}", product="PRIV", recipient=("A",)) for number in range(5)]
    (tmp_path / "a.pdf").write_bytes(LabelDrawer().draw(labels))
    joints = LabelMerger(tmp_path, JobOptions())
    with joints.order(joints.numbered) as order:
        for page in range(5):
            order.add("a.pdf", page)
    assert await joints.make(order) is None
    pages = second(list(range(5)))
    with joints.order(joints.numbered) as order:
        for page in pages:
            order.add("a.pdf", page)
    assert list(order.fresh) == made
    assert await joints.make(order) is None
    assert codes_in((tmp_path / NAMES[0]).read_bytes()) == [[labels[page].number] for page in pages]


async def test_only_the_first_sheet_of_a_job_begins_at_the_position(tmp_path: Path) -> None:
    labels = [LabelData(number=f"4090000000{number}", product="PRIV", recipient=("A",)) for number in range(5)]
    (tmp_path / "a.pdf").write_bytes(LabelDrawer().draw(labels))
    joints = LabelMerger(tmp_path, JobOptions(a4=True, position=4))
    for first in (0, 1):  # as two looks of one run do
        with joints.order(joints.numbered, first) as order:
            for page in range(5):
                order.add("a.pdf", page)
        assert await joints.make(order) is None
    sheets = [len(codes) for name in NAMES[:2] for codes in codes_in((tmp_path / name).read_bytes())]
    assert sheets == [1, 4, 4, 1]
