"""Time to import the package in a fresh interpreter, against aiohttp alone.

    python -m benchmarks.imports [--rounds 15]

The start of the bare interpreter is subtracted. The time of a client's ``open()`` is reported too. All use compiled
files in a folder of the run: a checkout may have none, unlike an installed package.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.results import keep

BARE = "pass"
FLOOR = "import aiohttp"
OURS = ("import cpl_async", "from cpl_async import Client", "import cpl_sync")
OPEN = """
import asyncio, time
from cpl_async import Client

async def main():
    client = Client(client_id="a", client_secret="b")
    before = time.perf_counter()
    await client.open()
    print(time.perf_counter() - before)
    await client.close()

asyncio.run(main())
"""
"""Program that opens a client without sending a request: opening loads the modules of the first call."""


def run(program: str, environment: Mapping[str, str]) -> tuple[float, str]:
    """Run a program in a fresh interpreter; return the seconds from start to end and what it printed."""
    command = [sys.executable, "-c", program]
    before = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8", env=environment)
    return time.perf_counter() - before, done.stdout


def measure(rounds: int, compiled: str) -> tuple[dict[str, float], float]:
    """Return the median seconds of each import without the start of the interpreter, and those of opening a client.

    :param compiled: Folder for compiled files.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    programs = (BARE, FLOOR, *OURS)
    for program in (*programs, OPEN):
        run(program, environment)  # compiles the imported modules
    found: dict[str, list[float]] = {program: [] for program in programs}
    opening: list[float] = []
    for _ in range(rounds):
        for program in programs:
            found[program].append(run(program, environment)[0])
        opening.append(float(run(OPEN, environment)[1]))
    start = median(found.pop(BARE))
    return {program: median(seconds) - start for program, seconds in found.items()}, median(opening)


def table(times: Mapping[str, float]) -> list[str]:
    """Return the rows of the table, each relative to aiohttp."""
    lines = ["| statement | ms | × aiohttp |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {took * 1e3:.1f} | {took / times[FLOOR]:.2f} |" for name, took in times.items()]
    return lines


def main() -> None:
    """Measure, compare and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with TemporaryDirectory() as compiled:
        times, opening = measure(options.rounds, compiled)
    worst = max(times[name] for name in OURS) / times[FLOOR]
    keep(
        "Importing",
        [
            f"Wall time in a fresh interpreter less its own start, medians of {options.rounds} rounds.",
            "",
            *table(times),
            "",
            f"The dearest is **{worst:.2f} ×** aiohttp alone (goal: under 1.1). "
            f"Opening a client afterwards takes {opening * 1e3:.1f} ms, once in a process.",
        ],
    )


if __name__ == "__main__":
    main()
