"""One worker's work on a job that several share: it borrows a part, brings it to its end, and gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from attrs import define, field, frozen

from ...errors import AuthenticationError, CplError, JournalError, PermissionDenied
from ...system.clock import monotonic
from ...system.process_identity import worker_name
from ...transport.events import LISTENER
from ...transport.write_deadline import elapsed
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.connection import LeaseLost
from ..journal.journal import Job
from ..journal.shard_repository import ShardStats
from ..metrics import Measures
from ..options import JobOptions
from ..output.folder import JobSummary, OutputFolder, schema_of
from ..pipeline.engine import Engine
from ..pipeline.job_type import SHIPMENTS
from ..progress import Progress, ProgressHook
from ..reconcile.carrier_clock import CarrierClock
from .lease import LEASE_SECONDS, Lease, lock_timeout
from .runner import JobRunner

__all__ = ["ShardResult", "Worker"]

REFUSED_PAUSE_SECONDS = 600.0
"""Seconds until credentials that were refused are tried again by whoever looks after the job."""


@frozen(kw_only=True)
class ShardResult:
    """What a worker has done."""

    shard: int | None
    """Number of the part that it had; ``None`` when there was none to be had."""
    is_finished: bool
    """Whether it has made labels, tables and papers of the whole job."""
    problem: str
    """Why the part did not come to its end; the next worker goes on with it."""
    stats: ShardStats
    """How the job's parts stand now."""
    summary: JobSummary | None = None
    """What became of the rows, when the job was closed."""
    is_refused: bool = False
    """Whether it is the credentials that the server refuses: to try again soon is of no use."""
    retry_in: float | None = None
    """Seconds in which whoever called is to call again, since a worker that is at a part now may be dead by then; of
    all workers of a job one at a time is told so."""


