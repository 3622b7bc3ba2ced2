"""One token for all, fetched once, renewed early, and no more often than allowed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from cpl_async.auth.token_cache import ClientClosed, Token, TokenCache
from cpl_async.errors import AuthenticationError, RateLimited, TransportError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Counts how often it is asked."""

    def __init__(self, clock: Clock, lasts: float = 1800) -> None:
        self.clock, self.lasts, self.asked = clock, lasts, 0
        self.error: Exception | None = None

    async def fetch(self) -> Token:
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error
        return Token.from_lifetime(f"t{self.asked}", self.lasts, self.clock())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(clock)


async def test_however_many_ask_it_is_fetched_once(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    tokens = await asyncio.gather(*(cell.get(server.fetch) for _ in range(50)))
    assert server.asked == 1
    assert {token.value for token in tokens} == {"t1"}


def test_threads_share_one_fetch(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    threads = [threading.Thread(target=lambda: asyncio.run(_get(cell, server))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert server.asked == 1


async def _get(cell: TokenCache, server: Server) -> Token:
    return await cell.get(server.fetch)


async def test_it_is_renewed_before_it_ends_by_the_monotonic_clock(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    await cell.get(server.fetch)
    clock.now += 1739
    await cell.get(server.fetch)
    assert server.asked == 1
    clock.now += 2
    await cell.get(server.fetch)
    assert server.asked == 2


async def test_only_the_refused_token_is_thrown_away(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    first = await cell.get(server.fetch)
    cell.discard(first)
    second = await cell.get(server.fetch)
    cell.discard(first)  # a late 401 of the old one
    assert await cell.get(server.fetch) is second
    assert server.asked == 2


async def test_a_failed_fetch_gives_each_waiter_its_own_error(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    server.error = AuthenticationError("wrong")
    errors = await asyncio.gather(*(cell.get(server.fetch) for _ in range(5)), return_exceptions=True)
    assert server.asked == 1
    assert len({id(error) for error in errors}) == 5
    assert all(isinstance(error, AuthenticationError) for error in errors)


async def test_cancelling_who_began_the_fetch_fails_nobody_else(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    first = asyncio.create_task(cell.get(server.fetch))
    await asyncio.sleep(0)
    second = asyncio.create_task(cell.get(server.fetch))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).value == "t1"
    assert server.asked == 1


async def test_a_closed_client_fails_its_own_callers_only(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)

    async def closed() -> Token:
        await asyncio.sleep(0.01)
        raise ClientClosed("closed")

    first = asyncio.create_task(cell.get(closed))
    await asyncio.sleep(0)
    second = asyncio.create_task(cell.get(server.fetch))
    with pytest.raises(ClientClosed):
        await first
    assert (await second).value == "t1"


def test_a_fetch_whose_loop_ended_is_begun_again_by_another(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)

    async def begin() -> None:
        asyncio.get_running_loop().create_task(cell.get(server.fetch))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(begin())
    assert asyncio.run(_get(cell, server)).value == "t2"


async def test_an_unexpected_failure_reaches_the_waiters(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    server.error = RuntimeError("bug")
    with pytest.raises(TransportError, match="RuntimeError"):
        await cell.get(server.fetch)


async def test_token_requests_are_limited_to_twelve_a_minute(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock)
    server.error = AuthenticationError("wrong")
    for _ in range(12):
        with pytest.raises(AuthenticationError):
            await cell.get(server.fetch)
    with pytest.raises(AuthenticationError, match="not asked again for 61 s"):
        await cell.get(server.fetch)
    assert server.asked == 12
    clock.now += 62
    server.error = None
    assert (await cell.get(server.fetch)).value == "t13"


async def test_the_thirteenth_waits_for_its_minute(
    clock: Clock, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds > 1:
            waits.append(seconds)
            clock.now += seconds
        await real(0)

    cell = TokenCache(clock)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    for _ in range(13):
        cell.discard(await cell.get(server.fetch))
    assert waits == [pytest.approx(61.0)]


def test_a_token_shows_nothing_of_itself() -> None:
    assert "geheim" not in repr(Token.from_lifetime("geheim", 10, 0)) + repr(Token.from_lifetime("geheim", 10, 0).value)


async def test_a_request_refused_for_pace_does_not_use_up_the_minute(clock: Clock, server: Server) -> None:
    cell = TokenCache(clock, fetches=1)
    server.error = RateLimited("too many requests")
    with pytest.raises(RateLimited):
        await cell.get(server.fetch)
    server.error = None
    clock.now += 5
    assert (await cell.get(server.fetch)).value == "t2"
