"""Eight processes that share limits through Redis, and one sandbox: the figures of its ledger, also without Redis.

python -m benchmarks.sharing [--workers 8] [--seconds 60] [--away 30]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.results import keep
from benchmarks.servers import Redis
from benchmarks.workers import CPL, SLOT, work
from cpl_async.distributed import RedisLimits
from cpl_sync import Client

PORT = 7391
SETTLES = 6.0
"""Seconds until all processes have joined the queue, which are not measured."""


def started(workers: int, began: float, seconds: float, access: Mapping[str, str]) -> list[int]:
    """Fork processes that share nothing but the address of Redis; return the pipes with their results."""
    ends = []
    for _ in range(workers):
        reading, writing = os.pipe()
        if os.fork() == 0:
            shared = RedisLimits(f"redis://127.0.0.1:{PORT}/0", share=1 / workers)
            url, client_id, secret = (access[f"CPL_{name}"] for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET"))
            with Client(client_id=client_id, client_secret=secret, base_url=url, shared=shared) as cpl:
                work(cpl, began)
                cpu = time.process_time()
                calls = work(cpl, began + seconds)
                cpu = time.process_time() - cpu
            shared.close()
            os.write(writing, json.dumps([calls, cpu]).encode())
            os._exit(0)
        os.close(writing)
        ends.append(reading)
    return ends


def measured(
    workers: int, seconds: float, away: float, folder: str
) -> tuple[list[tuple[int, float]], dict[str, Any], int]:
    """Run them once; return the results of each, the ledger's figures, and the requests without Redis."""
    server = Redis(Path(folder), PORT)
    sandbox = subprocess.Popen(
        [*CPL, "sandbox", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    assert sandbox.stdout is not None
    access = dict(sandbox.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(3))
    ledger_at = access["CPL_BASE_URL"].removesuffix("/myapi2") + "/sandbox/ledger"
    meanwhile = 0
    try:
        began = time.monotonic() + SETTLES
        ends = started(workers, began, seconds, access)
        if away:
            time.sleep(began - time.monotonic() + seconds / 4)
            server.kill()
            with urlopen(ledger_at) as answer:
                meanwhile = json.load(answer)["requests"]
            time.sleep(away)
            with urlopen(ledger_at) as answer:
                meanwhile = json.load(answer)["requests"] - meanwhile
            server.start()
        results = []
        for end in ends:
            calls, cpu = json.loads(os.read(end, 100))
            results.append((int(calls), float(cpu)))
        for _ in ends:
            os.wait()
        with urlopen(ledger_at) as answer:
            return results, json.load(answer), meanwhile
    finally:
        sandbox.terminate()
        sandbox.wait()
        server.kill()


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--away", type=float, default=30.0)
    options = parser.parse_args()
    lines = [
        f"{options.workers} processes with nothing in common but Redis, {options.seconds:.0f} s, one sandbox;",
        f"then {2 * options.seconds:.0f} s, of which Redis is away for {options.away:.0f} s and comes back empty.",
        "",
        "| measured | with Redis | Redis away for a while | goal |",
        "| --- | --- | --- | --- |",
    ]
    runs = []
    for seconds, away in ((options.seconds, 0.0), (2 * options.seconds, options.away)):
        with TemporaryDirectory() as folder:
            results, ledger, meanwhile = measured(options.workers, seconds, away, folder)
        calls = [count for count, _ in results]
        mean = sum(calls) / len(calls)
        runs.append(
            {
                "requests refused for pace": (ledger["refused_for_pace"], "0 with Redis"),
                "closer than 40 ms": (
                    f"{ledger['closer_than_40_ms']}, closest {ledger['closest_ms'][0]} ms",
                    "0 with Redis",
                ),
                "token requests": (ledger["by_operation"]["login.get_access_token"], "1"),
                "40 ms slots used": (f"{sum(calls) * SLOT / seconds:.1%}", "at least 95 % with Redis"),
                "from a process's fair share": (f"{max(abs(one - mean) for one in calls) / mean:.1%}", "at most 20 %"),
                "40 ms slots used meanwhile": (f"{meanwhile * SLOT / away:.1%}" if away else "–", ""),
                "CPU of a process": (f"{sum(cpu for _, cpu in results) / len(results) / seconds:.1%} of a core", ""),
            }
        )
    lines += [f"| {name} | {runs[0][name][0]} | {runs[1][name][0]} | {goal} |" for name, (_, goal) in runs[0].items()]
    keep("Processes that share through Redis", lines)


if __name__ == "__main__":
    main()
