"""Servers that reject, redirect or do not respond to a batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Client
from cpl_async.bulk.pipeline.send_cycle import SendPolicy
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, totals

MakeClient = Callable[..., Client]


CREATE = "shipment_batches.create"


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
