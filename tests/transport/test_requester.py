"""A call on its way to a real server and back: token, pace, second try, outcome."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aioresponses import aioresponses

from cpl_async import (
    AuthenticationError,
    Client,
    ConfigurationError,
    Event,
    EventKind,
    NotFound,
    Priority,
    ProtocolError,
    RateLimited,
    ServerError,
    Timeout,
    TransportError,
    correlation_id,
)
from cpl_async.ratelimit.registry import ProcessLimits
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.transport.call import Call

from ..conftest import shipment

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]


async def test_many_calls_share_one_token_and_keep_the_pace(sandbox: Sandbox, client: Client) -> None:
    await asyncio.gather(*(client.shipments.list() for _ in range(12)))
    summary = sandbox.ledger.summary()
    assert summary["by_operation"] == {"login.get_access_token": 1, "shipments.list": 12}
    assert summary["refused_for_pace"] == 0
    assert client.requests_sent == 13


def test_clients_of_all_threads_share_token_and_pacer(sandbox: Sandbox) -> None:
    async def one_request() -> None:
        async with Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url) as client:
            await client.shipments.list()

    for _ in range(2):
        threads = [threading.Thread(target=asyncio.run, args=(one_request(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    summary = sandbox.ledger.summary()
    assert summary["by_operation"] == {"login.get_access_token": 1, "shipments.list": 8}
    assert summary["refused_for_pace"] == 0


async def test_other_credentials_never_mix(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    sandbox = make_sandbox(clients={"a": "1", "b": "2"})
    first, second = (
        make_client(sandbox, client_id=name, client_secret=secret) for name, secret in (("a", "1"), ("b", "2"))
    )
    await asyncio.gather(*(client.shipments.list() for client in (first, second) for _ in range(3)))
    assert len(sandbox.ledger.of("login.get_access_token")) == 2
    assert {entry.client for entry in sandbox.ledger.of("shipments.list")} == {"a", "b"}
    wrong = make_client(sandbox, client_id="a", client_secret="wrong")
    with pytest.raises(AuthenticationError):
        await wrong.shipments.list()
    assert first.requests_sent == 4


async def test_a_401_renews_the_token_once(sandbox: Sandbox, client: Client) -> None:
    await client.shipments.list()
    sandbox.faults.add(Fault(kind=FaultKind.EXPIRED_TOKEN, operation="shipment_batches.create"))
    await client.shipment_batches.create([shipment()])
    assert [entry.status for entry in sandbox.ledger.of("shipment_batches.create")] == [401, 201]
    assert len(sandbox.ledger.of("login.get_access_token")) == 2
    assert len(sandbox.shipments()) == 1


async def test_a_second_401_is_an_error_not_a_loop(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=401, times=99))
    with pytest.raises(AuthenticationError):
        await client.shipments.list()
    assert len(sandbox.ledger.of("shipments.list")) == 2


@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials_are_named_as_such(
    make_sandbox: MakeSandbox, make_client: MakeClient, status: int
) -> None:
    client = make_client(make_sandbox(wrong_credentials=status), client_secret="wrong")
    with pytest.raises(AuthenticationError) as caught:
        await client.shipments.list()
    assert caught.value.operation == "login.get_access_token"
    assert "wrong" not in str(caught.value).lower().replace("wrong credentials", "")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_read_is_tried_again(sandbox: Sandbox, client: Client, status: int) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=status, times=2, body="<html><title>oh</title>"))
    assert (await client.shipments.list()).items == []
    assert [entry.status for entry in sandbox.ledger.of("shipments.list")] == [status, status, 200]


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.LOST_ANSWER, FaultKind.TRUNCATED])
async def test_a_read_whose_connection_breaks_is_tried_again(sandbox: Sandbox, client: Client, kind: FaultKind) -> None:
    sandbox.faults.add(Fault(kind=kind, operation="shipments.list"))
    assert (await client.shipments.list()).items == []
    assert len(sandbox.ledger.of("shipments.list")) == 2


@pytest.mark.parametrize(
    ("fault", "error", "created"),
    [
        (Fault(kind=FaultKind.STATUS, status=500), ServerError, 0),
        (Fault(kind=FaultKind.STATUS, status=503), ServerError, 0),
        (Fault(kind=FaultKind.STATUS, status=503, after_work=True), ServerError, 1),
        (Fault(kind=FaultKind.RESET), TransportError, 0),
        (Fault(kind=FaultKind.LOST_ANSWER), TransportError, 1),
        (Fault(kind=FaultKind.NO_LOCATION), ProtocolError, 1),
    ],
)
async def test_a_write_that_may_have_been_done_is_never_sent_again(
    sandbox: Sandbox, make_client: MakeClient, fault: Fault, error: type[Exception], created: int
) -> None:
    events: list[Event] = []
    client = make_client(sandbox, on_event=events.append)
    sandbox.faults.add(fault)
    with pytest.raises(error) as caught:
        await client.shipment_batches.create([shipment("a"), shipment("b")], correlation_id="mine")
    assert caught.value.outcome == "unknown"  # type: ignore[attr-defined]  # all three are errors of ours
    assert len(sandbox.ledger.of("shipment_batches.create")) == 1
    assert len(sandbox.shipments()) == 2 * created
    told = [event for event in events if event.kind is EventKind.UNKNOWN]
    assert [(event.correlation_id, event.references) for event in told] == [("mine", ("a", "b"))]


async def test_a_broken_body_after_201_loses_nothing(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.TRUNCATED))
    batch = await client.shipment_batches.create([shipment()])
    assert (await batch.wait()).settled


async def test_a_429_on_a_write_is_retried_after_retry_after(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, shared=ProcessLimits())
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=429, retry_after="1"))
    await client.shipment_batches.create([shipment()])
    first, second = sandbox.ledger.of("shipment_batches.create")
    assert (first.status, second.status) == (429, 201)
    assert second.at - first.at >= 0.95


async def test_a_429_beyond_the_deadline_is_raised_at_once(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, shared=ProcessLimits())
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=429, retry_after="3600"))
    with pytest.raises(RateLimited) as caught:
        await client.shipments.list(timeout=5)
    assert caught.value.failure.retry_after == 3600


async def test_no_connection_is_not_sent(make_client: MakeClient) -> None:
    client = make_client(base_url="http://127.0.0.1:9/myapi2")
    with pytest.raises(TransportError, match=r"no connection to 127\.0\.0\.1:9") as caught:
        await client.shipment_batches.create([shipment()], timeout=0.5)
    assert caught.value.outcome == "not_sent"


async def test_a_time_out_says_which_part_took_the_time(sandbox: Sandbox, client: Client) -> None:
    await client.shipments.list()
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=5, operation="shipment_batches.create"))
    with pytest.raises(Timeout, match=r"[0-9.]+ s waiting for the answer") as caught:
        await client.shipment_batches.create([shipment()], timeout=0.5)
    assert caught.value.outcome == "unknown"
    crowd = [asyncio.create_task(client.shipments.list()) for _ in range(30)]
    await asyncio.sleep(0.01)
    with pytest.raises(Timeout, match=r"waiting for a slot of the pace\b") as late:
        await client.shipment_batches.create([shipment()], timeout=0.02, priority=Priority.BACKGROUND)
    assert late.value.outcome == "not_sent"
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_a_cancelled_write_leaves_the_client_usable(sandbox: Sandbox, make_client: MakeClient) -> None:
    events: list[Event] = []
    client = make_client(sandbox, on_event=events.append, max_connections=2)
    await client.shipments.list()
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=5, operation="shipment_batches.create", times=4))
    writes = [asyncio.create_task(client.shipment_batches.create([shipment()])) for _ in range(4)]
    async with asyncio.timeout(10):
        while sum(event.kind is EventKind.REQUEST and event.method == "POST" for event in events) < 3:
            await asyncio.sleep(0.01)
    for task in writes:
        task.cancel()
    await asyncio.gather(*writes, return_exceptions=True)
    assert sum(event.kind is EventKind.UNKNOWN for event in events) == 2
    async with asyncio.timeout(10):
        assert (await client.shipments.list(timeout=8)).offset == 0


async def test_aiohttp_sends_nothing_again_behind_our_back(make_client: MakeClient) -> None:
    """A server that closes kept connections after one answer: aiohttp by itself would send the GET again."""
    asked: list[str] = []

    async def info(request: web.Request) -> web.Response:
        asked.append(request.method)
        if len(asked) > 1 and request.transport is not None:
            request.transport.abort()
        return web.json_response({"version": "1"})

    app = web.Application()
    app.router.add_get("/info", info)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    events: list[Event] = []
    try:
        client = make_client(base_url=f"http://127.0.0.1:{port}", on_event=events.append)
        await client.info.get()
        with pytest.raises(TransportError):
            await client.info.get(timeout=0.3)
        assert len(asked) == sum(event.kind is EventKind.REQUEST for event in events)
        async with aiohttp.ClientSession() as session:
            assert session._retry_connection is True  # the switch that we turn off is still there
    finally:
        await runner.cleanup()


async def test_a_redirect_is_not_followed(mocked: aioresponses, make_client: MakeClient) -> None:
    mocked.get("https://api.example/info", status=302, headers={"Location": "https://evil.example/"})
    client = make_client(base_url="https://api.example")
    with pytest.raises(ProtocolError):
        await client.info.get()
    assert len(mocked.requests) == 1


async def test_an_empty_object_is_a_sensible_empty_value(mocked: aioresponses, make_client: MakeClient) -> None:
    mocked.get("https://api.example/info", body=b"{}")
    info = await make_client(base_url="https://api.example").info.get()
    assert info.version is None


async def test_a_large_answer_is_read_whole(mocked: aioresponses, make_client: MakeClient) -> None:
    mocked.get("https://api.example/info", body=b'{"version": "' + b"x" * 200_000 + b'"}')
    info = await make_client(base_url="https://api.example").info.get()
    assert len(info.version or "") == 200_000


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a\nb"}, []])
async def test_a_token_answer_without_a_token_is_told(
    mocked: aioresponses, make_client: MakeClient, answer: Any
) -> None:
    mocked.post("https://api.example/login/getAccessToken", payload=answer)
    with pytest.raises(ProtocolError, match="access_token") as caught:
        await make_client(base_url="https://api.example", shared=ProcessLimits()).shipments.list()
    assert caught.value.outcome == "not_sent"


NO_BATCH = "6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11"


async def test_headers_are_set_by_call_client_or_context(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, language="en-GB")
    with pytest.raises(NotFound, match="There is no such batch"):
        await client.shipment_batches.get(NO_BATCH)
    with pytest.raises(NotFound, match="Dávka neexistuje"):
        await client.shipment_batches.get(NO_BATCH, language="cs-CZ")
    marker = correlation_id.set("of-the-web-request")
    try:
        with pytest.raises(NotFound) as caught:
            await client.shipment_batches.get(NO_BATCH)
    finally:
        correlation_id.reset(marker)
    assert caught.value.correlation_id == "of-the-web-request"


CONTROLS = ["a\r\nX-Evil: 1", "a\0", "a\x01", "a\tb", "\x1b]0;a\x07", "a\x7f", "a\x85", "a\u2028", "a\u202e", "a\ud800"]


@pytest.mark.parametrize("value", CONTROLS, ids=ascii)
@pytest.mark.parametrize("option", ["correlation_id", "language", "log_level"])
async def test_a_header_with_a_control_character_is_refused(
    sandbox: Sandbox, make_client: MakeClient, option: str, value: str
) -> None:
    options: Any = {option: value}
    for client, of_call in ((make_client(sandbox), options), (make_client(sandbox, **options), {})):
        with pytest.raises(ConfigurationError, match="control character") as caught:
            await client.shipment_batches.create([shipment()], **of_call)
        assert caught.value.outcome == "not_sent"
        assert client.requests_sent == 0
    if option == "correlation_id":
        marker = correlation_id.set(value)
        try:
            with pytest.raises(ConfigurationError, match="control character"):
                await make_client(sandbox).shipment_batches.create([shipment()])
        finally:
            correlation_id.reset(marker)
    assert sandbox.ledger.entries == []


async def test_an_empty_post_has_a_length_and_no_type(make_client: MakeClient) -> None:
    seen: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response()

    app = web.Application()
    app.router.add_post("/empty", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        client = make_client(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
        call = Call(operation="x", method="POST", path="empty", writes=True, authorized=False)
        await (await client._transport()).send(call, {})
    finally:
        await runner.cleanup()
    assert seen[0]["content-length"] == "0"
    assert "content-type" not in seen[0]


async def test_a_closed_client_says_so_and_closing_twice_is_fine(sandbox: Sandbox) -> None:
    client = Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url)
    await client.info.get()
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await client.info.get()


def test_a_client_of_another_loop_says_so(sandbox: Sandbox) -> None:
    client = Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url)

    async def use() -> None:
        await client.info.get()

    async def use_again() -> None:
        with pytest.raises(ConfigurationError, match="another event loop"):
            await client.info.get()
        with pytest.raises(ConfigurationError, match="another event loop"):
            await client.close()

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(use())
        second.run(use_again())
        first.run(client.close())


@pytest.mark.parametrize("failure", [BrokenPipeError(), ValueError("x"), KeyError("x"), TimeoutError()])
async def test_a_hook_that_fails_changes_nothing(sandbox: Sandbox, make_client: MakeClient, failure: Exception) -> None:
    def hook(event: Event) -> None:
        raise failure

    batch = await make_client(sandbox, on_event=hook).shipment_batches.create([shipment()])
    assert batch.id
    assert len(sandbox.shipments()) == 1


async def test_tries_bounds_the_tries(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, times=9))
    with pytest.raises(ServerError):
        await client.shipments.list(tries=1)
    assert len(sandbox.ledger.of("shipments.list")) == 1
    with pytest.raises(ServerError):
        await client.shipments.list(tries=2)
    assert len(sandbox.ledger.of("shipments.list")) == 3


async def test_closing_while_calls_wait_is_told_to_each(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, max_connections=1)
    await client.shipments.list()
    calls = [asyncio.create_task(client.shipments.list(tries=1)) for _ in range(4)]
    await asyncio.sleep(0.01)
    await client.close()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, (ConfigurationError, TransportError)) for result in results[1:])


async def test_a_token_can_be_fetched_ahead(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox)
    await client.shipment_batches.ready()
    assert len(sandbox.ledger.of("login.get_access_token")) == 1
    with pytest.raises(AuthenticationError):
        await make_client(sandbox, client_secret="wrong").shipment_batches.ready()


async def test_a_body_without_end_after_201_is_not_waited_for(
    mocked: aioresponses, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: aiohttp.ClientResponse) -> bytes:
        await asyncio.sleep(60)
        return b""

    monkeypatch.setattr("cpl_async.transport.sessions.BODY_IDLE_SECONDS", 0.05)
    mocked.post("https://api.example/login/getAccessToken", payload={"access_token": "t"})
    mocked.post("https://api.example/shipment/batch", status=201, headers={"Location": "/x/abc"})
    client = make_client(base_url="https://api.example", shared=ProcessLimits())
    await client.shipment_batches.ready()
    monkeypatch.setattr(aiohttp.ClientResponse, "read", never)
    assert (await client.shipment_batches.create([shipment()])).id == "abc"


async def test_a_second_try_is_logged_in_our_words_alone(
    sandbox: Sandbox, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, operation="shipments.list"))
    await client.shipments.list(correlation_id="mine")
    assert [record.name for record in caplog.records if record.levelname == "WARNING"] == ["cpl_async"]
    assert "retry shipments.list: GET /myapi2/shipment, attempt 1" in caplog.text
    assert "HTTP 503 [correlation id mine]" in caplog.text


def test_a_hook_that_is_no_function_is_refused(make_client: MakeClient) -> None:
    with pytest.raises(ConfigurationError, match="on_event is a function"):
        make_client(on_event="print")
