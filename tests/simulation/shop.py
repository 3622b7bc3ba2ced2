"""A shop whose hosts ship a job through faults and crashes, the carrier that they ship with, and other programs."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from attrs import define, field, frozen

from cpl_async import Client, CplError, Resolution, Shipment, ShipmentSet, ShipResult
from cpl_async.ratelimit.registry import HostLimits
from cpl_async.sandbox import SandboxSettings
from cpl_async.sandbox.app import make_app
from cpl_async.sandbox.context import SandboxContext
from cpl_async.testing import make_address, make_shipment

from .invariants import STRANGER, Invariants, number_of
from .scenario import LEASE_SECONDS, ONLY_WRITES, Scenario, Trouble, TroubleKind, WaitsFor
from .simulator import Outcome, SimulatedHost, Universe, simulate, state_folder

__all__ = ["JOB", "Run", "open_carrier", "open_client", "quiet_folder", "run_seed", "shipments"]

ADDRESS = "http://carrier:8080/myapi2"
DATABASE = "postgresql://database/shop"
JOB, SECOND_JOB = "monday", "tuesday"
FINAL = ("shipped", "shipped_without_label", "rejected", "cancelled")
PAUSE_SECONDS = 20.0
"""Seconds between two runs of a host."""
IMPORT_TIMEOUT = 120.0
LONGEST_WAIT_SECONDS = 60.0
"""Seconds for which a trouble waits for a write."""
CANCELLATIONS = 4
"""Times that one trouble cancels a run: at each of the next commits, or whatever the trouble waits for."""
RUNS_BEFORE_DECISION = 3
"""Runs without any trouble that change nothing, after which a person decides about the undecided rows."""


@frozen(kw_only=True)
class Run:
    """One run with its trace."""

    seed: int
    scenario: Scenario
    outcome: Outcome
    trace: list[str]

    @property
    def is_good(self) -> bool:
        """Whether all promises were kept."""
        return self.outcome.error is None


@define(eq=False)
class _Shop:
    universe: Universe
    scenario: Scenario
    folder: Path
    carrier: SandboxContext
    checks: Invariants
    jobs: dict[str, list[Shipment]]
    """Name of each job → its shipments."""
    results: dict[str, dict[str, ShipResult]] = field(factory=dict)
    """Name of a job → reference → last result; a job is settled when all of them are final."""
    settled: set[str] = field(factory=set)
    running: dict[str, asyncio.Task[Any]] = field(factory=dict)
    """Name of a host → its run."""
    last_runner: str = ""
    is_enqueued: bool = False
    """Whether the job is divided into shards."""
    is_processed: bool = False
    """Whether all shards are done: what is left is shipped by the first host alone."""
    is_cancelling: bool = False
    """Whether the shop has begun to cancel its jobs."""
    unchanged: Counter[str] = field(factory=Counter)
    """Name of a job → runs after the last fault that ended with the same undecided rows."""

    @property
    def options(self) -> dict[str, Any]:
        """Options of each run."""
        scenario = self.scenario
        return {
            "batch_size": scenario.batch_size,
            "max_concurrency": scenario.max_concurrency,
            "settle_time": scenario.settle_time,
            "import_timeout": IMPORT_TIMEOUT,
            "pilot_rows": scenario.pilot_rows,
            "resend_unlabelled": scenario.resend_unlabelled,
            "ignore_clock": True,
            "label_format": "Zpl",
        }

    @property
    def until_calm(self) -> float:
        """Seconds until the last fault."""
        return max(0.0, self.scenario.faults_end - self.universe.now) + 1.0

    async def run_host(self, host: SimulatedHost, job: str, *, is_first: bool) -> None:
        """Work on a job again and again until all of it is settled."""
        async with open_client(self.folder) as client:
            while job not in self.settled and not self.checks.ended.is_set():
                is_worker = self.scenario.is_shared and not self.is_processed
                if not is_worker and self.scenario.is_shared and not is_first:
                    return
                step = self.work(client, host, job, is_first=is_first) if is_worker else self.ship(client, host, job)
                task = self.running[host.name] = asyncio.create_task(step)
                await asyncio.wait({task})
                self.checks.run_ended(host.name)
                if task.cancelled():
                    self.checks.say(host.name, "cancelled")
                elif isinstance(error := task.exception(), CplError):
                    self.checks.say(host.name, f"{type(error).__name__}: {str(error)[:160]}")
                    if "another run" in str(error) or "another worker" in str(error):
                        self.checks.happened("another run")
                elif error is not None:
                    self.checks.fail(f"{type(error).__name__}: {error}")
                    raise error
                elif is_worker:
                    await asyncio.sleep(1.0)
                    continue
                await asyncio.sleep(PAUSE_SECONDS)

    async def work(self, client: Client, host: SimulatedHost, job: str, *, is_first: bool) -> None:
        """Process a shard of the job, which the first host enqueues."""
        if is_first and not self.is_enqueued:
            out = self.folder / "out"
            await client.bulk.enqueue(
                self.jobs[job], out=out, name=job, shard_size=self.scenario.shard_size, **self.options
            )
            self.is_enqueued = True
        result = await client.bulk.process_shard(job, lease=LEASE_SECONDS)
        stats = result.stats
        self.checks.say(
            host.name, f"shard {result.shard}: {result.problem or 'done'}, {stats.free} free, {stats.leased} leased"
        )
        if stats.is_finished:
            self.is_processed = True
            await asyncio.sleep(self.until_calm)
        elif result.shard is None:
            await asyncio.sleep(LEASE_SECONDS / 4)

    async def ship(self, client: Client, host: SimulatedHost, job: str) -> None:
        """Ship the whole job, and look at the result."""
        if self.is_cancelling:
            return await self.settle(client, host, job)
        results: dict[str, ShipResult] = {}
        async for result in client.bulk.ship(self.jobs[job], name=job, **self.options):
            results[result.reference] = result
            outcome = result.shipment_number or result.message[:150]
            self.checks.say(host.name, f"{result.reference} {result.state} {outcome}")
        if self.last_runner not in ("", host.name):
            self.checks.happened("takeover")
        self.last_runner = host.name
        before, self.results[job] = self.results.get(job), results
        if self.universe.now <= self.scenario.faults_end:
            if all(one.state in FINAL for one in results.values()):
                await asyncio.sleep(self.until_calm)
            return None
        if all(one.state in FINAL for one in results.values()):
            self.checks.say(host.name, f"the job is {(await client.bulk.job(job)).state}")
            await self.settle(client, host, job)
        elif before is not None and {r: one.state for r, one in before.items()} == {
            r: one.state for r, one in results.items()
        }:
            self.unchanged[job] += 1
            if self.unchanged[job] >= RUNS_BEFORE_DECISION:
                await self.decide(client, host, job)
        return None

    async def settle(self, client: Client, host: SimulatedHost, job: str) -> None:
        """Compare the job with what the carrier has, and cancel it if that was drawn."""
        if len(self.results[job]) != len(self.jobs[job]):
            self.checks.fail(f"{len(self.jobs[job]) - len(self.results[job])} rows were not reported")
        others = set(self.jobs) - self.settled - {job}
        if self.scenario.is_cancelled and not others:
            if not self.is_cancelling:
                self.checks.compare_with_journal()
            self.is_cancelling = True
            for name in self.jobs:
                done = await client.bulk.cancel(name)
                self.checks.say(host.name, f"{done.cancelled} of {name} are cancelled, {len(done.refused)} are not")
        self.settled.add(job)
        if not others:
            self.checks.ended.set()

    async def decide(self, client: Client, host: SimulatedHost, job: str) -> None:
        """Decide as a person who knows what the carrier has."""
        if not self.scenario.strangers and +self.checks.live():
            self.checks.say(host.name, "a person decides, although nothing of it is doubtful")
            self.checks.happened("decided without a doubt")
        self.checks.happened("decided by a person")
        open_rows = [row async for row in client.bulk.undecided(job)]
        for row in open_rows:
            numbers = self.checks.numbers(number_of(row.reference))
            resolution = Resolution.SHIPPED if numbers else Resolution.RESEND
            self.checks.say(host.name, f"a person decides: {row.reference} {resolution} ({row.message[:150]})")
            with suppress(CplError):
                await client.bulk.resolve(job, row.reference, resolution, numbers=numbers)
        self.unchanged[job] = 0

    async def use_reference(self, number: int, at: float) -> None:
        """Create a shipment of another program with the reference of a row."""
        await asyncio.sleep(at)
        reference = self.jobs[JOB][number].reference_id
        shipment = make_shipment(reference_id=reference, recipient=make_address(name=STRANGER, street="Cizí 1"))
        async with open_client(self.folder) as client:
            with suppress(CplError):
                await client.shipment_batches.create([shipment], correlation_id=STRANGER)
        self.checks.happened("stranger")


def open_client(folder: Path) -> Client:
    """Return the client of a process; those of one folder share the rate limit and the token."""
    return Client(
        client_id="sandbox",
        client_secret="sandbox",
        base_url=ADDRESS,
        allow_plain_http=True,
        shared=HostLimits(folder=folder),
    )


def shipments(count: int, spelling: str = "r {:03}") -> list[Shipment]:
    """Return shipments of which every fifth is a set of three parcels.

    :param spelling: Format of the references.
    """
    found = []
    for number in range(1, count + 1):
        changes: dict[str, Any] = {"shipment_set": ShipmentSet(number_of_shipments=3)} if number % 5 == 0 else {}
        found.append(make_shipment(reference_id=spelling.format(number), **changes))
    return found


async def open_carrier(
    universe: Universe, settings: SandboxSettings, *, latency: float, allows_duplicates: bool = False
) -> Invariants:
    """Start the carrier on a host of its own and return the checks of its promises."""
    carrier = SandboxContext(settings)
    carrier.base_url = ADDRESS
    checks = Invariants(universe, carrier, allows_duplicates=allows_duplicates)
    record = carrier.ledger.add

    def recorded(entry: Any) -> None:
        record(entry)
        checks.requested()

    carrier.ledger.add = recorded  # type: ignore[method-assign]  # each request is checked as it is recorded
    universe.set_latency(latency, latency)  # one for all: the carrier judges by arrival

    async def serve() -> None:
        runner = web.AppRunner(make_app(carrier), access_log=None, handle_signals=False)
        await runner.setup()
        await web.TCPSite(runner, "carrier", 8080).start()
        await asyncio.Event().wait()

    universe.host("carrier").spawn(serve)
    await asyncio.sleep(1.0)
    return checks


async def _world(universe: Universe, folder: Path, kept: dict[str, Any]) -> Counter[str]:
    scenario = kept["scenario"] = Scenario.drawn(universe)
    if scenario.is_shared:
        os.environ["CPL_JOURNAL"] = DATABASE
    settings = SandboxSettings(
        host="carrier",
        seed=scenario.seed,
        import_seconds=scenario.import_seconds,
        visible_after=scenario.visible_after,
        visible_tail=scenario.visible_tail,
        parcels_apart=scenario.parcels_apart,
        import_errors=scenario.import_errors,
        shows_sets=scenario.shows_sets,
        refuses_used_references=scenario.refuses_used_references,
        cheap_labels=True,
        forgiven=0.0,
    )
    checks = await open_carrier(universe, settings, latency=scenario.latency, allows_duplicates=scenario.is_late)
    checks.pilot_rows, checks.fetches_labels_again = scenario.pilot_rows, scenario.is_shared
    carrier = checks.carrier
    kept["trace"] = checks.trace
    for name, share in scenario.faults:
        carrier.faults.play(name, share)
    checks.can_search = all(name in ONLY_WRITES for name, _ in scenario.faults)
    if scenario.visible_after:
        checks.happened("late visibility")
    jobs = {JOB: shipments(scenario.rows)}
    if scenario.second_job_rows:
        checks.happened("second job")
        jobs[SECOND_JOB] = shipments(scenario.second_job_rows, "r\u00a0{:03}\u200b")
    shop = _Shop(universe, scenario, folder, carrier, checks, jobs)
    hosts = [_start(shop, number, JOB) for number in range(scenario.hosts)]
    if scenario.second_job_rows:
        _start(shop, scenario.hosts, SECOND_JOB)
    office = universe.host("office")
    for number, at in scenario.strangers:
        office.spawn(partial(shop.use_reference, number, at))
    troubles = asyncio.create_task(_troubles(shop, hosts))
    with suppress(TimeoutError):
        async with asyncio.timeout(scenario.faults_end):
            await checks.ended.wait()
    carrier.faults.clear()
    checks.faults_ended_at = universe.now
    checks.say("carrier", "no more faults")
    longest_wait = CANCELLATIONS * LONGEST_WAIT_SECONDS
    lasting = sum(trouble.after + trouble.seconds + longest_wait for trouble in scenario.troubles)
    bound = lasting + 12 * (scenario.settle_time + IMPORT_TIMEOUT) + 600
    try:
        async with asyncio.timeout(bound):
            await checks.ended.wait()
    except TimeoutError:
        checks.fail(f"the job did not end within {bound:.0f} s after the last fault")
    troubles.cancel()
    if checks.broken is None:
        _check_end(shop)
    if checks.broken is not None:
        raise checks.broken
    checks.count_combinations()
    return Counter(result.state for results in shop.results.values() for result in results.values())


def _start(shop: _Shop, number: int, job: str) -> SimulatedHost:
    host = shop.universe.host(f"shop-{number + 1}")
    host.clock_offset = shop.scenario.offsets[number]
    host.on_commit = partial(_watch, shop.checks, host)
    host.on_unlock = partial(_unlocked, shop.checks, host)
    host.spawn(partial(shop.run_host, host, job, is_first=number == 0))
    return host


def _watch(checks: Invariants, host: SimulatedHost, connection: Any, after: bool) -> None:
    if after:
        checks.committed(host.name, connection)


def _unlocked(checks: Invariants, host: SimulatedHost, file: Path) -> None:
    if file.name.startswith("job-"):
        checks.run_ended(host.name)


async def _troubles(shop: _Shop, hosts: Sequence[SimulatedHost]) -> None:
    for trouble in shop.scenario.troubles:
        backup = _Backup(shop.folder)
        if trouble.kind is TroubleKind.RESTORE:
            await asyncio.sleep(trouble.after / 2)
            backup.take()
            await asyncio.sleep(trouble.after / 2)
        else:
            await asyncio.sleep(trouble.after)
        if trouble.waits_for is not WaitsFor.NOTHING:
            await _wait_for(shop, hosts[trouble.host], trouble)
        if shop.checks.ended.is_set():
            return
        await _trouble(shop, hosts[trouble.host], trouble, backup)


async def _wait_for(shop: _Shop, host: SimulatedHost, trouble: Trouble) -> None:
    await shop.checks.next_commit(host.name, LONGEST_WAIT_SECONDS, is_write=trouble.waits_for is WaitsFor.WRITE)
    for _ in range(trouble.steps):
        await asyncio.sleep(0)


async def _trouble(shop: _Shop, host: SimulatedHost, trouble: Trouble, backup: _Backup) -> None:
    checks, universe = shop.checks, shop.universe
    if trouble.kind is TroubleKind.CANCEL:
        for turn in range(CANCELLATIONS):
            if turn > 0:  # in other states of the run each time
                await _wait_for(shop, host, trouble)
            if (task := shop.running.get(host.name)) is not None:
                checks.happened("cancelled")
                task.cancel()
    elif trouble.kind is TroubleKind.CUT:
        checks.say(host.name, f"cannot reach the carrier for {trouble.seconds:.0f} s")
        checks.happened("cut")
        universe.cut(host, "carrier")
        await asyncio.sleep(trouble.seconds)
        universe.heal()
    elif trouble.kind is TroubleKind.SUSPEND:
        checks.say(host.name, f"is suspended for {trouble.seconds:.0f} s")
        checks.suspended(host.name)
        host.suspend()
        await asyncio.sleep(trouble.seconds)
        checks.say(host.name, "resumes")
        host.resume()
    else:
        checks.crashed(host.name)
        host.crash()
        shop.running.pop(host.name, None)
        await asyncio.sleep(trouble.seconds)
        if trouble.kind is TroubleKind.RESTORE and backup.restore():
            checks.restored(host.name)
        if host.clock_offset != trouble.moves_clock:
            checks.happened("clock jump")
        host.clock_offset = trouble.moves_clock
        checks.say(host.name, f"starts again, clock {trouble.moves_clock:+.0f} s")
        host.restart()


@define
class _Backup:
    """A copy of the journal."""

    folder: Path
    _files: dict[Path, bytes] = field(factory=dict)

    def take(self) -> None:
        """Copy the journal as it is."""
        for file in self.folder.rglob("journal.sqlite3*"):
            self._files[file] = file.read_bytes()

    def restore(self) -> bool:
        """Replace the journal by the copy, and return whether there is one."""
        if not self._files:
            return False
        for file in self.folder.rglob("journal.sqlite3*"):
            file.unlink()
        for file, content in self._files.items():
            file.write_bytes(content)
        return True


def _check_end(shop: _Shop) -> None:
    """Compare what was reported with what the carrier has."""
    checks, live = shop.checks, shop.checks.live()
    if shop.scenario.is_cancelled:
        if +live and not shop.scenario.is_late:
            checks.fail(f"still there after the job was cancelled: {dict(live)}")
        return
    checks.compare_with_journal()
    shipped: Counter[int] = Counter()
    for results in shop.results.values():
        for reference, result in results.items():
            shipped[number_of(reference)] += result.state in ("shipped", "shipped_without_label")
            for parcel in result.parcels:
                if parcel.file is not None and not _has_label(parcel.file, parcel.page, parcel.number):
                    checks.fail(f"the label of {reference} is not that of its parcel {parcel.number}")
    for number in {*shipped, *live}:
        if live[number] < shipped[number] or (live[number] > shipped[number] and not shop.scenario.is_late):
            checks.fail(
                f"row {number} is reported as shipped {shipped[number]} times, and is there {live[number]} times"
            )


def _has_label(file: Path, page: int, number: str) -> bool:
    labels = file.read_text(encoding="utf-8", errors="replace").split("^XZ")
    return page < len(labels) and number in labels[page]


@contextmanager
def quiet_folder(name: str) -> Iterator[Path]:
    """Yield an empty folder for the state of a run, and log nothing while it runs."""
    folder = state_folder(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    before = {name: os.environ.get(name) for name in ("CPL_STATE_DIR", "CPL_RUNTIME_DIR", "CPL_JOURNAL")}
    os.environ |= {"CPL_STATE_DIR": str(folder / "state"), "CPL_RUNTIME_DIR": str(folder)}
    os.environ.pop("CPL_JOURNAL", None)
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield folder
    finally:
        logging.disable(level)
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
        shutil.rmtree(folder, ignore_errors=True)


def run_seed(seed: int, *, bounded_preemption: bool = False) -> Run:
    """Run one seed.

    :param bounded_preemption: See :func:`simulate`.
    """
    kept: dict[str, Any] = {}
    with quiet_folder(f"seed-{seed}") as folder:
        outcome = simulate(
            lambda universe: _world(universe, folder, kept), seed, folder, bounded_preemption=bounded_preemption
        )
    return Run(
        seed=seed,
        scenario=kept["scenario"],
        outcome=outcome,
        trace=kept.get("trace", []),
    )