@define(kw_only=True)
class Worker:
    """One worker, for one part."""

    place: JournalLocation
    name: str
    """Of the job."""
    lease: float = LEASE_SECONDS
    """Seconds after which another worker takes the part, if nothing is heard of this one."""
    on_progress: ProgressHook = field(default=lambda progress: None)
    on_note: Callable[[str], None] = field(default=lambda note: None)
    _stop: asyncio.Event = field(init=False, factory=asyncio.Event)
    _refused: bool = field(init=False, default=False)

    def stop(self) -> None:
        """Send nothing more, and give the part back when what is under way is written down."""
        self._stop.set()

    async def process_shard(self, client: BulkClient) -> ShardResult:
        """Borrow a part of the job and bring it to its end.

        :raises JournalError: without such a job, or when the part was taken over meanwhile.
        """
        clock = CarrierClock(client=client, on_note=self.on_note)
        async with Journal.open(self.place, patience=lock_timeout(self.lease), now=clock.now) as journal:
            job = await journal.find(self.name)
            began = elapsed()
            part = await journal.shards.acquire(job.id, self.lease, worker_name())
            if part is None:
                left, again = await self._shard_stats(journal, job)
                return ShardResult(shard=None, is_finished=False, problem="", stats=left, retry_in=again)
            loan = Lease(journal.shards, part, self.lease, began + self.lease)
            with journal.leased(part) as mine:
                problem, summary = await self._process_leased(clock, mine, job, loan)
            left, again = await self._shard_stats(journal, job)
        closed = part.is_finalizer and not problem
        return ShardResult(
            shard=part.id,
            is_finished=closed,
            problem=problem,
            stats=left,
            summary=summary,
            is_refused=self._refused,
            retry_in=again,
        )

    async def _shard_stats(self, journal: Journal, job: Job) -> tuple[ShardStats, float | None]:
        """Return how the parts stand, and when to look again, unless another worker has taken that on."""
        left = await journal.shards.stats(job.id)
        if not left.is_open:
            return left, None
        wait = max(1.0, left.frees_in or self.lease, REFUSED_PAUSE_SECONDS if self._refused else 0.0)
        return left, wait if await journal.shards.reserve_watch(job.id, wait) else None

    async def _process_leased(
        self, clock: CarrierClock, journal: Journal, job: Job, loan: Lease
    ) -> tuple[str, JobSummary | None]:
        """Carry the part while it is kept; return why it did not come to its end, and what a closing one has made."""
        keeping = asyncio.create_task(loan.renew_until_lost())
        carrying = asyncio.create_task(self._process(clock, journal, job, loan))
        try:
            await asyncio.wait({keeping, carrying}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():  # it ends with an error only
                carrying.cancel()
                await asyncio.wait({carrying})
                keeping.result()
            problem, summary = carrying.result()
        except LeaseLost:
            raise
        except BaseException as error:
            carrying.cancel()
            await asyncio.wait({carrying})
            await self._abandon(loan, str(error) or type(error).__name__)
            raise
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, carrying, return_exceptions=True)
        await loan.release(done=not problem, message=problem)
        return problem, summary

    async def _abandon(self, loan: Lease, why: str) -> None:
        """Give back what was broken off, so that nobody need wait until the loan has run out."""
        try:
            await loan.release(done=False, message=why)
        except JournalError as error:
            self.on_note(f"the part is free when its loan has run out: {error.message}")

    async def _process(
        self, clock: CarrierClock, journal: Journal, job: Job, loan: Lease
    ) -> tuple[str, JobSummary | None]:
        options = JobOptions.from_journal(job.settings.get("options", {}), label_format=job.label_format)
        clock.ignores_difference = options.ignore_clock
        await journal.compare(clock.client._journal_memory, replaces_lost=options.allow_reship)
        await clock.learn()
        if loan.shard.is_finalizer:
            return await self._finalize(clock, journal, job, loan, options)
        return await self._send(clock, journal, job, loan, options), None

    async def _send(self, clock: CarrierClock, journal: Journal, job: Job, loan: Lease, options: JobOptions) -> str:
        await journal.batches.abandon_open_attempts(job.id)
        progress = Progress.from_counts(await journal.row_queries.counts(job.id))
        engine = Engine(
            client=clock.client,
            clock=clock,
            journal=journal,
            job=job,
            options=options,
            label_dir=Path(),
            picture_dir=Path(),
            stop=self._stop,
            progress=progress,
            on_problem=lambda rejected: None,
            on_progress=self.on_progress,
            on_note=self.on_note,
            terms=schema_of(job, options),
            job_type=SHIPMENTS,
            write_deadline=loan.write_deadline,
            is_whole_job=False,
        )
        self.on_progress(progress)
        measures, began, started = Measures(), monotonic(), clock.now()
        listening = LISTENER.set(measures)
        try:
            await engine.run(sending=True)
        finally:
            LISTENER.reset(listening)
        measures.runs.append([started, clock.now()])
        await journal.add_work(job.id, seconds=monotonic() - began, measures=measures)
        if engine.stopped_by is not None:
            return self._ended_by(engine.stopped_by)
        return "the worker was stopped" if self._stop.is_set() else ""

    def _ended_by(self, error: CplError) -> str:
        self._refused = isinstance(error, AuthenticationError | PermissionDenied)
        return str(error)

    async def _finalize(
        self, clock: CarrierClock, journal: Journal, job: Job, loan: Lease, options: JobOptions
    ) -> tuple[str, JobSummary]:
        run = JobRunner(
            out=Path(job.settings["out"]),
            place=self.place,
            options=options,
            on_progress=self.on_progress,
            on_note=self.on_note,
            write_deadline=loan.write_deadline,
            stopping=self._stop,
        )
        OutputFolder(run.out, options).prepare()
        summary = await run.run_job(clock, journal, job.id, monotonic())
        if run.stopped_by is not None:
            return self._ended_by(run.stopped_by), summary
        return ("the worker was stopped" if self._stop.is_set() else ""), summary
