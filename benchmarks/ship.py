"""Shipping 1,000 and 10,000 rows, with the sandbox in a separate process: memory, time, and figures of the ledger.

python -m benchmarks.ship [--runs 3]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.results import keep

EXAMPLE = Path(__file__).parent.parent / "examples" / "shipments.csv"
SMALL, LARGE = 1_000, 10_000
CPL = [sys.executable, "-m", "cpl_async.cli"]


def write(path: Path, count: int, seed: int = 1) -> None:
    """Write ``count`` rows drawn from the example."""
    with EXAMPLE.open(encoding="utf-8", newline="") as file:
        base = list(csv.DictReader(file))
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(base[0]))
        writer.writeheader()
        for number in range(1, count + 1):
            row = dict(chance.choice(base), reference_id=f"B{count}-{number:08}")
            writer.writerow(row)


def run(folder: Path, count: int) -> dict[str, Any]:
    """Ship once against a fresh sandbox; return the summary, the ledger's figures and the client's peak memory."""
    sandbox = subprocess.Popen(
        [*CPL, "sandbox", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    assert sandbox.stdout is not None
    lines = [sandbox.stdout.readline().strip() for _ in range(3)]
    access = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    try:
        with TemporaryDirectory(dir=folder) as out:
            environment = os.environ | access | {"CPL_STATE_DIR": out + "/state"}
            client = subprocess.Popen(
                [*CPL, "ship", str(folder / f"{count}.csv"), "--out", out + "/out", "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                encoding="utf-8",
            )
            peak = 0
            while client.poll() is None:
                peak = max(peak, peak_memory(client.pid))
                time.sleep(0.02)
            assert client.stdout is not None
            summary = json.loads(client.stdout.read())
            client.stdout.close()
        with urlopen(access["CPL_BASE_URL"].removesuffix("/myapi2") + "/sandbox/ledger") as answer:
            ledger = json.load(answer)
    finally:
        sandbox.terminate()
        sandbox.wait(20)
        sandbox.stdout.close()
    return {"summary": summary, "ledger": ledger, "peak": peak}


def peak_memory(process: int) -> int:
    """Return the peak of a process's own memory in KiB, as counted by Linux."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) if found else 0


def main() -> None:
    """Measure, compare and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for count in (SMALL, LARGE):
            write(folder / f"{count}.csv", count)
        results = {count: [run(folder, count) for _ in range(options.runs)] for count in (SMALL, LARGE)}
    peaks = {count: median(result["peak"] for result in found) for count, found in results.items()}
    lines = [
        f"Medians of {options.runs} runs, `cpl ship` against `cpl sandbox` in a process of its own.",
        "",
        "| rows | shipped | requests | refused for pace | closer than 40 ms | closest, ms | seconds | peak, MiB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count, found in results.items():
        ledgers, summaries = [result["ledger"] for result in found], [result["summary"] for result in found]
        assert all(summary["shipped"] == count for summary in summaries)
        lines.append(
            f"| {count} | {count} | {median(summary['requests'] for summary in summaries):g} "
            f"| {sum(ledger['refused_for_pace'] for ledger in ledgers)} in all "
            f"| {sum(ledger['closer_than_40_ms'] for ledger in ledgers)} in all "
            f"| {min(min(ledger['closest_ms']) for ledger in ledgers):g} "
            f"| {median(summary['seconds'] for summary in summaries):.1f} | {peaks[count] / 1024:.0f} |"
        )
    lines += [
        "",
        f"Peak memory at {LARGE} rows is {peaks[LARGE] / peaks[SMALL]:.2f} × that at {SMALL} (goal: under 1.2).",
    ]
    keep("Shipping a file", lines)


if __name__ == "__main__":
    main()
