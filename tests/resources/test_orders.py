"""Orders: created in batches, followed, cancelled exactly as documented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from cpl_async import (
    Address,
    BatchError,
    Client,
    CplError,
    NotFound,
    Order,
    OrderState,
    OrderType,
    Outcome,
    ServerError,
    ValidationError,
)
from cpl_async.sandbox import Fault, FaultKind, Sandbox

MakeClient = Callable[..., Client]
DAY = 86_400


def order(reference: str = "o1", **changes: Any) -> Order:
    fields: dict[str, Any] = {
        "reference_id": reference,
        "order_type": OrderType.COLLECTION_ORDER,
        "shipment_count": 3,
        "send_date": datetime.now(UTC) + timedelta(hours=1),
        "send_time_from": time(8),
        "send_time_to": time(16, 30),
        "sender": Address(name="Sklad", street="Průmyslová 1", city="Kolín", zip_code="28002", country="CZ"),
    }
    return Order(**fields | changes)


async def test_a_batch_of_orders_has_the_handle_of_shipments(client: Client) -> None:
    batch = await client.order_batches.create(
        [order("a"), order("b"), order("past", send_date=datetime(2020, 1, 1, tzinfo=UTC))]
    )
    assert batch.references == ("a", "b", "past")
    result = await batch.wait(timeout=20, language="en-GB")
    assert {item.reference_id: item.import_state for item in result.items} == {
        "a": "Complete", "b": "Complete", "past": "Error",
    }  # fmt: skip
    assert result.errors == {"past": "2001: Den svozu je v minulosti"}
    with pytest.raises(BatchError, match="1 of 3 orders failed") as caught:
        await client.order_batches.handle(batch.id).wait(raise_errors=True)
    assert [problem.reference_id for problem in caught.value.problems] == ["past"]


async def test_what_is_wrong_with_orders_is_named_by_reference(sandbox: Sandbox, client: Client) -> None:
    wrong = [order("a"), order("a", shipment_count=51), order("c", send_date=datetime(2030, 1, 1))]
    with pytest.raises(ValidationError) as caught:
        await client.order_batches.create(wrong)
    assert {(problem.path, problem.reference_id) for problem in caught.value.problems} == {
        ("orders[1].shipment_count", "a"),
        ("orders[1].reference_id", "a"),
        ("orders[2].send_date", "c"),
    }
    with pytest.raises(ValidationError, match="at least one"):
        await client.order_batches.create([])
    assert sandbox.orders() == []
    with pytest.raises(ValidationError) as caught:
        await client.order_batches.create([order("a"), order("b", product_type="XXXX")], language="en-GB")
    assert [(problem.path, problem.reference_id) for problem in caught.value.problems] == [
        ("orders[1].product_type", "b")
    ]


async def test_orders_are_followed_until_the_courier_was_there(sandbox: Sandbox, client: Client) -> None:
    batch = await client.order_batches.create([order(f"o{n}", customer_reference=f"c{n % 2}") for n in range(60)])
    await batch.wait(timeout=30)
    page = await client.orders.list(limit=10)
    assert (page.total, {found.order_state for found in page}) == (60, {OrderState.CREATED})
    found = [shown async for shown in client.orders.iterate(order_references=[f"o{n}" for n in range(55)], page=20)]
    assert [shown.reference_id for shown in found] == [f"o{n}" for n in range(55)]
    assert len((await client.orders.list(customer_references=["c1"])).items) == 30
    first = found[0]
    assert (first.shipment_count, first.sender and first.sender.city) == (3, "Kolín")
    assert (await client.orders.list(order_numbers=[str(first.order_number)])).items == [first]
    sandbox.advance(2 * DAY)
    states = [shown.order_state async for shown in client.orders.iterate()]
    assert set(states) == {OrderState.PICKED_UP, OrderState.NOT_PICKED_UP}
    assert len((await client.orders.list(order_states=OrderState.PICKED_UP)).items) == states.count(
        OrderState.PICKED_UP
    )


async def test_an_order_is_cancelled_by_either_reference(sandbox: Sandbox, client: Client) -> None:
    batch = await client.order_batches.create([order("a"), order("b", customer_reference="mine"), order("late")])
    await batch.wait(timeout=30)
    await client.orders.cancel(order_reference="a", note="není co odvézt")
    await client.orders.cancel(customer_reference="mine")
    states = {shown.reference_id: shown.order_state async for shown in client.orders.iterate()}
    assert states == {"a": "Canceled", "b": "Canceled", "late": "Created"}
    sandbox.advance(2 * DAY)
    for reference, words in (("late", "no longer"), ("a", "no longer"), ("nothing", "no such order")):
        with pytest.raises(ValidationError, match=words) as caught:
            await client.orders.cancel(order_reference=reference, language="en-GB")
        assert (caught.value.status, caught.value.outcome) == (400, Outcome.REJECTED)


@pytest.mark.parametrize(
    "references",
    [{}, {"order_reference": "a", "customer_reference": "b"}, {"order_reference": ""}, {"customer_reference": ""}],
)
async def test_exactly_one_reference_is_taken_before_anything_is_sent(
    sandbox: Sandbox, client: Client, references: Any
) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        await client.orders.cancel(**references)
    assert sandbox.ledger.entries == []


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failed_order_cancellation_is_unknown(sandbox: Sandbox, client: Client, status: int) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, operation="orders.cancel", status=status))
    with pytest.raises(ServerError) as caught:
        await client.orders.cancel(order_reference="a")
    assert (caught.value.status, caught.value.outcome) == (status, Outcome.UNKNOWN)
    assert caught.value.failure.references == ("a",)
    assert len(sandbox.ledger.of("orders.cancel")) == 1


async def test_headers_of_a_cancellation_are_the_callers(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, language="en-GB", correlation_id="of-the-client", log_level="Debug")
    with pytest.raises(CplError, match="There is no such order") as caught:
        await client.orders.cancel(order_reference="a")
    assert caught.value.correlation_id == "of-the-client"
    with pytest.raises(CplError, match="Objednávka neexistuje") as caught:
        await client.orders.cancel(order_reference="a", language="cs-CZ", correlation_id="of-the-call")
    assert caught.value.correlation_id == "of-the-call"


async def test_a_batch_that_there_is_not_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        await client.order_batches.get("6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11")
    with pytest.raises(NotFound):
        await client.order_batches.get("no-such-id")
