"""Orders are made exactly once too: each comes out once, and a lost answer is looked into."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import cpl_sync
from cpl_async import Address, Client, JournalError, Order, OrderResult
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import shipment

MakeClient = Callable[..., Client]
CREATE = "order_batches.create"
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))


def orders(count: int, first: int = 1, **changes: Any) -> list[Order]:
    address = Address(name="Sklad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
    fields: dict[str, Any] = {"order_type": "CollectionOrder", "shipment_count": 2, "send_date": TOMORROW}
    return [
        Order(reference_id=f"o{number}", **({"sender": address, **fields} | changes))
        for number in range(first, first + count)
    ]


async def ordered(client: Client, rows: Any, name: str = "monday", **options: Any) -> list[OrderResult]:
    stream = client.bulk.order(rows, name=name, **({"settle_time": 1.0, "pilot_rows": 0} | options))
    return sorted([result async for result in stream], key=lambda one: one.row)


async def test_each_order_is_made_once(sandbox: Sandbox, client: Client) -> None:
    results = await ordered(client, orders(12), batch_size=5)
    assert {result.state for result in results} == {"ordered"}
    assert await ordered(client, orders(12)) == results
    assert [order.reference for order in sandbox.orders()] == [f"o{number}" for number in range(1, 13)]


async def test_what_is_wrong_is_said_for_each(sandbox: Sandbox, client: Client) -> None:
    past = orders(1, 2, send_date=datetime(2020, 1, 1, tzinfo=UTC))
    rows = [*orders(1), *past, *orders(1, 3, shipment_count=99), "no order", *orders(1)]
    results = await ordered(client, rows)
    assert [result.state for result in results] == ["ordered", "rejected", "rejected", "rejected", "rejected"]
    assert "2001" in results[1].message
    assert "shipment_count" in results[2].message
    assert "is no order" in results[3].message
    assert "used twice" in results[4].message


@pytest.mark.parametrize(("kind", "count"), [(FaultKind.LOST_ANSWER, 2), (FaultKind.RESET, 3)])
async def test_a_lost_answer_is_looked_into(sandbox: Sandbox, client: Client, kind: FaultKind, count: int) -> None:
    sandbox.faults.add(Fault(kind=kind, operation=CREATE, skip=1))
    results = await ordered(client, orders(6), batch_size=3, max_concurrency=1)
    assert {result.state for result in results} == {"ordered"}
    assert len(sandbox.orders()) == 6
    assert len(sandbox.ledger.of(CREATE)) == count


async def test_an_order_of_another_day_proves_nothing(sandbox: Sandbox, client: Client) -> None:
    await (await client.order_batches.create(orders(1, send_date=TOMORROW + timedelta(days=3)))).wait()
    await ordered(client, orders(1, 50), "earlier")
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE))
    (result,) = await ordered(client, orders(1))
    assert result.state == "undecided"
    assert len(sandbox.orders()) == 2


async def test_shipments_and_orders_do_not_meet(sandbox: Sandbox, client: Client) -> None:
    await ordered(client, orders(2))
    with pytest.raises(JournalError, match="is one of orders"):
        await anext(client.bulk.ship([shipment("a")], name="monday"))
    results = [one async for one in client.bulk.ship([shipment("o1")], name="tuesday", settle_time=1.0)]
    assert results[0].state == "shipped"  # the reference of an order is none of a shipment
    kinds = {job.name: job.kind for job in await client.bulk.jobs()}
    assert kinds == {"monday": "orders", "tuesday": "shipments"}


def test_the_facade_orders_too(sandbox: Sandbox) -> None:
    with cpl_sync.Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url) as client:
        results = list(client.bulk.order(iter(orders(3)), name="monday", settle_time=1.0))
        assert {result.state for result in results} == {"ordered"}
