"""Faults befall the share of requests that was asked for, the same ones for the same seed, and do what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from cpl_async import Client, CplError, Outcome, ShipmentSet, ValidationError
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.sandbox.faults import FAULT_PRESETS, Faults
from cpl_async.sandbox.labels.layout import LabelData
from cpl_async.sandbox.labels.plain import plain_pages

from ..conftest import shipment
from ..pictures import codes_in

MakeSandbox = Callable[..., Sandbox]
MakeClient = Callable[..., Client]
CREATE = "shipment_batches.create"


def drawn(seed: int, **shares: float) -> list[str]:
    """Return the faults of a thousand requests that create."""
    faults = Faults(seed)
    for name, share in shares.items():
        faults.play(name.replace("_", "-"), share)
    return [fault.kind.value if (fault := faults.next_for(CREATE)) else "" for _ in range(1000)]


def test_a_share_of_the_requests_is_befallen_by_seed() -> None:
    first = drawn(1, lost_answer=0.05, reset=0.10)
    counts = Counter(first)
    assert 25 < counts["lost answer"] < 80
    assert 70 < counts["reset"] < 140
    assert drawn(1, lost_answer=0.05, reset=0.10) == first
    assert drawn(2, lost_answer=0.05, reset=0.10) != first


def test_a_fault_by_rate_keeps_to_its_operations() -> None:
    faults = Faults(1)
    faults.play("lost-answer", 1.0)
    assert faults.next_for("shipments.list") is None
    assert faults.next_for("order_batches.create") is not None
    faults.play("500", 1.0, operation="info.get")
    assert faults.next_for("login.get_access_token") is None
    assert faults.next_for("info.get") is not None


@pytest.mark.parametrize(("name", "share"), [("lost", 0.1), ("reset", 1.5), ("reset", -0.1)])
def test_a_fault_that_cannot_be_is_refused(name: str, share: float) -> None:
    with pytest.raises(ValueError, match="fault"):
        Faults(1).play(name, share)


@pytest.mark.parametrize("name", ["reset-early", "reset-midway", "reset", "lost-answer", "late-503", "no-location"])
async def test_what_befalls_a_write_leaves_its_outcome_unknown(sandbox: Sandbox, client: Client, name: str) -> None:
    sandbox.faults.play(name, 1.0, operation=CREATE)
    with pytest.raises(CplError) as caught:
        await client.shipment_batches.create([shipment()])
    assert caught.value.outcome is Outcome.UNKNOWN
    assert bool(sandbox.shipments()) is (name not in ("reset-early", "reset-midway", "reset"))


async def test_faults_of_lists_show_everything_or_nothing(sandbox: Sandbox, client: Client) -> None:
    batch = await client.shipment_batches.create([shipment("a"), shipment("b")])
    await batch.wait()
    sandbox.faults.add(Fault(kind=FaultKind.IGNORED_FILTER, operation="shipments.list"))
    found = await client.shipments.list(customer_references=["a"])
    assert {item.cust for item in found.items} == {"a", "b"}
    sandbox.faults.add(Fault(kind=FaultKind.EMPTY_LIST, operation="shipments.list"))
    assert (await client.shipments.list(customer_references=["a"])).items == []
    assert len((await client.shipments.list(customer_references=["a"])).items) == 1


async def test_parcels_of_a_set_become_visible_one_by_one(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    sandbox = make_sandbox(speed=1, import_seconds=0, parcels_apart=3600)
    client = make_client(sandbox)
    await (
        await client.shipment_batches.create([shipment("a", shipment_set=ShipmentSet(number_of_shipments=3))])
    ).wait()
    seen = []
    for _ in range(3):
        seen.append(len((await client.shipments.list(customer_references=["a"])).items))
        sandbox.advance(3600)
    assert seen == [1, 2, 3]


async def test_visibility_has_a_heavy_tail_when_asked(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    sandbox = make_sandbox(import_seconds=0, visible_after=10, visible_tail=1.0)
    client = make_client(sandbox)
    await client.shipment_batches.create([shipment(f"r{number}") for number in range(300)])
    late = sorted(stored.visible - stored.done for stored in sandbox.shipments())
    assert late[0] >= 10
    assert 15 < late[150] < 30
    assert late[-1] > 100


async def test_an_open_question_reference_used_before(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    client = make_client(make_sandbox(refuses_used_references=True))
    await client.shipment_batches.create([shipment("a")])
    with pytest.raises(ValidationError) as caught:
        await client.shipment_batches.create([shipment("b"), shipment("a")])
    assert [problem.index for problem in caught.value.problems] == [1]


async def test_an_open_question_sets_without_their_master(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    client = make_client(make_sandbox(shows_sets=False))
    parts: Any = ShipmentSet(number_of_shipments=2)
    await (await client.shipment_batches.create([shipment("a", shipment_set=parts)])).wait()
    found = (await client.shipments.list(customer_references=["a"])).items
    assert len(found) == 2
    assert {item.shipment_set for item in found} == {None}


async def test_some_fail_at_import_and_some_are_stuck(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    sandbox = make_sandbox(import_errors=0.3, stuck=0.3, stuck_seconds=100_000)
    client = make_client(sandbox)
    await client.shipment_batches.create([shipment(f"r{number}") for number in range(200)])
    stored = sandbox.shipments()
    assert 30 < sum(one.error_code is not None for one in stored) < 90
    assert 30 < sum(one.done - one.starts > 90_000 for one in stored) < 90


@pytest.mark.slow
def test_cheap_labels_are_read_by_a_scanner() -> None:
    labels = [LabelData(number=f"409000{number:05}", product="PRIV", recipient=("",)) for number in range(200)]
    content = plain_pages(labels)
    assert codes_in(content) == [[label.number] for label in labels]


def test_every_play_has_a_fault() -> None:
    assert all(FAULT_PRESETS.values())
