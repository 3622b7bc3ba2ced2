"""Shipping a file without faults: time against the limits, CPU against a bare loop, heartbeat and memory.

    python -m benchmarks.bulk [--rows 100000] [--runs 3]
    python -m benchmarks.bulk --memory [--large 1000000]

The client, the bare loop and the sandbox each run in a separate process; the runs of the two alternate.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.results import keep
from benchmarks.ship import CPL, write
from cpl_async import Client
from cpl_async.bulk.progress import Phase, Progress

SLOT = 0.040
"""Seconds between two requests that the rate limit allows."""
IMPORT = 1.0
"""Seconds that an import takes in the sandbox."""
BEAT = 0.005
SMALL = 10_000


async def ship(file: str, out: str) -> dict[str, Any]:
    """Ship a file in this process, with a heartbeat in the same loop; return the figures."""
    marks: dict[str, tuple[float, float]] = {}
    late: list[float] = []

    def mark(progress: Progress) -> None:
        marks.setdefault(progress.phase.name.lower(), (time.monotonic(), time.process_time()))

    async def beat() -> None:
        while True:
            due = time.monotonic() + BEAT
            await asyncio.sleep(BEAT)
            late.append(time.monotonic() - due)

    began = time.monotonic(), time.process_time()
    async with Client.from_env() as cpl:
        _ = cpl.bulk  # its imports block the loop once; an application imports it at its start
        gc.collect()
        gc.freeze()  # as `cpl ship` does
        opened = time.monotonic(), time.process_time()
        heart = asyncio.create_task(beat())
        summary = await cpl.bulk.ship_file(file, out, reports=False, on_progress=mark)
        heart.cancel()
    assert summary.shipped == summary.rows, summary
    points = [began, opened, *(marks[phase.name.lower()] for phase in Phase)]
    names = ["opening", "starting", "checking", "sending", "joining"]
    late.sort()
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "requests": summary.requests,
        "parcels": summary.parcels,
        "seconds": {name: b[0] - a[0] for name, (a, b) in zip(names, pairwise(points), strict=True)},
        "cpu_of": {name: b[1] - a[1] for name, (a, b) in zip(names, pairwise(points), strict=True)},
        "late": [late[len(late) // 2], late[len(late) * 99 // 100], late[-1]],
        "cpu": own.ru_utime + own.ru_stime,
        "joining_cpu": others.ru_utime + others.ru_stime,
        "peak": own.ru_maxrss / 1024,
    }


@contextmanager
def sandbox(folder: Path) -> Iterator[dict[str, str]]:
    """Run a separate sandbox; yield the environment of its clients."""
    command = [*CPL, "sandbox", "--port", "0", "--cheap-labels", "--import-seconds", str(IMPORT)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    assert server.stdout is not None
    try:
        lines = [server.stdout.readline().strip() for _ in range(3)]
        access = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        (folder / "run").mkdir(exist_ok=True)
        yield os.environ | access | {"CPL_STATE_DIR": f"{folder}/state", "CPL_RUNTIME_DIR": f"{folder}/run"}
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def measured(*command: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run a process and return the figures that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, env=environment, encoding="utf-8", check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def ours(file: Path) -> dict[str, Any]:
    """Ship once with the client; return its figures together with those of the ledger."""
    with TemporaryDirectory() as name, sandbox(Path(name)) as environment:
        figures = measured("benchmarks.bulk", "--client", str(file), f"{name}/out", environment=environment)
        with urlopen(environment["CPL_BASE_URL"].removesuffix("/myapi2") + "/sandbox/ledger") as answer:
            ledger = json.load(answer)
    assert ledger["refused_for_pace"] == 0, ledger
    return figures


def bare(file: Path) -> dict[str, Any]:
    """Ship once with the bare loop, and merge its labels."""
    with TemporaryDirectory() as name, sandbox(Path(name)) as environment:
        figures = measured("benchmarks.bare_bulk", "ship", str(file), f"{name}/out", environment=environment)
        figures["joining_cpu"] = measured("benchmarks.bare_bulk", "join", f"{name}/out", environment=environment)["cpu"]
    return figures


def least(rows: int, parcels: int, batch: int = 1000) -> int:
    """Return the number of requests of a perfect client: a token, each batch sent and polled once, 200 labels a page.

    Labels are calculated for batches with an equal share of the parcels, as a page contains labels of one batch only.
    """
    batches = ceil(rows / batch)
    return 1 + batches * (2 + ceil(parcels / batches / 200))


def middle(runs: list[dict[str, Any]], *path: str) -> float:
    """Return the median of a figure."""
    found = []
    for run in runs:
        figure: Any = run
        for name in path:
            figure = figure[name]
        found.append(float(figure))
    return median(found)


def compare(rows: int, count: int) -> None:
    """Ship with both alternately; write time, CPU and heartbeat."""
    with TemporaryDirectory() as name:
        file = Path(name) / "rows.csv"
        write(file, rows)
        mine, floor = [], []
        for number in range(count):
            floor.append(bare(file))
            mine.append(ours(file))
            print(f"run {number + 1}:", mine[-1], floor[-1], sep="\n  ")
    phases = list(mine[0]["seconds"])
    seconds = {phase: middle(mine, "seconds", phase) for phase in phases}
    cpu_of = {phase: middle(mine, "cpu_of", phase) for phase in phases}
    parcels = int(middle(mine, "parcels"))
    perfect = least(rows, parcels)
    allowed = perfect * SLOT + IMPORT
    whole = sum(seconds.values())
    cpu, bare_cpu = middle(mine, "cpu"), middle(floor, "cpu")
    joining, bare_joining = middle(mine, "joining_cpu"), middle(floor, "joining_cpu")
    late = [max(run["late"][part] for run in mine) * 1000 for part in range(3)]
    keep(
        f"Shipping a file against the limits and a bare loop: {rows:,} rows",
        [
            f"Medians of {count} runs in turns, no faults, labels that cost the sandbox little; {parcels:,} parcels.",
            "",
            f"The least that the limits allow: {perfect} requests x 40 ms + {IMPORT:g} s of import = {allowed:.1f} s:",
            "a token, and for each batch of 1,000 its creation, one look at its state, and its labels 200 a page.",
            "",
            "| part of a run | seconds | × least | CPU, s |",
            "| --- | --- | --- | --- |",
            *(
                f"| {phase} | {seconds[phase]:.2f} | {seconds[phase] / allowed:.3f} | {cpu_of[phase]:.2f} |"
                for phase in phases
            ),
            f"| **all** | {whole:.2f} | **{whole / allowed:.3f}** | {sum(cpu_of.values()):.2f} |",
            f"| the bare loop, which does not join | {middle(floor, 'seconds'):.2f} "
            f"| {middle(floor, 'seconds') / allowed:.3f} | {bare_cpu:.2f} |",
            "",
            f"Requests: {middle(mine, 'requests'):.0f}, of the bare loop {middle(floor, 'requests'):.0f}.",
            "",
            "| CPU of the process | ours, s | bare, s | ours / bare | goal |",
            "| --- | --- | --- | --- | --- |",
            f"| shipping, imports included | {cpu:.2f} | {bare_cpu:.2f} | **{cpu / bare_cpu:.2f}** | < 3 |",
            f"| joining, apart | {joining:.2f} | {bare_joining:.2f} | **{joining / bare_joining:.2f}** | |",
            "",
            f"A heartbeat every {BEAT * 1000:g} ms in the same loop was late by {late[0]:.1f} ms (median), "
            f"{late[1]:.1f} ms (p99, goal 10) and {late[2]:.1f} ms (at most, goal 50), the worst of the runs.",
        ],
    )


def memory(large: int) -> None:
    """Ship few and many rows; write the peaks."""
    found = {}
    with TemporaryDirectory() as name:
        for rows in (SMALL, large):
            file = Path(name) / f"{rows}.csv"
            write(file, rows)
            found[rows] = ours(file)
            print(rows, found[rows])
    keep(
        "Memory of a large file",
        [
            "| rows | parcels | requests | seconds | CPU, s | peak, MiB |",
            "| --- | --- | --- | --- | --- | --- |",
            *(
                f"| {rows:,} | {run['parcels']:,} | {run['requests']} | {sum(run['seconds'].values()):.0f} "
                f"| {run['cpu']:.0f} | {run['peak']:.1f} |"
                for rows, run in found.items()
            ),
            "",
            f"The peak at {large:,} rows is **{found[large]['peak'] / found[SMALL]['peak']:.2f} ×** "
            f"that at {SMALL:,} (goal: under 1.2).",
        ],
    )


def main() -> None:
    """Run the benchmarks of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="compare the memory of few and many rows instead")
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--client", nargs=2, metavar=("FILE", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        print(json.dumps(asyncio.run(ship(*given.client))))
    elif given.memory:
        memory(given.large)
    else:
        compare(given.rows, given.runs)


if __name__ == "__main__":
    main()
