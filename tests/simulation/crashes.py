"""A small job whose process dies before or after a chosen commit, and again at a chosen commit of the recovery."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from cpl_async import CplError
from cpl_async.bulk.records import RowState
from cpl_async.sandbox import Fault, FaultKind, SandboxSettings
from cpl_async.testing import make_shipment

from .invariants import Invariants
from .shop import JOB, open_carrier, open_client, quiet_folder, shipments
from .simulator import HostCrashed, SimulatedHost, Universe, simulate

__all__ = ["CrashPoint", "CrashResult", "count_commits", "crash_at", "try_crashes"]

SETTLE_SECONDS = 20.0
ROWS = 6
FINAL = ("shipped", "rejected", "cancelled")
CREATE = "shipment_batches.create"


@frozen
class CrashPoint:
    """One commit at which the process dies."""

    commit: int
    """Number of the commit since the process was started, from 1."""
    is_after: bool
    """Whether the commit is complete; else it is undone."""


@define(eq=False)
class _PowerCut:
    """Lets the process die at its crash points, one after the other."""

    universe: Universe
    host: SimulatedHost
    checks: Invariants
    points: list[CrashPoint]
    commits: int = 0
    """Commits since the process was started."""
    died: asyncio.Event = field(factory=asyncio.Event)

    def at_commit(self, connection: Any, is_after: bool) -> None:
        """Count a commit, and die at the chosen one."""
        self.commits += not is_after
        if self.points and (self.commits, is_after) == (self.points[0].commit, self.points[0].is_after):
            point = self.points.pop(0)
            self.checks.crashed(self.host.name)
            self.checks.say(self.host.name, f"at commit {point.commit}, {'after' if is_after else 'before'} it")
            self.host.crash()
            self.commits = 0
            self.died.set()
            raise HostCrashed
        if is_after:
            self.checks.committed(self.host.name, connection)


async def _small_job(universe: Universe, folder: Any, points: list[CrashPoint], kept: dict[str, Any]) -> int:
    settings = SandboxSettings(host="carrier", import_seconds=0.2, visible_after=2.0, cheap_labels=True, forgiven=0.0)
    checks = await open_carrier(universe, settings, latency=0.01)
    kept["trace"] = checks.trace
    faults = checks.carrier.faults
    faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE, skip=1))
    faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=2))
    rows = shipments(ROWS)
    rows[1] = make_shipment(reference_id="r002", product_type="XXXX")  # rejected by the carrier
    host = universe.host("shop")
    power_cut = _PowerCut(universe, host, checks, list(points))
    host.on_commit = power_cut.at_commit

    async def program() -> None:
        async with open_client(folder) as client:
            options: dict[str, Any] = {
                "batch_size": 2,
                "max_concurrency": 1,
                "settle_time": SETTLE_SECONDS,
                "import_timeout": 60.0,
                "pilot_rows": 0,
                "resend_unlabelled": True,
                "label_format": "Zpl",
            }
            while not checks.ended.is_set():
                try:
                    results = {one.reference: one async for one in client.bulk.ship(rows, name=JOB, **options)}
                    for result in results.values():
                        checks.say(host.name, f"{result.reference} {result.state} {result.message[:100]}")
                    is_cancelling = RowState.CANCELLING in checks.states.values()
                    if is_cancelling or all(one.state in FINAL for one in results.values()):
                        await client.bulk.cancel(JOB)
                        checks.ended.set()
                except CplError as error:
                    checks.say(host.name, f"{type(error).__name__}: {str(error)[:160]}")
                    await asyncio.sleep(5.0)

    async def revive() -> None:
        while True:
            await power_cut.died.wait()
            power_cut.died.clear()
            await asyncio.sleep(1.0)
            host.restart()

    host.spawn(program)
    reviving = asyncio.create_task(revive())
    try:
        async with asyncio.timeout(40 * SETTLE_SECONDS):
            await checks.ended.wait()
    except TimeoutError:
        checks.fail("the job did not end")
    reviving.cancel()
    if checks.broken is None and (left := +checks.live()):
        checks.fail(f"still there after the job was cancelled: {dict(left)}")
    if checks.broken is None and power_cut.points:
        kept["unreached"] = True
    if checks.broken is not None:
        raise checks.broken
    return power_cut.commits


def crash_at(*points: CrashPoint, seed: int = 1) -> tuple[int, list[str]]:
    """Run the job with crashes at these points and return the commits since the last one, and the trace.

    :raises BaseException: A promise was broken.
    """
    kept: dict[str, Any] = {}
    with quiet_folder(f"crash-{'-'.join(f'{one.commit}{one.is_after:d}' for one in points)}-{seed}") as folder:
        outcome = simulate(lambda universe: _small_job(universe, folder, list(points), kept), seed, folder)
    if outcome.error is not None:
        outcome.error.add_note("\n".join(kept.get("trace", [])))
        raise outcome.error
    return (-1 if kept.get("unreached") else outcome.value), kept["trace"]


@frozen(kw_only=True)
class CrashResult:
    """The result of a run with crashes."""

    points: tuple[CrashPoint, ...]
    commits: int
    """Commits since the last crash; 0 if a promise was broken, or a crash point was not reached."""
    broken: str

    def is_broken(self, report: Callable[[str], None]) -> bool:
        """Return whether a promise was broken, and report it."""
        if self.broken:
            report(f"crash at {self.points}: {self.broken}")
        return bool(self.broken)


def try_crashes(points: tuple[CrashPoint, ...]) -> CrashResult:
    """Run the job with crashes at these points."""
    try:
        commits, _ = crash_at(*points)
    except Exception as error:
        notes = "\n".join(getattr(error, "__notes__", []))
        return CrashResult(points=points, commits=0, broken=f"{type(error).__name__}: {error}\n{notes}")
    return CrashResult(points=points, commits=max(0, commits), broken="")


def count_commits() -> int:
    """Return the number of commits of the job without a crash."""
    return crash_at()[0]
