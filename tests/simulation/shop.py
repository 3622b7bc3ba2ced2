"""A shop whose processes ship one job through crashes, and the carrier that they ship with."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from attrs import define, field, frozen

from cpl_async import Client, CplError, Shipment, ShipmentSet, ShipResult
from cpl_async.ratelimit.registry import HostLimits
from cpl_async.sandbox import SandboxSettings
from cpl_async.sandbox.app import make_app
from cpl_async.sandbox.context import SandboxContext
from cpl_async.testing import make_shipment

from .invariants import Invariants
from .scenario import Scenario
from .simulator import Outcome, SimulatedHost, Universe, simulate, state_folder

__all__ = ["JOB", "Run", "open_carrier", "open_client", "quiet_folder", "run_seed", "shipments"]

ADDRESS = "http://carrier:8080/myapi2"
JOB = "monday"
FINAL = ("shipped", "shipped_without_label", "rejected")
PAUSE_SECONDS = 20.0
"""Seconds between two runs of a process."""
IMPORT_TIMEOUT = 120.0


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
    shipments: list[Shipment]
    results: dict[str, ShipResult] = field(factory=dict)
    last_runner: str = ""

    async def ship(self, host: SimulatedHost) -> None:
        """Ship the job again and again until all of it is settled."""
        scenario, universe = self.scenario, self.universe
        options: dict[str, Any] = {
            "batch_size": scenario.batch_size,
            "max_concurrency": scenario.max_concurrency,
            "settle_time": scenario.settle_time,
            "import_timeout": IMPORT_TIMEOUT,
            "pilot_rows": scenario.pilot_rows,
            "resend_unlabelled": scenario.resend_unlabelled,
            "ignore_clock": True,
            "label_format": "Zpl",
        }
        async with open_client(self.folder) as client:
            while not self.checks.ended.is_set():
                results: dict[str, ShipResult] = {}
                try:
                    async for result in client.bulk.ship(self.shipments, name=JOB, **options):
                        results[result.reference] = result
                        outcome = result.shipment_number or result.message[:150]
                        self.checks.say(host.name, f"{result.reference} {result.state} {outcome}")
                except CplError as error:
                    self.checks.say(host.name, f"{type(error).__name__}: {str(error)[:160]}")
                    if "another run" in str(error):
                        self.checks.happened("another run")
                else:
                    if self.last_runner not in ("", host.name):
                        self.checks.happened("takeover")
                    self.last_runner = host.name
                    self.results |= results
                    is_over = universe.now > scenario.faults_end
                    if is_over and all(one.state in FINAL for one in results.values()):
                        job = await client.bulk.job(JOB)
                        self.checks.say(host.name, f"the job is {job.state}")
                        self.checks.ended.set()
                        return
                await asyncio.sleep(PAUSE_SECONDS)


def open_client(folder: Path) -> Client:
    """Return the client of a process; those of one folder share the rate limit and the token."""
    return Client(
        client_id="sandbox",
        client_secret="sandbox",
        base_url=ADDRESS,
        allow_plain_http=True,
        shared=HostLimits(folder=folder),
    )


def shipments(count: int) -> list[Shipment]:
    """Return shipments of which every fifth is a set of three parcels."""
    found = []
    for number in range(1, count + 1):
        changes: dict[str, Any] = {"shipment_set": ShipmentSet(number_of_shipments=3)} if number % 5 == 0 else {}
        found.append(make_shipment(reference_id=f"r{number:03}", **changes))
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
    carrier = checks.carrier
    kept["trace"] = checks.trace
    for name, share in scenario.faults:
        carrier.faults.play(name, share)
    if scenario.visible_after:
        checks.happened("late visibility")
    shop = _Shop(universe, scenario, folder, carrier, checks, shipments(scenario.rows))
    hosts = []
    for number in range(scenario.processes):
        host = universe.host(f"shop-{number + 1}")
        host.clock_offset = scenario.offsets[number]
        host.on_commit = partial(_watch, checks, host)
        hosts.append(host)
        host.spawn(partial(shop.ship, host))
    troubles = asyncio.create_task(_crashes(shop, hosts))
    with suppress(TimeoutError):
        async with asyncio.timeout(scenario.faults_end):
            await checks.ended.wait()
    carrier.faults.clear()
    checks.say("carrier", "no more faults")
    crashing = sum(crash.after + crash.down for crash in scenario.crashes)
    bound = crashing + 6 * (scenario.settle_time + IMPORT_TIMEOUT) + 600
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
    return Counter(result.state for result in shop.results.values())


def _watch(checks: Invariants, host: SimulatedHost, connection: Any, after: bool) -> None:
    if after:
        checks.committed(host.name, connection)


async def _crashes(shop: _Shop, hosts: list[SimulatedHost]) -> None:
    for crash in shop.scenario.crashes:
        await asyncio.sleep(crash.after)
        host = hosts[crash.process]
        if shop.checks.ended.is_set():
            return
        shop.checks.crashed(host.name)
        host.crash()
        await asyncio.sleep(crash.down)
        if host.clock_offset != crash.moves_clock:
            shop.checks.happened("clock jump")
        host.clock_offset = crash.moves_clock
        shop.checks.say(host.name, f"starts again, clock {crash.moves_clock:+.0f} s")
        host.restart()


def _check_end(shop: _Shop) -> None:
    """Compare what was reported with what the carrier has."""
    checks, live = shop.checks, shop.checks.live()
    if len(shop.results) != len(shop.shipments):
        checks.fail(f"{len(shop.shipments) - len(shop.results)} rows were not reported")
    for reference, result in shop.results.items():
        expected = 0 if result.state == "rejected" else 1
        if live[reference] < expected or (live[reference] > expected and not shop.scenario.is_late):
            checks.fail(f"{reference} is reported as {result.state}, and {live[reference]} live shipments are there")
        for parcel in result.parcels:
            if parcel.file is not None and not _has_label(parcel.file, parcel.page, parcel.number):
                checks.fail(f"the label of {reference} is not that of its parcel {parcel.number}")


def _has_label(file: Path, page: int, number: str) -> bool:
    labels = file.read_text(encoding="utf-8", errors="replace").split("^XZ")
    return page < len(labels) and number in labels[page]


@contextmanager
def quiet_folder(name: str) -> Iterator[Path]:
    """Yield an empty folder for the state of a run, and log nothing while it runs."""
    folder = state_folder(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    before = {name: os.environ.get(name) for name in ("CPL_STATE_DIR", "CPL_RUNTIME_DIR")}
    os.environ |= {"CPL_STATE_DIR": str(folder / "state"), "CPL_RUNTIME_DIR": str(folder)}
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
        outcome = simulate(lambda universe: _world(universe, folder, kept), seed, bounded_preemption=bounded_preemption)
    return Run(
        seed=seed,
        scenario=kept["scenario"],
        outcome=outcome,
        trace=kept.get("trace", []),
    )
