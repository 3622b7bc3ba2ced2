"""The sandbox behaves as the carrier's server does, asked by something else than our client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from cpl_async.sandbox import Sandbox, SandboxSettings
from cpl_async.sandbox.limits import Limits
from cpl_async.sandbox.settings import SandboxSettings as Settings

from .conftest import GOOD, LOGIN, Peer

MakeSandbox = Callable[..., Sandbox]


async def test_a_token_is_a_jwt_of_thirty_minutes(sandbox: Sandbox, connect: Callable[[Sandbox], Peer]) -> None:
    token = await connect(sandbox).log_in()
    assert (token["expires_in"], token["token_type"], token["scope"]) == (1800, "Bearer", "myapi2")
    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 1800


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer nonsense",
        "Basic c2FuZGJveDpzYW5kYm94",
        f"Bearer {jwt.encode({'sub': 'sandbox', 'jti': '1'}, 'k' * 32)}",
    ],
)
async def test_without_a_good_token_nothing_is_answered(
    sandbox: Sandbox, connect: Callable[[Sandbox], Peer], header: str
) -> None:
    status, body, headers = await connect(sandbox)(
        "GET", "/shipment?Limit=1&Offset=0", headers={"Authorization": header}
    )
    assert (status, body["status"]) == (401, 401)
    assert headers["Content-Type"].startswith("application/problem+json")
    assert (await connect(sandbox)("GET", "/info"))[0] == 200


@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials(make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer], status: int) -> None:
    peer = connect(make_sandbox(wrong_credentials=status))
    for wrong in ({"client_secret": "x"}, {"client_id": "x"}, {"client_secret": ""}):
        assert (await peer("POST", "/login/getAccessToken", data=LOGIN | wrong))[0] == status


async def test_twelve_tokens_a_minute(sandbox: Sandbox, connect: Callable[[Sandbox], Peer]) -> None:
    peer = connect(sandbox)
    statuses = [(await peer("POST", "/login/getAccessToken", data=LOGIN))[0] for _ in range(13)]
    assert statuses == [200] * 12 + [429]
    assert sandbox.ledger.entries[-1].refused_for == "tokens"


async def test_requests_that_are_too_close_are_refused(
    make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer]
) -> None:
    sandbox = make_sandbox(interval=1.0)
    peer = connect(sandbox)
    await peer.log_in()
    await asyncio.sleep(1.1)
    answers = await asyncio.gather(*(peer("GET", "/shipment?Limit=1&Offset=0") for _ in range(3)))
    assert sorted(status for status, _, _ in answers) == [200, 429, 429]
    assert sandbox.ledger.summary()["refused_for_pace"] == 2


def test_two_milliseconds_too_early_are_tolerated() -> None:
    limits = Limits(Settings())
    assert limits.gap("a", 10.0) is None
    for at, close in ((10.0379, True), (10.0381, False), (10.07, True), (10.077, False)):
        gap = limits.gap("a", at)
        assert limits.too_close(gap) is close, at
    assert limits.gap("b", 10.08) is None


def test_the_rate_limit_counts_by_arrival_and_not_by_order() -> None:
    limits = Limits(Settings())
    gaps = [limits.gap("a", at) for at in (10.0, 10.082, 10.041, 10.06, 10.123)]
    assert [limits.too_close(gap) for gap in gaps] == [False, False, False, True, False]
    assert gaps[2] == pytest.approx(0.041)


async def test_the_moment_of_arrival_is_the_kernels(
    make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer]
) -> None:
    """The server is kept busy while two requests arrive well apart: it must not take them for close ones."""
    sandbox = make_sandbox(interval=0.2)
    peer = connect(sandbox)
    await peer.log_in()
    assert sandbox._loop is not None
    sandbox._loop.call_soon_threadsafe(time.sleep, 1.3)
    first = asyncio.create_task(peer("GET", "/shipment?Limit=1&Offset=0", wait=0.25))
    second = asyncio.create_task(peer("GET", "/shipment?Limit=1&Offset=0", wait=0.75))
    assert ((await first)[0], (await second)[0]) == (200, 200)


async def test_a_batch_moves_through_its_states(make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer]) -> None:
    sandbox = make_sandbox(speed=1, import_seconds=600.0)
    peer = connect(sandbox)
    await peer.log_in()
    status, body, headers = await peer("POST", "/shipment/batch", json={"shipments": [GOOD]})
    assert (status, body) == (201, b"")
    path = "/shipment/batch/" + headers["Location"].rpartition("/")[2]
    states: list[str] = []
    while not states or states[-1] != "Complete":
        _, result, _ = await peer("GET", path)
        item = result["items"][0]
        states.append(item["importState"])
        assert ("shipmentNumber" in item) is (item["importState"] == "Complete")
        sandbox.advance(60)
    assert list(dict.fromkeys(states)) in (["Accepted", "InProcess", "Complete"], ["InProcess", "Complete"])


@pytest.mark.parametrize("capital", [False, True])
async def test_one_bad_shipment_refuses_all_by_its_path(
    make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer], capital: bool
) -> None:
    sandbox = make_sandbox(capital_paths=capital)
    peer = connect(sandbox)
    await peer.log_in()
    bad = GOOD | {"referenceId": "", "recipient": {"name": "x" * 51, "country": "CZ"}}
    status, body, headers = await peer("POST", "/shipment/batch", json={"shipments": [GOOD, bad]})
    name = "Shipments" if capital else "shipments"
    assert status == 400
    assert set(body["errors"]) == {
        f"{name}[1].referenceId",
        f"{name}[1].recipient.name",
        f"{name}[1].recipient.zipCode",
    }
    assert "Location" not in headers
    assert sandbox.shipments() == []


async def test_code_lists_are_looked_at_only_when_all_is_well_formed(peer: Peer) -> None:
    """So each round may name others."""
    wrong_code, wrong_form = GOOD | {"productType": "XXXX"}, GOOD | {"referenceId": ""}
    _, first, _ = await peer("POST", "/shipment/batch", json={"shipments": [wrong_code, wrong_form]})
    assert set(first["errors"]) == {"shipments[1].referenceId"}
    _, second, _ = await peer("POST", "/shipment/batch", json={"shipments": [wrong_code]})
    assert second["errors"] == {"shipments[0].productType": ["Unknown product XXXX."]}
    _, czech, _ = await peer(
        "POST", "/shipment/batch", json={"shipments": [wrong_code]}, headers={"Accept-Language": "cs"}
    )
    assert czech["errors"] == {"shipments[0].productType": ["Neznámý produkt XXXX."]}


CASH = {"codPrice": 10, "codCurrency": "CZK", "codVarSym": "1"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"recipient": {"zipCode": "1", "country": "QQ"}}, "recipient.country"),
        ({"productType": "PRID"}, "cashOnDelivery"),
        ({"cashOnDelivery": CASH | {"codCurrency": "EUR"}}, "cashOnDelivery.codCurrency"),
        ({"cashOnDelivery": CASH | {"codPrice": 10**7}}, "cashOnDelivery.codPrice"),
        ({"cashOnDelivery": CASH | {"codPrice": -1}}, "cashOnDelivery.codPrice"),
        ({"cashOnDelivery": CASH | {"codVarSym": "1a"}}, "cashOnDelivery.codVarSym"),
        ({"cashOnDelivery": CASH, "recipient": {"zipCode": "1", "country": "DE"}}, "cashOnDelivery"),
        ({"shipmentSet": {"numberOfShipments": 51}}, "shipmentSet.numberOfShipments"),
        ({"productType": "SMAR"}, "specificDelivery.parcelShopCode"),
        ({"insurance": {"insurancePrice": 1, "insuranceCurrency": "XXX"}}, "insurance.insuranceCurrency"),
        ({"externalNumbers": [{"code": "WHAT", "externalNumber": "1"}]}, "externalNumbers"),
        ({"recipient": None}, "recipient"),
        ({"note": 5}, "note"),
    ],
)
async def test_each_rule_has_its_path(peer: Peer, changes: dict[str, Any], path: str) -> None:
    status, body, _ = await peer("POST", "/shipment/batch", json={"shipments": [GOOD | changes]})
    assert status == 400
    assert list(body["errors"]) == [f"shipments[0].{path}"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"shipments": []}',
        b'{"shipments": [1]}',
        b'{"shipments": [{}], "labelSettings": {"dpi": 9}}',
    ],
)
async def test_what_is_no_batch_is_refused(peer: Peer, body: bytes) -> None:
    assert (await peer("POST", "/shipment/batch", data=body))[0] == 400


async def test_a_thousand_and_one_shipments_are_too_many(peer: Peer) -> None:
    status, body, _ = await peer("POST", "/shipment/batch", json={"shipments": [GOOD] * 1001})
    assert (status, list(body["errors"])) == (400, ["shipments"])


async def test_limits_of_queries(peer: Peer) -> None:
    many = "&".join(f"CustomerReferences={number}" for number in range(51))
    for query in (
        "",
        "Limit=0&Offset=0",
        "Limit=1001&Offset=0",
        "Limit=1",
        "limit=1&offset=x",
        f"Limit=1&Offset=0&{many}",
    ):
        assert (await peer("GET", f"/shipment?{query}"))[0] == 400, query
    assert (await peer("GET", "/shipment?lImIt=1&oFFset=0"))[0] == 200
    _, _, headers = await peer("POST", "/shipment/batch", json={"shipments": [GOOD]})
    path = "/shipment/batch/" + headers["Location"].rpartition("/")[2]
    await asyncio.sleep(0.1)
    for query in ("limit=201&offset=0", "limit=0&offset=0", "limit=1&offset=0&position=5", "offset=0"):
        assert (await peer("GET", f"{path}/label?{query}"))[0] == 400, query
    assert (await peer("GET", f"{path}/label?limit=1&offset=1"))[0] == 404
    assert (await peer("GET", f"{path}/label?limit=200&offset=0&PageSize=A4&Position=4"))[0] == 200


async def test_the_same_reference_is_taken_twice_without_a_word(sandbox: Sandbox, peer: Peer) -> None:
    for _ in range(2):
        assert (await peer("POST", "/shipment/batch", json={"shipments": [GOOD]}))[0] == 201
    assert [shipment.reference for shipment in sandbox.shipments()] == ["a", "a"]


async def test_one_clients_batches_are_not_anothers(
    make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer]
) -> None:
    sandbox = make_sandbox(clients={"sandbox": "sandbox", "b": "b"})
    mine, other = connect(sandbox), connect(sandbox)
    await mine.log_in()
    _, token, _ = await other("POST", "/login/getAccessToken", data=LOGIN | {"client_id": "b", "client_secret": "b"})
    other.headers["Authorization"] = f"Bearer {token['access_token']}"
    _, _, headers = await mine("POST", "/shipment/batch", json={"shipments": [GOOD]})
    path = "/shipment/batch/" + headers["Location"].rpartition("/")[2]
    assert (await other("GET", path))[0] == 404
    assert (await mine("GET", path))[0] == 200


@pytest.mark.parametrize(
    ("settings", "location"),
    [
        ({}, "{base}/shipment/batch/"),
        ({"absolute_location": False}, "/shipment/batch/"),
        ({"location_host": "other.example"}, "https://other.example/shipment/batch/"),
    ],
)
async def test_location_takes_every_form(
    make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer], settings: dict[str, Any], location: str
) -> None:
    sandbox = make_sandbox(**settings)
    peer = connect(sandbox)
    await peer.log_in()
    _, _, headers = await peer(
        "POST", "/shipment/batch", json={"shipments": [GOOD]}, headers={"X-Correlation-ID": "mine"}
    )
    assert headers["Location"].startswith(location.format(base=sandbox.base_url))
    assert headers["X-Correlation-ID"] == "mine"


async def test_visibility_may_come_late(make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer]) -> None:
    sandbox = make_sandbox(speed=1, import_seconds=0.01, visible_after=600.0)
    peer = connect(sandbox)
    await peer.log_in()
    await peer("POST", "/shipment/batch", json={"shipments": [GOOD]})
    assert (await peer("GET", "/shipment?CustomerReferences=a&Limit=9&Offset=0"))[1] == []
    sandbox.advance(1300)
    _, found, headers = await peer("GET", "/shipment?CustomerReferences=a&Limit=9&Offset=0")
    assert [parcel["externalNumbers"] for parcel in found] == [GOOD["externalNumbers"]]
    assert "referenceId" not in found[0]
    assert headers["X-Paging-Total-Items-Count"] == "1"


async def test_state_outlives_a_restart(tmp_path: Path, connect: Callable[[Sandbox], Peer]) -> None:
    settings = SandboxSettings(state=tmp_path / "state.sqlite3", speed=50)
    with Sandbox(settings) as first:
        peer = connect(first)
        await peer.log_in()
        await peer("POST", "/shipment/batch", json={"shipments": [GOOD]})
        numbers = [parcel.number for shipment in first.shipments() for parcel in shipment.parcels]
    with Sandbox(settings) as second:
        peer = connect(second)
        await peer.log_in()
        await peer("POST", "/shipment/batch", json={"shipments": [GOOD]})
        both = [parcel.number for shipment in second.shipments() for parcel in shipment.parcels]
    assert both[0] == numbers[0]
    assert len(set(both)) == 2


async def test_the_same_seed_gives_the_same_answers(
    make_sandbox: MakeSandbox, connect: Callable[[Sandbox], Peer]
) -> None:
    delays = []
    for _ in range(2):
        sandbox = make_sandbox(seed=7)
        peer = connect(sandbox)
        await peer.log_in()
        await peer("POST", "/shipment/batch", json={"shipments": [GOOD, GOOD | {"referenceId": "b"}]})
        delays.append([round(shipment.done - shipment.starts, 6) for shipment in sandbox.shipments()])
    assert delays[0] == pytest.approx(delays[1], abs=1e-4)


async def test_the_ledger_can_be_asked_for_over_http(sandbox: Sandbox, peer: Peer) -> None:
    await peer("POST", "/shipment/batch", json={"shipments": [GOOD | {"shipmentSet": {"numberOfShipments": 3}}]})
    async with peer.session.get(sandbox.ledger_url) as answer:
        figures = await answer.json()
    assert (figures["requests"], figures["shipments"], figures["parcels"]) == (2, 1, 3)
    assert figures["by_operation"] == {"login.get_access_token": 1, "shipment_batches.create": 1}


def test_a_taken_port_is_told() -> None:
    with Sandbox() as first:
        port = int(first.base_url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"):
            Sandbox(SandboxSettings(port=port)).start()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421), ("evil.example:80", 421), ("127.0.0.1.evil.example", 421), ("10.0.0.1", 421), ("", 421),
        ("localhost.evil.example", 421), ("[2001:db8::1]:80", 421), ("127.0.0.1@evil.example", 421),
        ("localhost:1234", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("shop.localhost", 200), ("LOCALHOST", 200),
    ],
)  # fmt: skip
async def test_it_answers_its_own_name_only(sandbox: Sandbox, host: str, status: int) -> None:
    async with aiohttp.ClientSession() as session:
        for url in (f"{sandbox.base_url}/info", sandbox.ledger_url):
            async with session.get(url, headers={"Host": host}) as answer:
                assert answer.status == status, await answer.text()
