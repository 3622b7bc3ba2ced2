"""The proof of exactly-once with Celery workers, whose processes, broker and database are killed during the job.

Workers are killed at random, and stopped past their lease and resumed. Broker and database are killed and restarted.

python -m benchmarks.proof_of_workers [--rows 100000] [--workers 4] [--kills 8] [--seeds 1] [--keep]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, evolve, field, frozen

from benchmarks.hostile_world import clock_of, with_clock
from benchmarks.proof import ANSWERS_LOST, ELSEWHERE, Client, Findings, Setup, audit, check_resent, settings_for
from benchmarks.results import keep
from benchmarks.servers import PostgreSQL, Redis
from benchmarks.ship import write
from cpl_async.sandbox import Sandbox

VISIBILITY = 5
"""Seconds after which Redis passes a task to another worker, though its own has not ended: intentionally far too
short."""
ROOT = str(Path(__file__).parent.parent)
TASKS = f"""
from cpl_async.celery.app import app
app.conf.broker_transport_options = {{"visibility_timeout": {VISIBILITY}}}
app.conf.result_backend_transport_options = {{"visibility_timeout": {VISIBILITY}}}
"""
PROGRAM = """
import sys
from tasks import app
from cpl_async.celery import ship_job
job = ship_job(sys.argv[1], name="proof", out=sys.argv[2], shard_size=int(sys.argv[3]), batch_size=int(sys.argv[4]),
               settle_time=float(sys.argv[5]), reports=False, ignore_clock=True)
