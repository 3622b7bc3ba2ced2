"""Many accounts in one process: they share connections and nothing else, and none holds up another."""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cpl_async import Client, ConfigurationError, TransportError
from cpl_async.sandbox import Fault, FaultKind, Sandbox, SandboxSettings

ANSWERS = {b"getAccessToken": {"access_token": "t", "expires_in": 1800}, b"/info": {"applicationName": "x"}}


class Counting:
    """A server that keeps connections open, and counts them."""

    def __init__(self) -> None:
        self.connections = 0
        self.held = asyncio.Event()
        self.held.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
                if length:
                    await reader.readexactly(int(length[0]))
                is_login = b"getAccessToken" in head
                if not is_login:
                    await self.held.wait()
                body = json.dumps(ANSWERS[b"getAccessToken" if is_login else b"/info"]).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def counting() -> AsyncIterator[Counting]:
    one = Counting()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield one
    server.close()


def account(number: int, url: str) -> Client:
    return Client(client_id=f"a{number}", client_secret="s", base_url=url)


async def test_clients_share_connections_and_close_their_own_calls(counting: Counting) -> None:
    clients = [account(number, counting.url) for number in range(20)]
    for client in clients:
        await client.info.get()
    assert counting.connections == 1
    counting.held.clear()
    calls = [asyncio.create_task(client.info.get(tries=1)) for client in clients[:3]]
    await asyncio.sleep(0.2)
    assert counting.connections == 3
    await clients[0].close()
    with pytest.raises(TransportError):
        await calls[0]
    assert not calls[1].done()
    counting.held.set()
    assert len(await asyncio.gather(*calls[1:])) == 2
    with pytest.raises(ConfigurationError, match="the client is closed"):
        await clients[0].info.get()
    for client in clients:
        await client.close()
    later = account(99, counting.url)
    await later.info.get()  # the last one has closed them; who comes then opens new ones
    assert counting.connections == 4
    await later.close()


async def test_clients_that_connect_in_another_way_share_none(counting: Counting) -> None:
    plain = account(1, counting.url)
    asking = Client(client_id="a2", client_secret="s", base_url=counting.url, ssl=ssl.create_default_context())
    await plain.info.get()
    await asking.info.get()
    assert counting.connections == 2
    await plain.close()
    await asking.close()


async def test_a_forgotten_client_leaves_others_connections(counting: Counting) -> None:
    kept, forgotten = account(1, counting.url), account(2, counting.url)
    await kept.info.get()
    await forgotten.info.get()
    del forgotten
    gc.collect()
    await kept.info.get()
    assert counting.connections == 1
    await kept.close()
    await kept.close()


HOLDER = """
import sys, time
import fcntl, glob
kept = []
for name in glob.glob(sys.argv[1] + "/**/*", recursive=True):
    try:
        file = open(name, "r+b")
    except OSError:
        continue
    fcntl.flock(file, fcntl.LOCK_EX)
    kept.append(file)
print(len(kept), flush=True)
time.sleep(60)
"""


async def test_a_slow_and_a_locked_account_hold_up_no_other(fresh_limits: Path) -> None:
    names = {f"a{number}": "s" for number in range(30)}
    with Sandbox(SandboxSettings(clients=names)) as sandbox:
        locked, slow, *others = (account(number, sandbox.base_url) for number in range(30))
        await locked.info.get()  # its file is there
        holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDER, str(fresh_limits), stdout=subprocess.PIPE
        )
        assert holder.stdout is not None
        assert int(await holder.stdout.readline()) > 0
        sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="customer.get", seconds=30, times=100))
        stuck: list[asyncio.Task[Any]] = [asyncio.create_task(slow.customer.get(tries=1)) for _ in range(80)]
        stuck += [asyncio.create_task(locked.info.get(tries=1)) for _ in range(20)]
        await asyncio.sleep(0.5)
        began = time.monotonic()
        await asyncio.gather(*(client.info.get() for client in others))
        assert time.monotonic() - began < 15
        assert not any(task.done() and task.exception() is None for task in stuck[:80])
        holder.kill()
        await holder.wait()
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        for client in (locked, slow, *others):
            await client.close()


async def test_a_close_that_was_cancelled_is_finished_by_the_next(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = account(1, counting.url)
    await client.info.get()
    held = asyncio.Event()
    close = aiohttp.ClientSession.close

    async def slow(session: aiohttp.ClientSession) -> None:
        await held.wait()
        await close(session)

    monkeypatch.setattr(aiohttp.ClientSession, "close", slow)
    closing = asyncio.ensure_future(client.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    held.set()
    await client.close()
    requester = client._requester
    assert requester is not None
    assert requester._sessions._pool.reads.closed
    assert requester._sessions._pool.writes.closed
