"""Client CPU of one call: bare aiohttp with orjson, and our client with the pace taken out.

    python -m benchmarks.call [--rounds 5] [--calls 1000]

Both ask the same small server in another process for the same state of a batch, one call after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable
from statistics import median

import aiohttp
import orjson
from aiohttp import web

from benchmarks.results import keep
from cpl_async import Client
from cpl_async.transport.lanes import Lane
from cpl_async.transport.limits import Credentials, ProcessLimits
from cpl_async.transport.pace import Pace

ITEMS = {"items": [{"referenceId": "a", "shipmentNumber": "40900000001", "importState": "Complete", "labelUrl": "x"}]}


class NoPace(ProcessLimits):
    """Limits without the distance between requests, so that only the work is measured."""

    def pace(self, credentials: Credentials) -> Pace:
        """Return a pace that lets everything through at once."""
        return Pace(0.0)


def serve(listener: socket.socket) -> None:
    """Answer tokens and states."""

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "expires_in": 1800})

    async def state(_: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(ITEMS), content_type="application/json")

    app = web.Application()
    app.router.add_post("/login/getAccessToken", token)
    app.router.add_get("/shipment/batch/x", state)
    web.run_app(app, sock=listener, print=None)


async def cpu_of(call: Callable[[], Awaitable[object]], calls: int) -> float:
    """Return the process's CPU seconds of one call."""
    for _ in range(20):
        await call()
    before = time.process_time()
    for _ in range(calls):
        await call()
    return (time.process_time() - before) / calls


async def measure(base_url: str, rounds: int, calls: int) -> tuple[list[float], list[float]]:
    """Measure both in turn."""
    floor, ours = [], []
    async with (
        aiohttp.ClientSession() as session,
        Client(client_id="a", client_secret="b", base_url=base_url, limits=NoPace()) as client,
    ):

        async def bare() -> object:
            async with session.get(base_url + "/shipment/batch/x", headers={"Authorization": "Bearer t"}) as answer:
                return orjson.loads(await answer.read())

        async def whole() -> object:
            return await client.shipment_batches.get("x", lane=Lane.PERSON)

        for _ in range(rounds):
            floor.append(await cpu_of(bare, calls))
            ours.append(await cpu_of(whole, calls))
    return floor, ours


def main() -> None:
    """Run, compare, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        floor, ours = asyncio.run(measure(url, options.rounds, options.calls))
    finally:
        server.terminate()
        server.join(10)
        listener.close()
    ratios = [mine / bare for mine, bare in zip(ours, floor, strict=True)]
    keep(
        "CPU of one call",
        [
            f"Medians of {options.rounds} rounds of {options.calls} calls: bare aiohttp with orjson "
            f"{median(floor) * 1e6:.0f} µs, our client {median(ours) * 1e6:.0f} µs, "
            f"**{median(ratios):.2f} ×** (goal: under 1.5).",
        ],
    )


if __name__ == "__main__":
    main()
