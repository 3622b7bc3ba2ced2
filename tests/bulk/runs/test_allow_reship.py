"""Rows whose reference was shipped before are shipped again on request."""

from __future__ import annotations

import pytest

from cpl_async import (
    Client,
)
from cpl_async.bulk.journal import Journal
from cpl_async.sandbox import Sandbox

from ...conftest import many_rows, write_rows
from ...pictures import codes_in
from ..callers import live, shipments, shipped
from ..shipping import Shipping, Totals, totals

pytestmark = pytest.mark.usefixtures("own_state")


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


async def test_again_sends_what_another_job_has_shipped(sandbox: Sandbox, client: Client) -> None:
    await shipped(client, shipments(1), "one")
    (refused,) = await shipped(client, shipments(1), "two")
    assert refused.state == "rejected"
    (sent,) = await shipped(client, shipments(1), "two", allow_reship=True)
    assert sent.state == "shipped"
    assert live(sandbox) == ["r1", "r1"]
