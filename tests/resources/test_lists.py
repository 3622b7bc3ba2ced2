"""Lists: code lists, pickup points, news; pages that are fetched ahead, kept for a time, and said to be stale."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from cpl_async import (
    AccessPoint,
    Client,
    ConfigurationError,
    PermissionDenied,
    ProtocolError,
    ServerError,
    ValidationError,
)
from cpl_async.resources.codelists import CODELISTS
from cpl_async.sandbox import Fault, FaultKind, Role, Sandbox

from ..contract.server import serving

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]
KNOWN_PRODUCTS = "PRIV PRID BUSS BUSD SMAR SMAD SBOX CONN COND COPL SMEU SMED DOPO RETD IMPO"
PRAGUE = (50.0875, 14.4213)


@pytest.mark.parametrize("name", CODELISTS)
async def test_each_code_list_answers_in_both_languages(client: Client, name: str) -> None:
    czech = await getattr(client.codelists, name)()
    english = await getattr(client.codelists, name)(language="en-GB", limit=2)
    assert len(czech) >= 2
    assert czech.total == len(czech)
    if name != "service_price_limits":
        texts = [getattr(entry, "name", None) or getattr(entry, "message", None) for entry in czech]
        assert texts[:2] != [getattr(e, "name", None) or getattr(e, "message", None) for e in english] or name in (
            "products", "currencies",
        )  # fmt: skip
    assert len([entry async for entry in client.codelists.iterate(getattr(client.codelists, name))]) == len(czech)


async def test_the_code_lists_have_what_is_known_of_the_carrier(client: Client) -> None:
    products = {entry.code for entry in await client.codelists.products()}
    assert products >= set(KNOWN_PRODUCTS.split())
    phases = {entry.code for entry in await client.codelists.shipment_phases()}
    assert phases >= {"Order", "InTransport", "Delivering", "PickupPoint", "Delivered", "Returning", "BackToSender"}
    limits = await client.codelists.service_price_limits(service="COD", country="SK")
    assert {limit.currency for limit in limits} == {"EUR"}
    countries = {entry.code: entry.cash_on_delivery for entry in await client.codelists.countries()}
    assert (countries["CZ"], countries["DE"]) == (True, False)


async def test_what_is_kept_is_asked_for_once_however_many_want_it(sandbox: Sandbox, client: Client) -> None:
    pages = await asyncio.gather(*(client.codelists.cached().products() for _ in range(20)))
    assert len({page.total for page in pages}) == 1
    assert len(sandbox.ledger.of("codelists.products")) == 1
    pages[0].items.clear()  # a caller's list is the caller's own
    assert len(await client.codelists.cached().products()) == pages[1].total
    await client.codelists.cached().products(language="en-GB")
    assert len(sandbox.ledger.of("codelists.products")) == 2
    await client.codelists.products()
    assert len(sandbox.ledger.of("codelists.products")) == 3


async def test_nothing_is_given_beyond_its_time_without_saying_so(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = client.codelists.cached(ttl=100.0)
    lenient = client.codelists.cached(ttl=100.0, stale_for=50.0)
    now = 1000.0
    for lists in (kept, lenient):
        assert lists._cache is not None
        monkeypatch.setattr(lists._cache, "_clock", lambda: now)
        assert not (await lists.countries()).stale
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, operation="codelists.countries", times=100))
    now += 99
    assert not (await kept.countries()).stale
    now += 2
    with pytest.raises(ServerError):
        await kept.countries(tries=1)
    stale = await lenient.countries(tries=1)
    assert stale.stale
    assert len(stale) > 20
    assert "returning a cached list" in caplog.text
    now += 50
    with pytest.raises(ServerError):
        await lenient.countries(tries=1)
    sandbox.faults.clear()
    assert not (await lenient.countries()).stale
    for times in ({"ttl": 0.0}, {"stale_for": -1.0}):
        with pytest.raises(ConfigurationError):
            client.codelists.cached(**times)


async def test_pickup_points_are_a_stream_that_fetches_ahead(sandbox: Sandbox, client: Client) -> None:
    numbers = set[str | None]()
    asked_when_first_seen = 0
    async for point in client.access_points.iterate(page=1000):
        if not numbers:
            await asyncio.sleep(0.3)  # the caller works: meanwhile the next page is fetched
            asked_when_first_seen = len(sandbox.ledger.of("access_points.list"))
        numbers.add(point.access_point_code)
    assert len(numbers) > 5000
    assert asked_when_first_seen >= 2
    assert len(sandbox.ledger.of("access_points.list")) == -(-len(numbers) // 1000)


@pytest.mark.slow
async def test_a_stream_keeps_at_most_a_page_of_models(client: Client) -> None:
    most = count = 0
    async for point in client.access_points.iterate(country_code="CZ", page=500):
        count += 1
        if count % 250 == 249:
            await asyncio.sleep(0.1)  # so that the next page is there
            del point
            gc.collect()
            most = max(most, sum(isinstance(thing, AccessPoint) for thing in gc.get_objects()))
    assert count > 3000
    assert 0 < most <= 500


async def test_a_stream_that_is_left_stops_fetching(sandbox: Sandbox, client: Client) -> None:
    stream: Any = client.access_points.iterate(page=100)
    await anext(stream)
    await stream.aclose()
    before = len(sandbox.ledger.entries)
    await asyncio.sleep(0.3)
    assert len(sandbox.ledger.entries) <= before + 1


async def test_pickup_points_are_found_by_every_filter(client: Client) -> None:
    points = client.access_points
    one = (await points.list(country_code="CZ", limit=1)).items[0]
    assert one.work_hours
    assert (await points.list(access_point_code=str(one.access_point_code))).items == [one]
    assert {p.country async for p in points.iterate(country_code="SK")} == {"SK"}
    assert {p.city async for p in points.iterate(city="Brno", country_code="CZ")} == {"Brno"}
    assert {p.zip_code async for p in points.iterate(zip_code=str(one.zip_code))} == {one.zip_code}
    boxes = [p async for p in points.iterate(access_point_types=["ParcelBox", "AlzaBox"])]
    assert {p.access_point_type for p in boxes} == {"ParcelBox", "AlzaBox"}
    for flag in ("tribal_service_point", "active_card_payment", "active_cash_payment", "pickup_enabled"):
        chosen: Any = {flag: True}
        assert {getattr(p, flag) for p in (await points.list(**chosen)).items} == {True}
    large = (await points.list(sizes=["XL"])).items
    assert all("XL" in {setting.size for setting in p.capacity_settings} for p in large)
    near = (await points.list(latitude=PRAGUE[0], longitude=PRAGUE[1], radius=5)).items
    assert {p.city for p in near} == {"Praha"}


async def test_the_nearest_points_are_the_nearest_of_all(client: Client) -> None:
    nearest = await client.access_points.nearest(latitude=PRAGUE[0], longitude=PRAGUE[1], count=5)
    assert [near.distance_km for near in nearest] == sorted(near.distance_km for near in nearest)
    everywhere = [p async for p in client.access_points.iterate(country_code="CZ")]
    distances = sorted(d for p in everywhere if p.gps and (d := p.gps.distance_km(*PRAGUE)) is not None)
    assert [round(near.distance_km, 6) for near in nearest] == [round(d, 6) for d in distances[:5]]
    assert distances[0] < 3


async def test_addresses_are_suggested_while_typing(client: Client) -> None:
    found = await client.address_whisper.suggest(city="koli", street="hus", called_from="Street")
    assert found
    assert {address.city for address in found} == {"Kolín"}
    assert all(address.valid and address.full_street and address.zip_code for address in found)
    with_number = await client.address_whisper.suggest(city="Brno", street=f"{found[0].street} 12/3a")
    assert (with_number[0].house_number, with_number[0].reference_number, with_number[0].reference_number_char) == (
        "12", "3", "a",
    )  # fmt: skip
    assert await client.address_whisper.suggest() == []
    assert await client.address_whisper.suggest(city="Qwertz") == []


async def test_the_customer_routing_and_news_can_be_read(
    client: Client, make_sandbox: MakeSandbox, make_client: MakeClient
) -> None:
    assert (await client.customer.get()).currencies == ["CZK", "EUR", "HUF", "PLN", "RON"]
    addresses = await client.customer.addresses()
    assert [address.default for address in addresses] == [True, False]
    first = await client.routing.get("CZ", zip_code="28002", product_type="PRIV")
    assert first == await client.routing.get("CZ", zip_code="280 02")
    assert len(first) == 1
    with pytest.raises(ValidationError, match="Unknown country"):
        await client.routing.get("XX", language="en-GB")
    news = [entry async for entry in client.version_information.iterate(language="en-GB")]
    assert [entry.information_type for entry in news] == ["Outage", "News"]
    assert all("made up" in str(entry.title) for entry in news)


async def test_a_role_that_is_missing_is_said(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    clients = {"points": "x", "track": "x", "sandbox": "sandbox"}
    sandbox = make_sandbox(clients=clients, roles={"points": Role.PICKUP_POINTS, "track": Role.TRACKING})
    points = make_client(sandbox, client_id="points", client_secret="x")
    tracker = make_client(sandbox, client_id="track", client_secret="x")
    assert (await points.access_points.list(limit=1)).items
    assert (await points.codelists.products()).items
    assert (await tracker.shipments.list()).items == []
    for call in (points.shipments.list(), tracker.customer.get(), tracker.codelists.products()):
        with pytest.raises(PermissionDenied):
            await call
    assert (await tracker.info.get()).state == "OK"


async def test_a_result_comes_with_the_answer_it_was_read_from(client: Client) -> None:
    raw = await client.with_raw_response(client.codelists.products, limit=3)
    assert (raw.status, len(raw.value.items), raw.headers["x-paging-total-items-count"]) == (200, 3, "15")
    assert raw.body.startswith(b"[{")
    kept = client.codelists.cached()
    first = await client.with_raw_response(kept.products)
    assert (await client.with_raw_response(kept.products)).body == first.body  # from memory, with the same answer
    with pytest.raises(ConfigurationError, match="asks the server"):
        await client.with_raw_response(nothing)


async def nothing() -> None:
    """Ask nobody."""


@pytest.mark.parametrize("headers", [{}, {"X-Paging-Limit": "1"}, {"X-Paging-Total-Items-Count": "999999999999999"}])
async def test_a_list_with_an_ignored_offset_is_an_error(make_client: MakeClient, headers: dict[str, str]) -> None:
    async with serving() as server:
        server.answer([{"shipmentNumber": "1"}, {"shipmentNumber": "2"}])
        server.headers |= headers
        client = make_client(base_url=server.base_url)
        kept = client.codelists.cached()
        iterators: list[AsyncIterator[Any]] = [
            client.shipments.iterate(page=2),
            client.orders.iterate(page=2),
            client.access_points.iterate(page=2),
            client.access_points.cached().iterate(page=2),
        ]
        if headers:  # without them two items are fewer than were asked for, so nothing more is fetched
            iterators.append(client.shipments.track(["1", "2", "3"]))
            iterators.append(client.codelists.iterate(client.codelists.products))
            iterators.append(kept.iterate(kept.products))
        for items in iterators:
            with pytest.raises(ProtocolError, match="the same 2 items again at offset 2"):
                [item async for item in items]
