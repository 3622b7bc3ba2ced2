"""The cost of a parcel shipped by workers: their CPU, the journal's CPU, disk and commits, and Redis.

The result is projected to 1,000 accounts and 10 million parcels a day.

python -m benchmarks.reckoning [--rows 100000] [--keep]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import psutil
import redis as redis_client
from attrs import frozen

from benchmarks.results import keep
from benchmarks.servers import PostgreSQL, Redis
from benchmarks.ship import CPL, write
from cpl_async import Client
from cpl_async.distributed import RedisLimits

ACCOUNTS, PARCELS = 1_000, 10_000_000
WINDOW = 2 * 3600.0
"""Seconds of an evening in which most of a day's parcels are sent."""
PART = 10_000


@frozen(kw_only=True)
class Costs:
    """Costs of one job by stage."""

    rows: int
    requests: int
    planning: float
    """Seconds of CPU to read, check and record the rows."""
    sending: float
    """Seconds of CPU of the workers for the shards."""
    closing: float
    """Seconds of CPU of the workers for labels, tables and reports."""
    database: float
    """Seconds of CPU of PostgreSQL."""
    redis: float
    """Seconds of CPU of Redis."""
    commits: int
    wal: int
    """Bytes that PostgreSQL has written to its write-ahead log."""
    disk: int
    """Size of the journal in bytes."""
    peak: int
    """Peak memory of a worker in bytes."""


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and its children, including those that have ended."""
    process = psutil.Process(pid)
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def own_cpu() -> float:
    """Return the CPU seconds of this process."""
    times = os.times()
    return times.user + times.system


async def asked(url: str, query: str) -> Any:
    """Return the result of a database query."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def measured(rows: int, folder: Path, database: PostgreSQL, broker: Redis, access: dict[str, str]) -> Costs:
    """Ship a file in shards, one after the other, and measure each stage."""
    postmaster = int((database.folder / "data" / "postmaster.pid").read_text().split()[0])
    cpu, log = cpu_of(postmaster), await asked(database.url, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
    commits = await asked(database.url, "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'")
    server = redis_client.Redis.from_url(broker.url)
    of_redis = server.info("cpu")
    shared = RedisLimits(broker.url)
    stages = [own_cpu()]
    async with Client(
        client_id=access["CPL_CLIENT_ID"],
        client_secret=access["CPL_CLIENT_SECRET"],
        base_url=access["CPL_BASE_URL"],
        shared=shared,
    ) as cpl:
        path, out = folder / "rows.csv", folder / "out"
        handed = await cpl.bulk.enqueue(path, out=out, name="reckoned", shard_size=PART, settle_time=5.0)
        stages.append(own_cpu())
        while not (worked := await cpl.bulk.process_shard("reckoned")).is_finished:
            if worked.stats.done == worked.stats.shards:
                stages.append(own_cpu())
        stages.append(own_cpu())
        assert worked.summary is not None
        assert worked.summary.shipped == rows, (worked.summary, handed)
        requests = cpl.requests_sent
    shared.close()
    after = server.info("cpu")
    server.close()
    await asyncio.sleep(1.5)  # the database updates its statistics once a second
    return Costs(
        rows=rows,
        requests=requests,
        planning=stages[1] - stages[0],
        sending=stages[2] - stages[1],
        closing=stages[-1] - stages[2],
        database=cpu_of(postmaster) - cpu,
        redis=sum(after[key] - of_redis[key] for key in ("used_cpu_sys", "used_cpu_user")),
        commits=int(await asked(database.url, "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"))
        - int(commits),
        wal=int(await asked(database.url, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")) - int(log),
        disk=int(await asked(database.url, "SELECT pg_database_size('postgres')")),
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def reckoned(costs: Costs) -> list[str]:
    """Return the lines with the costs of a day."""
    each = PARCELS / costs.rows
    second = PARCELS / WINDOW / costs.rows
    stages = {"reading and checking": costs.planning, "sending": costs.sending, "labels and papers": costs.closing}
    lines = [f"- requests for 1,000 parcels: {costs.requests / costs.rows * 1000:.1f}"]
    lines += [f"- CPU of {name}: {seconds / costs.rows * 1e6:.0f} µs a parcel" for name, seconds in stages.items()]
    lines += [
        f"- CPU of PostgreSQL: {costs.database / costs.rows * 1e6:.0f} µs a parcel; of Redis: "
        f"{costs.redis / costs.rows * 1e6:.1f} µs",
        f"- commits for 1,000 parcels: {costs.commits / costs.rows * 1000:.1f}; "
        f"{costs.wal / costs.rows / 1024:.1f} KiB of log and {costs.disk / costs.rows / 1024:.1f} KiB of disk a parcel",
        f"- memory of a worker, at most: {costs.peak / 2**20:.0f} MiB",
        f"- {PARCELS:,} parcels within {WINDOW / 3600:.0f} hours: {PARCELS / WINDOW:,.0f} a second",
    ]
    lines += [f"  - {seconds * second:.2f} cores for {name}" for name, seconds in stages.items()]
    lines += [
        f"  - {costs.database * second:.2f} cores, {costs.wal * second / 2**20:.1f} MiB/s of log and "
        f"{costs.commits * second:.0f} commits a second for PostgreSQL; {costs.disk * each / 2**30:.0f} GiB a day",
        f"  - {costs.redis * second:.3f} cores for Redis",
        f"  - {costs.requests * each / ACCOUNTS * 0.040:.1f} s of the carrier's pace for each of {ACCOUNTS:,} accounts",
    ]
    return lines


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--keep", action="store_true", help="write the figures to RESULTS.md")
    options = parser.parse_args()
    database = PostgreSQL()
    with TemporaryDirectory() as name:
        folder = Path(name)
        broker = Redis(folder)
        os.environ |= {"CPL_JOURNAL": database.url, "CPL_STATE_DIR": str(folder / "s"), "CPL_RUNTIME_DIR": name}
        write(folder / "rows.csv", options.rows, 1)
        command = [*CPL, "sandbox", "--port", "0", "--cheap-labels"]
        sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
        assert sandbox.stdout is not None
        access = dict(sandbox.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(3))
        began = time.monotonic()
        try:
            costs = asyncio.run(measured(options.rows, folder, database, broker, access))
        finally:
            sandbox.terminate()
            sandbox.wait()
            broker.kill()
            database.end()
    lines = [f"{options.rows:,} rows in {time.monotonic() - began:.0f} s, one worker", *reckoned(costs)]
    title = "What a parcel costs that workers ship"
    if options.keep:
        keep(title, lines)
    else:
        print(title, *lines, sep="\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
