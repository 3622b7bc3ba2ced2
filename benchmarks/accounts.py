"""A thousand accounts in one process: memory and connections of each, and the effect of a slow or locked one on others.

python -m benchmarks.accounts [--accounts 1000] [--keep]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import time
from tempfile import TemporaryDirectory

import psutil

from benchmarks.results import keep
from cpl_async import Client
from cpl_async.sandbox import Fault, FaultKind, Sandbox, SandboxSettings

ME = psutil.Process()
SLOW = "customer.get"
"""Operation that only the slow accounts call."""


def memory() -> float:
    """Return the resident memory of this process, in KiB."""
    gc.collect()
    return float(ME.memory_info().rss) / 1024


def connections() -> int:
    """Return the number of TCP connections of this process."""
    return sum(one.status == psutil.CONN_ESTABLISHED for one in ME.net_connections("tcp"))


async def a_call(client: Client) -> float:
    """Make a call that this account has not made for a while; return its seconds."""
    began = time.monotonic()
    await client.info.get()
    return time.monotonic() - began


async def in_turn(clients: list[Client], at_once: int = 20) -> list[float]:
    """Make one call with each client, some concurrently; return the seconds of each call."""
    turns = asyncio.Semaphore(at_once)

    async def one(client: Client) -> float:
        async with turns:
            return await a_call(client)

    return list(await asyncio.gather(*map(one, clients)))


async def measured(base_url: str, count: int) -> list[str]:
    """Measure, and return the lines for the results."""
    warm = Client(client_id="warm", client_secret="s", base_url=base_url)
    await warm.customer.get()
    await a_call(warm)
    before, files = memory(), ME.num_fds()
    clients = [Client(client_id=f"a{number}", client_secret="s", base_url=base_url) for number in range(count)]
    unused = memory()
    for client in clients:
        await client.open()
    opened = memory()
    first = await in_turn(clients)
    for client in clients[: count // 2]:
        await client.shipments.list(limit=1)
    await asyncio.sleep(0.5)
    used = memory()
    held = ME.num_fds() - files
    open_now = connections()
    quick = await in_turn(clients)
    slow = clients[:100]
    waiting = [asyncio.create_task(client.customer.get(tries=1)) for client in slow for _ in range(10)]
    await asyncio.sleep(2.0)  # until they have sent their calls
    beside = await in_turn(clients[100:])
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for client in [*clients, warm]:
        await client.close()
    return [
        f"- memory of a client that was made: {(unused - before) / count:.1f} KiB",
        f"- memory of a client that was opened: {(opened - before) / count:.1f} KiB",
        f"- memory of a client that has made calls, idle: {(used - before) / count:.1f} KiB",
        f"- open files for all of them: {held}, of which connections: {open_now}",
        f"- a call of one account, 20 at once: {statistics.median(quick) * 1000:.1f} ms (median), "
        f"{sorted(quick)[int(len(quick) * 0.99)] * 1000:.1f} ms (p99); the first one, with its token: "
        f"{statistics.median(first) * 1000:.1f} ms",
        f"- the same while 100 other accounts have 1,000 calls waiting for slow answers: "
        f"{statistics.median(beside) * 1000:.1f} ms, {sorted(beside)[int(len(beside) * 0.99)] * 1000:.1f} ms",
    ]


def serve(accounts: int) -> None:
    """Run a sandbox for all accounts, in which one call is slow, until standard input is closed."""
    names = {f"a{number}": "s" for number in range(accounts)} | {"warm": "s"}
    with Sandbox(SandboxSettings(clients=names)) as sandbox:
        sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation=SLOW, seconds=12.0, skip=1, times=1_000_000))
        print(sandbox.base_url, flush=True)
        sys.stdin.read()


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--keep", action="store_true", help="write the figures to RESULTS.md")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.accounts)
        return
    command = [sys.executable, "-m", "benchmarks.accounts", "--serve", "--accounts", str(options.accounts)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert server.stdout is not None
    try:
        with TemporaryDirectory() as folder:
            os.environ["CPL_RUNTIME_DIR"] = folder
            lines = asyncio.run(measured(server.stdout.readline().strip(), options.accounts))
    finally:
        server.communicate()
    name = f"{options.accounts:,} accounts in one process"
    if options.keep:
        keep(name, lines)
    else:
        print(name, *lines, sep="\n")


if __name__ == "__main__":
    main()
