"""Many shipments looked up in constant memory, and followed until nothing more happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cpl_async import Client, Page, StateChange, TrackedShipment, Tracking, ValidationError, tracking_link
from cpl_async.models.codec import decode
from cpl_async.resources.tracking import MAX_CONCURRENT_REQUESTS, track_shipments, watch_shipments
from cpl_async.sandbox import Sandbox

from ..conftest import shipment

MakeClient = Callable[..., Client]
HOUR = 3600


async def collect(results: AsyncIterator[Tracking], found: list[str]) -> None:
    async for result in results:
        found.append(result.number)


async def made(client: Client, count: int) -> list[str]:
    batch = await client.shipment_batches.create([shipment(f"r{number:04}") for number in range(count)])
    return [str(item.shipment_number) for item in (await batch.wait(timeout=30)).items]


async def test_each_number_has_one_result_and_unknown_ones_too(sandbox: Sandbox, client: Client) -> None:
    numbers = await made(client, 120)
    asked = [*numbers, "40999999999"]
    found = [result async for result in client.shipments.track(asked)]
    assert sorted(result.number for result in found) == sorted(asked)
    assert {result.number: result.shipment and result.shipment.shipment_number for result in found} == {
        **{number: number for number in numbers},
        "40999999999": None,
    }
    assert len(sandbox.ledger.of("shipments.list")) == 3  # 50, 50 and 21 numbers


async def test_numbers_are_read_as_they_are_needed_and_from_anything(client: Client) -> None:
    numbers = await made(client, 3)

    async def slowly() -> AsyncIterator[str]:
        for number in numbers:
            yield number

    assert len([result async for result in client.shipments.track(slowly())]) == 3
    assert [result async for result in client.shipments.track([])] == []
    for odd in ("40900000001", [None], [""]):
        with pytest.raises(ValidationError):
            [result async for result in client.shipments.track(odd)]  # type: ignore[arg-type]  # what a slip looks like


@pytest.mark.parametrize(
    ("bad", "words"),
    [("", r"numbers\[60\] is empty"), (None, r"numbers\[60\] is None"), (("1",), r"pass one column of each row")],
)
async def test_a_bad_number_loses_none_of_the_results_before_it(client: Client, bad: Any, words: str) -> None:
    numbers = await made(client, 60)
    found: list[str] = []
    with pytest.raises(ValidationError, match=words):
        await collect(client.shipments.track([*numbers, bad, numbers[0]]), found)
    assert sorted(found) == sorted(numbers)


async def test_a_failure_half_way_keeps_earlier_results(client: Client) -> None:
    numbers = await made(client, 60)
    found: list[str] = []

    def broken() -> Iterator[str]:
        yield from numbers
        raise OSError("the file is damaged")

    with pytest.raises(OSError, match="damaged"):
        await collect(client.shipments.track(broken()), found)
    assert sorted(found) == sorted(numbers)


async def test_watching_takes_numbers_from_anything(client: Client) -> None:
    numbers = await made(client, 2)

    async def coming() -> AsyncIterator[str]:
        for number in numbers:
            yield number

    async def enough(_: TrackedShipment) -> bool:
        return True

    for source in (coming(), iter(numbers), set(numbers)):
        changes = [change.number async for change in client.shipments.watch(source, until=enough, every=0.05)]
        assert sorted(changes) == sorted(numbers)
    with pytest.raises(ValidationError, match="until must be a function"):
        await anext(client.shipments.watch(numbers, until="Delivered"))  # type: ignore[arg-type]  # the mistake


async def test_100_000_numbers_are_tracked_in_constant_memory() -> None:
    asked = under_way = most = 0

    async def look(**options: Any) -> Page[TrackedShipment]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        items = [decode({"shipmentNumber": number}, TrackedShipment) for number in options["shipment_numbers"]]
        assert len(items) <= 50
        return Page(items=items, offset=0, limit=1000, total=len(items))

    def numbers() -> Iterator[str]:
        nonlocal asked
        for number in range(100_000):
            asked += 1
            yield str(number)

    count = ahead = 0
    async for result in track_shipments(look, numbers(), {}):
        count += 1
        ahead = max(ahead, asked - count)
        assert isinstance(result, Tracking)
    assert count == 100_000
    assert most <= MAX_CONCURRENT_REQUESTS
    assert ahead <= (MAX_CONCURRENT_REQUESTS + 1) * 50


async def test_leaving_early_stops_what_is_under_way(client: Client) -> None:
    numbers = await made(client, 200)
    async for _ in client.shipments.track(numbers):
        break
    await asyncio.sleep(0.1)
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert [task for task in others if "look_up" in repr(task)] == []


async def test_watching_yields_each_change_once_until_all_is_over(sandbox: Sandbox, client: Client) -> None:
    numbers = await made(client, 20)
    changes: list[StateChange] = []

    async def follow() -> None:
        async for change in client.shipments.watch(numbers, every=0.05, slowest=0.2):
            changes.append(change)

    watching = asyncio.ensure_future(follow())
    for _ in range(30):
        await asyncio.sleep(0.25)
        sandbox.advance(6 * HOUR)
        if watching.done():
            break
    await asyncio.wait_for(watching, 20)
    for number in numbers:
        mine = [change for change in changes if change.number == number]
        assert mine[0].before is None
        assert mine[0].phase == "Order"
        assert mine[-1].shipment.is_final
        assert all(later.before == earlier.phase for earlier, later in pairwise(mine))
        seen = [(event.status_id, event.event_date) for change in mine for event in change.events]
        assert len(seen) == len(set(seen))
        assert [when for _, when in seen] == sorted(when for _, when in seen if when)


async def test_watching_ends_when_the_caller_says_so(sandbox: Sandbox, client: Client) -> None:
    numbers = await made(client, 2)
    watching = client.shipments.watch(numbers, until=lambda found: found.phase == "Order", every=0.05)
    assert len([change async for change in watching]) == 2
    for times in ({"every": 0.0}, {"every": 10.0, "slowest": 5.0}):
        with pytest.raises(ValidationError):
            await anext(client.shipments.watch(numbers, **times))  # type: ignore[arg-type]  # both are floats


async def test_what_does_not_change_is_asked_for_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    looks: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def look(**_: Any) -> Page[TrackedShipment]:
        looks.append(now)
        events = [{"statusId": 1, "phase": "Order"}] + (
            [{"statusId": 5, "phase": "Delivered"}] if len(looks) == 8 else []
        )
        item = decode({"shipmentNumber": "1", "trackAndTrace": {"events": events}}, TrackedShipment)
        return Page(items=[item], offset=0, limit=1000, total=1)

    monkeypatch.setattr("cpl_async.resources.tracking.asyncio.sleep", sleep)
    found = [c async for c in watch_shipments(look, ["1"], None, 60.0, 600.0, {}, clock=lambda: now)]
    assert [change.phase for change in found] == ["Order", "Delivered"]
    assert [later - earlier for earlier, later in pairwise(looks)] == [
        60,
        120,
        240,
        480,
        600,
        600,
        600,
    ]


def test_the_newest_event_is_the_state() -> None:
    now = datetime.now(UTC)
    events = [
        {"phase": "Delivered", "eventDate": now.isoformat()},
        {"phase": "Order", "eventDate": (now - timedelta(days=1)).isoformat()},
        {"phase": "Nonsense"},
    ]
    found = decode({"shipmentNumber": "1", "trackAndTrace": {"events": events}}, TrackedShipment)
    assert (found.phase, found.is_final) == ("Delivered", True)
    assert decode({"shipmentNumber": "1"}, TrackedShipment).phase is None
    assert decode({"trackAndTrace": {"events": [{"phase": "New"}]}}, TrackedShipment).phase == "New"


def test_a_link_for_the_customers_mail_is_czech_or_english() -> None:
    assert tracking_link("40900000001") == "https://www.ppl.cz/vyhledat-zasilku?shipmentId=40900000001"
    assert tracking_link("40900000001", "en-GB") == "https://www.ppl.cz/en/track-a-shipment?shipmentId=40900000001"
    assert "a%2F%3Fb" in decode({"shipmentNumber": "a/?b"}, TrackedShipment).tracking_link("en")
    for number, language in (("", "cs"), ("1", "de")):
        with pytest.raises(ValueError, match="cs or en"):
            tracking_link(number, language)
