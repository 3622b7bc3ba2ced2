"""Labels that cannot be fetched, stored or merged cost nothing but themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cpl_async import Client
from cpl_async.bulk.progress import JobObserver, Progress
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import many_rows, write_rows
from ...pictures import codes_in
from ..shipping import Shipping, Totals, sent_twice, totals

MakeClient = Callable[..., Client]


MakeSandbox = Callable[..., Sandbox]


CREATE = "shipment_batches.create"


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