print("handed over", flush=True)
print(job.wait(), flush=True)
"""
LONGEST = 1200.0
"""Seconds in which the job must be finished."""


@frozen(kw_only=True)
class Trouble:
    """Troubles of the workers."""

    workers: int = 4
    kills: int = 8
    sleepers: int = 2
    restarts: bool = True
    """Whether broker and database are each killed and restarted once."""
    lease: float = 4.0
    shard_size: int = 5000


@define
class Workers:
    """Celery workers in separate processes, each as if on its own host."""

    folder: Path
    environment: dict[str, str]
    count: int
    seed: int = 0
    """Seed of the clocks of the workers."""
    running: dict[int, subprocess.Popen[bytes]] = field(factory=dict)
    asleep: set[int] = field(factory=set)

    def start(self, number: int) -> None:
        """Start a worker."""
        home = self.folder / f"worker-{number}"
        home.mkdir(exist_ok=True)
        (home / "tasks.py").write_text(TASKS)
        clock = clock_of(random.Random(f"{self.seed} {number} {len(self.running)}"), 20.0)
        command = with_clock(clock, "-m", "celery", "--app", "tasks", "worker", "--concurrency", "1")
        command += ["--hostname", f"w{number}@%h", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        more = {"CPL_STATE_DIR": str(home / "state"), "CPL_RUNTIME_DIR": str(home)}
        with (home / "log").open("ab") as log:
            self.running[number] = subprocess.Popen(
                command, cwd=home, env=self.environment | more, stdout=log, stderr=log, start_new_session=True
            )

    def signal(self, number: int, what: signal.Signals) -> None:
        """Send a signal to a worker and its child."""
        os.killpg(self.running[number].pid, what)

    def kill(self, number: int) -> None:
        """Kill a worker and its child."""
        self.signal(number, signal.SIGKILL)
        self.running.pop(number).wait()
        self.asleep.discard(number)

    def end(self) -> None:
        """Kill all workers."""
        for number in list(self.running):
            self.kill(number)


@define
class Course:
    """The troubles of a proof, one after the other, at random times."""

    trouble: Trouble
    workers: Workers
    broker: Redis
    database: PostgreSQL
    chance: random.Random
    sandbox: Sandbox
    found: Findings
    _sleeping: list[tuple[float, int]] = field(factory=list)

    def events(self) -> list[Callable[[], None]]:
        """Return the troubles in random order."""
        trouble = self.trouble
        all_of = [self.kill_one] * trouble.kills + [self.stop_one] * trouble.sleepers
        if trouble.restarts:
            all_of += [self.restart_broker, self.restart_database]
        self.chance.shuffle(all_of)
        return all_of

    def kill_one(self) -> None:
        """Kill a worker, and restart it."""
        number = self.chance.choice(sorted(set(self.workers.running) - self.workers.asleep))
        self.workers.kill(number)
        self.found.counts["kills"] += 1
        time.sleep(self.chance.uniform(0, 1))
        self.workers.start(number)

    def stop_one(self) -> None:
        """Stop a worker while it sends, for longer than its lease."""
        sent = len(self.sandbox.ledger.of("shipment_batches.create"))
        until = time.monotonic() + 10
        while len(self.sandbox.ledger.of("shipment_batches.create")) == sent and time.monotonic() < until:
            time.sleep(0.01)
        number = self.chance.choice(sorted(set(self.workers.running) - self.workers.asleep))
        self.workers.signal(number, signal.SIGSTOP)
        self.workers.asleep.add(number)
        self._sleeping.append((time.monotonic() + self.trouble.lease * self.chance.uniform(2, 3), number))
        self.found.counts["stopped"] += 1

    def wake(self) -> None:
        """Resume workers that were stopped for long enough."""
        for moment, number in list(self._sleeping):
            if time.monotonic() >= moment:
                self._sleeping.remove((moment, number))
                self.workers.asleep.discard(number)
                self.workers.signal(number, signal.SIGCONT)
                self.found.counts["woken"] += 1

    @property
    def anybody_sleeps(self) -> bool:
        """Whether a worker is still stopped."""
        return bool(self._sleeping)

    def restart_broker(self) -> None:
        """Kill Redis, which loses all its data, and restart it."""
        self.broker.kill()
        time.sleep(self.chance.uniform(0.5, 2))
        self.broker.start()
        self.found.counts["broker_restarts"] += 1

    def restart_database(self) -> None:
        """Kill PostgreSQL and restart it."""
        self.database.kill()
        time.sleep(self.chance.uniform(0.2, 1))
        self.database.start()
        self.found.counts["database_restarts"] += 1


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Redis, PostgreSQL]]:
    """Run a broker and a database."""
    database = PostgreSQL()
    try:
        broker = Redis(folder)
        try:
            yield broker, database
        finally:
            broker.kill()
    finally:
        database.end()


def prove(setup: Setup, trouble: Trouble, folder: Path) -> Findings:
    """Ship one file with faults and troubles, and compare the report with the ledger."""
    found = Findings()
    write(folder / "rows.csv", setup.rows, setup.seed)
    (folder / "tasks.py").write_text(TASKS)
    with serving(folder) as (broker, database), Sandbox(settings_for(setup)) as sandbox:
        for name, share in {**ANSWERS_LOST, **ELSEWHERE, "no-labels": 0.05, "no-token": 0.05}.items():
            sandbox.faults.play(name, share)
        client = Client(folder, sandbox, evolve(setup, journal=database.url))
        environment = client.environment | {
            "CPL_BROKER": broker.url,
            "CPL_SHARED": broker.url.removesuffix("/0") + "/1",
            "CPL_LEASE": str(trouble.lease),
            "C_FORCE_ROOT": "1",
            "PYTHONPATH": os.pathsep.join([ROOT, *sys.path[1:]]),  # the workers run in folders of their own
        }
        workers = Workers(folder, environment, trouble.workers, setup.seed)
        for number in range(trouble.workers):
            workers.start(number)
        began = time.monotonic()
        command = [sys.executable, "-c", PROGRAM, str(folder / "rows.csv"), str(folder / "out")]
        command += [str(trouble.shard_size), str(setup.batch_size), str(setup.settle_time)]
        try:
            with (folder / "client.log").open("ab") as log:
                following = subprocess.Popen(
                    command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, encoding="utf-8"
                )
            assert following.stdout is not None
            following.stdout.readline()
            course = Course(trouble, workers, broker, database, random.Random(setup.seed + 2), sandbox, found)
            carry(course, following)
            found.seconds = time.monotonic() - began
            following.stdout.close()
        finally:
            following.kill()
            following.wait()
            workers.end()
        found.counts["requests"] = len(sandbox.ledger.entries)
        found.counts["refused_for_pace"] = sum(one.refused_for == "pace" for one in sandbox.ledger.entries)
        audit(folder, sandbox, setup, found)
        if found.counts["shipped_without_label"]:
            sandbox.faults.clear()
            client.run("--resend-unlabelled", "--name", "proof", "--no-reports")
            check_resent(folder, sandbox, found)
    return found


def carry(course: Course, following: subprocess.Popen[str]) -> None:
    """Run all troubles during the job, and wait for its end."""
    begin = time.monotonic()
    events = course.events()
    pause = 0.0
    due = time.monotonic() + course.chance.uniform(0.5, 2)
    while following.poll() is None or course.anybody_sleeps:
        course.wake()
        if time.monotonic() > begin + LONGEST:
            course.found.broken.append(f"the job is not finished after {LONGEST:.0f} s")
            return
        if events and time.monotonic() >= due and following.poll() is None:
            events.pop()()
            pause = course.chance.uniform(0.3, 3)
            due = time.monotonic() + pause
        time.sleep(0.02)
    if following.returncode:
        course.found.broken.append(f"whoever followed the job has ended with {following.returncode}")
    course.found.counts["left_out"] += len(events)


def main() -> int:
    """Run the proofs of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--batch-size", type=int, default=1000)
    parser.add_argument("--shard-size", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--lease", type=float, default=6.0)
    parser.add_argument("--settle-time", type=float, default=8.0)
    parser.add_argument("--seeds", type=int, default=1, help="so many proofs, one after the other")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="write the figures to RESULTS.md")
    given = parser.parse_args()
    totals: Counter[str] = Counter()
    broken: list[str] = []
    seconds = 0.0
    trouble = Trouble(workers=given.workers, kills=given.kills, lease=given.lease, shard_size=given.shard_size)
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        setup = Setup(
            rows=given.rows, batch_size=given.batch_size, seed=seed, kills=0, settle_time=given.settle_time, tail=0.0
        )
        with TemporaryDirectory(prefix="cpl-proof-") as folder:
            findings = prove(setup, trouble, Path(folder))
            if findings.broken:  # the output of the workers is kept
                for log in Path(folder).glob("worker-*/log"):
                    Path(f"proof-{log.parent.name}.log").write_bytes(log.read_bytes())
        totals += findings.counts
        seconds += findings.seconds
        broken += [f"seed {seed}: {words}" for words in findings.broken]
        print(
            f"seed {seed}: {findings.seconds:.1f} s, {dict(findings.counts)}", *findings.broken, sep="\n  ", flush=True
        )
    lines: list[Any] = [
        f"{given.seeds} seeds, {given.workers} workers, lease {given.lease:g} s, settling time {given.settle_time:g} s",
        f"- broken promises: {len(broken)}",
        f"- seconds: {seconds:,.0f}",
        *(f"- {key}: {value:,}" for key, value in sorted(totals.items())),
    ]
    name = f"Proof of exactly-once with Celery workers: {given.rows:,} rows in batches of {given.batch_size}"
    if given.keep:
        keep(name, lines)
    else:
        print(name, *lines, sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
