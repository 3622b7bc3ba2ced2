"""Eight forked workers against one sandbox: rate, token requests and used permits in its ledger.

python -m benchmarks.workers [--workers 8] [--seconds 60]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.results import keep
from cpl_sync import Client

SLOT = 0.040
CPL = [sys.executable, "-m", "cpl_async.cli"]


def work(cpl: Client, until: float) -> int:
    """Make calls until a given time; return their number."""
    calls = 0
    while time.monotonic() < until:
        cpl.codelists.products(limit=1)
        calls += 1
    return calls


def forked(cpl: Client, workers: int, until: float) -> list[tuple[int, float]]:
    """Fork workers that use the parent's client; return calls and CPU seconds of each."""
    ends = []
    for _ in range(workers):
        reading, writing = os.pipe()
        if os.fork() == 0:
            began = time.process_time()
            calls = work(cpl, until)
            os.write(writing, json.dumps([calls, time.process_time() - began]).encode())
            os._exit(0)
        os.close(writing)
        ends.append(reading)
    results = []
    for end in ends:
        calls, cpu = json.loads(os.read(end, 100))
        results.append((int(calls), float(cpu)))
        os.close(end)
    for _ in ends:
        os.wait()
    return results


def measured(workers: int, seconds: float, access: Mapping[str, str]) -> tuple[list[tuple[int, float]], dict[str, Any]]:
    """Run them once; return the results of each, and the figures of the ledger."""
    with Client.from_env(access) as cpl:
        cpl.codelists.products(limit=1)  # the parent now has a loop and a connection
        results = forked(cpl, workers, time.monotonic() + seconds)
    with urlopen(access["CPL_BASE_URL"].removesuffix("/myapi2") + "/sandbox/ledger") as answer:
        return results, json.load(answer)


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    sandbox = subprocess.Popen(
        [*CPL, "sandbox", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    assert sandbox.stdout is not None
    access = dict(sandbox.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(3))
    try:
        with TemporaryDirectory() as folder:
            os.environ["CPL_RUNTIME_DIR"] = folder
            results, ledger = measured(options.workers, options.seconds, access)
    finally:
        sandbox.terminate()
        sandbox.wait()
    calls = [count for count, _ in results]
    mean = sum(calls) / len(calls)
    used = sum(calls) * SLOT / options.seconds
    unfair = max(abs(count - mean) for count in calls) / mean
    keep(
        "Workers of one host",
        [
            f"{options.workers} processes forked after the client was used, {options.seconds:.0f} s, one sandbox.",
            "",
            "| measured | value | goal |",
            "| --- | --- | --- |",
            f"| requests refused for pace | {ledger['refused_for_pace']} | 0 |",
            f"| requests refused for tokens | {ledger['refused_for_tokens']} | 0 |",
            f"| closer than 40 ms | {ledger['closer_than_40_ms']}, closest {ledger['closest_ms'][0]} ms | 0 |",
            f"| token requests | {ledger['by_operation']['login.get_access_token']} | |",
            f"| 40 ms slots used | {used:.1%} | at least 90 % |",
            f"| calls of a worker | {min(calls)} to {max(calls)}, at most {unfair:.1%} from the mean | |",
            f"| CPU of a worker | {sum(cpu for _, cpu in results) / len(results) / options.seconds:.1%} of a core | |",
        ],
    )


if __name__ == "__main__":
    main()
