"""A strict run sends nothing if a row is invalid, and planned rows keep their sender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Address, Client, ConfigurationError
from cpl_async.sandbox import Sandbox

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, Totals, totals

MakeClient = Callable[..., Client]


MakeSandbox = Callable[..., Sandbox]


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
