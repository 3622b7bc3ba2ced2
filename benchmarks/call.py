"""Client CPU of one call: bare aiohttp with orjson, httpx with orjson, and this client without rate limit.

    python -m benchmarks.call [--rounds 5] [--calls 1000] [--together 50]

All clients request the same state of a batch from the same small server in another process, first sequentially and then
concurrently.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

import aiohttp
import orjson
from aiohttp import web

from benchmarks.peers import is_there
from benchmarks.results import keep
from cpl_async import Client
from cpl_async.ratelimit.file_backend import FilePacerBackend
from cpl_async.ratelimit.pacer import Pacer
from cpl_async.ratelimit.priority import Priority
from cpl_async.ratelimit.registry import Credentials, ProcessLimits
from cpl_async.system.locked_file import SharedFile

Way = Callable[[str], AbstractAsyncContextManager[Callable[[], Awaitable[object]]]]
ITEMS = {"items": [{"referenceId": "a", "shipmentNumber": "40900000001", "importState": "Complete", "labelUrl": "x"}]}

SLOW_HTTPX = "sniffio is not installed: httpx looks for it in vain at each call, so it does worse here than it could."


class NoPace(ProcessLimits):
    """Limits without an interval between requests, so that only the work is measured."""

    def pacer(self, credentials: Credentials) -> Pacer:
        """Return a pacer without an interval."""
        return Pacer(0.0)


class SharedNoPace(NoPace):
    """The same, but each request uses the queue that the processes of a host share."""

    def pacer(self, credentials: Credentials) -> Pacer:
        """Return a pacer without an interval, with the queue of the host."""
        folder = mkdtemp(prefix="cpl-")
        return Pacer(0.0, backend=FilePacerBackend(SharedFile(Path(folder) / "a.pace"), 0.0, 1.0))


def serve(listener: socket.socket) -> None:
    """Respond to requests for tokens and states."""

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "expires_in": 1800})

    async def state(_: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(ITEMS), content_type="application/json")

    app = web.Application()
    app.router.add_post("/login/getAccessToken", token)
    app.router.add_get("/shipment/batch/x", state)
    web.run_app(app, sock=listener, print=None)


async def cpu_of(call: Callable[[], Awaitable[object]], calls: int, together: int) -> float:
    """Return the process's CPU seconds of one call, while ``together`` calls run concurrently."""
    await _do(call, 20, together)
    before = time.process_time()
    done = await _do(call, calls, together)
    return (time.process_time() - before) / done


async def _do(call: Callable[[], Awaitable[object]], calls: int, together: int) -> int:
    """Make about ``calls`` calls; return their exact number."""
    each = max(1, calls // together)

    async def one_after_the_other() -> None:
        for _ in range(each):
            await call()

    await asyncio.gather(*(one_after_the_other() for _ in range(together)))
    return each * together


@asynccontextmanager
async def with_aiohttp(url: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Yield a call by bare aiohttp."""
    async with aiohttp.ClientSession() as session:

        async def call() -> object:
            async with session.get(url + "/shipment/batch/x", headers={"Authorization": "Bearer t"}) as answer:
                return orjson.loads(await answer.read())

        yield call


@asynccontextmanager
async def with_httpx(url: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Yield a call by httpx, which keeps all its connections: its default is 20."""
    import httpx

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=100, max_keepalive_connections=100)) as client:

        async def call() -> object:
            answer = await client.get(url + "/shipment/batch/x", headers={"Authorization": "Bearer t"})
            return orjson.loads(answer.content)

        yield call


@asynccontextmanager
async def with_ours(url: str, limits: type[NoPace] = NoPace) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Yield a call by this client."""
    async with Client(client_id="a", client_secret="b", base_url=url, shared=limits()) as client:

        async def call() -> object:
            return await client.shipment_batches.get("x", priority=Priority.INTERACTIVE)

        yield call


async def measure(url: str, rounds: int, calls: int, togethers: Sequence[int]) -> list[dict[str, list[float]]]:
    """Measure all alternately; return the figures of each client by its name for each number of concurrent calls."""
    shared = partial(with_ours, limits=SharedNoPace)
    ways: dict[str, Way] = {"aiohttp": with_aiohttp, "ours": with_ours, "shared": shared}
    if is_there("httpx"):
        ways["httpx"] = with_httpx
    async with AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(way(url)) for name, way in ways.items()}
        rows: list[dict[str, list[float]]] = []
        for together in togethers:
            figures: dict[str, list[float]] = {name: [] for name in clients}
            for _ in range(rounds):
                for name, call in clients.items():
                    figures[name].append(await cpu_of(call, calls, together))
            rows.append(figures)
    return rows


def row(together: int, figures: Mapping[str, Sequence[float]]) -> str:
    """Return a row of the table."""
    times = {name: f"{median(found) * 1e6:.0f}" for name, found in figures.items()}
    ratios = {
        name: median(one / bare for one, bare in zip(found, figures["aiohttp"], strict=True))
        for name, found in figures.items()
    }
    httpx = f"{times['httpx']} | {ratios['httpx']:.2f} ×" if "httpx" in figures else "not installed | left out"
    ours = f"{times['ours']} | **{ratios['ours']:.2f} ×** | {ratios['shared']:.2f} ×"
    return f"| {together} | {times['aiohttp']} | {httpx} | {ours} |"


def main() -> None:
    """Measure, compare and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--together", type=int, default=50)
    options = parser.parse_args()
    togethers = (1, options.together)
    listener = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        rows = asyncio.run(measure(url, options.rounds, options.calls, togethers))
    finally:
        server.terminate()
        server.join(10)
        listener.close()
    keep(
        "CPU of one call",
        [
            f"Medians of {options.rounds} rounds of {options.calls} calls, µs; JSON by orjson in all. "
            "Goal: ours under 1.5 × bare aiohttp.",
            "",
            "| at once | bare aiohttp | httpx | httpx / aiohttp | ours | ours / aiohttp | with the host's line |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(row(together, figures) for together, figures in zip(togethers, rows, strict=True)),
            *(["", SLOW_HTTPX] if is_there("httpx") and not is_there("sniffio") else []),
        ],
    )


if __name__ == "__main__":
    main()
