"""One token for all, which nobody reads who does not know the secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from benchmarks.servers import Redis
from cpl_async import AuthenticationError
from cpl_async.auth.file_store import FileTokenStore
from cpl_async.auth.token_cache import FETCH_WINDOW_SECONDS, Token, TokenCache
from cpl_async.distributed.redis_connection import RedisConnection
from cpl_async.distributed.token_store import CHECK_SECONDS, RedisTokenStore
from cpl_async.errors import RateLimited
from cpl_async.system.locked_file import SharedFile
from cpl_async.system.secret_values import Secret

MakeLink = Callable[..., RedisConnection]
FETCHES = 3


def shelf_of(
    link: RedisConnection, secret: str = "geheim", key: str = "t:k", fetch_timeout: float = 10.0
) -> RedisTokenStore:
    return RedisTokenStore(link, key, Secret(secret), FETCHES, 1, fetch_timeout=fetch_timeout)


class Carrier:
    """Gives tokens, slowly, and counts them."""

    def __init__(self) -> None:
        self.given = 0
        self.refuses = False
        self.limits = False
        self.seconds = 1800.0

    async def fetch(self) -> Token:
        self.given += 1
        number, asked_at = self.given, time.monotonic()
        await asyncio.sleep(0.1)
        if self.refuses:
            raise AuthenticationError("wrong secret")
        if self.limits:
            raise RateLimited("too many requests")
        return Token.from_lifetime(f"token-{number}", self.seconds, asked_at, scope="all")


async def test_one_fetch_for_all_processes(make_link: MakeLink) -> None:
    carrier = Carrier()
    cells = [TokenCache(store=shelf_of(make_link())) for _ in range(5)]
    tokens = await asyncio.gather(*(cell.get(carrier.fetch) for cell in cells))
    assert {str(token.value) for token in tokens} == {"token-1"}
    assert carrier.given == 1
    ends = [token.ends_at for token in tokens]
    assert max(ends) - min(ends) < 0.1  # each by its own clock
    assert tokens[0].scope == tokens[1].scope == "all"


async def test_a_token_that_was_refused_is_fetched_once_more_for_all(make_link: MakeLink) -> None:
    carrier = Carrier()
    cells = [TokenCache(store=shelf_of(make_link())) for _ in range(3)]
    first = [await cell.get(carrier.fetch) for cell in cells]
    for cell, token in zip(cells, first, strict=True):
        cell.discard(token)
    second = await asyncio.gather(*(cell.get(carrier.fetch) for cell in cells))
    assert {str(token.value) for token in second} == {"token-2"}
    cells[0].discard(first[0])  # late: another has taken its place
    assert str((await TokenCache(store=shelf_of(make_link())).get(carrier.fetch)).value) == "token-2"


async def test_the_limit_of_token_requests_is_one_for_all(make_link: MakeLink) -> None:
    carrier = Carrier()
    shelves = [shelf_of(make_link()) for _ in range(2)]
    for _ in range(FETCHES):
        for shelf in shelves:
            cell = TokenCache(store=shelf)
            cell.discard(await cell.get(carrier.fetch))
            await asyncio.sleep(0.05)
            break
    assert carrier.given == FETCHES
    while (wait := shelves[1].load()) in (0.002, 0.03):
        await asyncio.sleep(0.005)
    assert isinstance(wait, float)
    assert FETCH_WINDOW_SECONDS - 10 < wait <= FETCH_WINDOW_SECONDS


async def test_refused_credentials_are_not_retried(make_link: MakeLink) -> None:
    carrier = Carrier()
    carrier.refuses = True
    for _ in range(FETCHES):
        with pytest.raises(AuthenticationError, match="wrong secret"):
            await TokenCache(store=shelf_of(make_link())).get(carrier.fetch)
    with pytest.raises(AuthenticationError, match=r"wrong secret \(not asked again for \d+ s: at most 3"):
        await TokenCache(store=shelf_of(make_link())).get(carrier.fetch)
    assert carrier.given == FETCHES


async def test_nobody_reads_the_token_who_does_not_know_the_secret(
    server: Redis, make_link: MakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    carrier = Carrier()
    await TokenCache(store=shelf_of(make_link())).get(carrier.fetch)
    with redis.Redis.from_url(server.url) as connection:
        everything = b"".join(
            key + b"".join(b"".join(pair) for pair in connection.hgetall(key).items())
            for key in connection.scan_iter()
            if connection.type(key) == b"hash"
        )
        assert b"token-1" not in everything
        assert b"geheim" not in everything
        blob = connection.hget("t:k:token", "blob")
        connection.hset("t:k:token", "blob", blob[:-1] + bytes([blob[-1] ^ 1]))  # somebody wrote there
    token = await TokenCache(store=shelf_of(make_link())).get(carrier.fetch)
    assert str(token.value) == "token-2"
    assert "cannot be opened" in caplog.text


async def test_without_redis_each_has_its_share_of_token_requests(server: Redis, make_link: MakeLink) -> None:
    server.kill()
    carrier = Carrier()
    shelf = shelf_of(make_link())
    while shelf._link.is_connected():
        shelf._link.is_needed()
        await asyncio.sleep(0.01)
    cell = TokenCache(store=shelf)
    token = await cell.get(carrier.fetch)
    assert str(token.value) == "token-1"
    cell.discard(token)
    wait = shelf.load()
    assert isinstance(wait, float)
    assert wait > FETCH_WINDOW_SECONDS - 10


async def test_a_fetch_that_died_does_not_hold_up_the_others(make_link: MakeLink) -> None:
    carrier = Carrier()
    dying = shelf_of(make_link(), fetch_timeout=0.5)
    while dying.load() != 0:
        await asyncio.sleep(0.005)
    began = time.monotonic()
    token = await TokenCache(store=shelf_of(make_link(), fetch_timeout=0.5)).get(carrier.fetch)
    assert time.monotonic() - began >= 0.5
    assert str(token.value) == "token-1"


async def test_a_request_refused_for_pace_does_not_use_up_the_budget(make_link: MakeLink) -> None:
    carrier = Carrier()
    carrier.limits = True
    shelf = shelf_of(make_link())
    for _ in range(FETCHES):
        with pytest.raises(RateLimited):
            await TokenCache(store=shelf).get(carrier.fetch)
    carrier.limits = False
    assert 0 < await answered(shelf) < 6
    assert carrier.given == FETCHES


async def answered(shelf: RedisTokenStore) -> float:
    """Return the seconds that a process has to wait for a token request."""
    while (wait := shelf.load()) in (CHECK_SECONDS, 0.03):
        await asyncio.sleep(0.005)
    assert isinstance(wait, float)
    return wait


async def test_a_clock_set_back_does_not_block_token_requests(server: Redis, make_link: MakeLink) -> None:
    with redis.Redis.from_url(server.url) as connection:
        seconds, micros = connection.time()
        ahead = (seconds + 600) * 1_000_000 + micros
        connection.hset("t:k:token", mapping={"flight": "dead:1", "since": ahead})
        connection.zadd("t:k:asked", {f"dead:{number}": ahead for number in range(FETCHES - 1)})
    carrier = Carrier()
    async with asyncio.timeout(30):
        token = await TokenCache(store=shelf_of(make_link())).get(carrier.fetch)
    assert str(token.value) == "token-1"
    shelf = shelf_of(make_link())
    shelf.discard(token)
    assert await answered(shelf) <= FETCH_WINDOW_SECONDS


async def test_without_redis_the_processes_of_a_host_share_one_token(server: Redis, tmp_path: Path) -> None:
    server.kill()
    carrier = Carrier()
    links = [RedisConnection(server.url, prefix="t") for _ in range(4)]

    def shelf(link: RedisConnection) -> RedisTokenStore:
        host = FileTokenStore(SharedFile(tmp_path / "t.token"), 1, 1)
        return RedisTokenStore(link, "t:k", Secret("geheim"), FETCHES, 1, lambda: host)

    cells = [TokenCache(store=shelf(link)) for link in links]
    try:
        tokens = await asyncio.gather(*(cell.get(carrier.fetch) for cell in cells))
    finally:
        for link in links:
            link.close()
    assert {str(token.value) for token in tokens} == {"token-1"}
    assert carrier.given == 1
