"""One worker of a shared job: it leases a shard, processes it to its end, and releases it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from ...errors import AuthenticationError, JournalError, PermissionDenied
from ...messages import Message
from ...system.clock import elapsed, monotonic
from ...system.process_identity import worker_name
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.connection import LeaseLost
from ..journal.journal import Job
from ..journal.shard_repository import ShardStats
from ..options import JobOptions
from ..output.folder import JobSummary
from ..pipeline.job_run import JobRun
from ..progress import JobObserver, Progress
from ..reconcile.carrier_clock import CarrierClock
from .folder_sink import FolderSink
from .lease import LEASE_SECONDS, Lease, lock_timeout
from .row_source import JournalRows
from .runner import JobRunner, ResultSink

__all__ = ["ShardResult", "Worker"]

REFUSED_PAUSE_SECONDS = 600.0
"""Seconds until refused credentials are tried again by the process that watches the job."""


@frozen(kw_only=True)
class ShardResult:
    """The result of a worker."""

    shard: int | None
    """Number of the shard that it leased, or ``None`` if there was no free shard."""
    is_finished: bool
    """Whether it has made labels, tables and reports of the whole job."""
    problem: str
    """Why the shard was not completed; the next worker continues it. Empty if it was completed."""
    stats: ShardStats
    """Current state of the job's shards."""
    summary: JobSummary | None = None
    """Results of the rows when the job was finished, or ``None`` if it is not finished."""
    is_refused: bool = False
    """Whether the server refuses the credentials, so that an early retry is of no use."""
    retry_in: float | None = None
    """Seconds after which the caller should call again, since a worker that processes a shard now may be dead by
    then, or ``None``. Only one worker of a job at a time gets this value."""


@define
class ShardSink:
    """Keeps the results of a shard in the journal only; the last worker of the job writes them."""

    is_whole_job: bool = field(init=False, default=False)
    folder: Path | None = field(init=False, default=None)

    def prepare(self, source: Path | None) -> None:
        """Do nothing: no files are written."""

    def locked(self) -> AbstractContextManager[None]:
        """Return a context without a lock: the lease keeps others away."""
        return nullcontext()

    async def verify_journal(self, journal: Journal) -> None:
        """Do nothing: there are no results of an earlier run."""

    def settings(self, job: Job, place: JournalLocation, options: JobOptions) -> dict[str, Any]:
        """Return no settings."""
        return {}

    def label_dirs(self, job: Job) -> tuple[Path, Path]:
        """Return no folders: labels are fetched when the whole job is sent."""
        return Path(), Path()

    async def settled_before(self, run: JobRun) -> None:
        """Return ``None``: a leased shard is not settled."""

    async def begin(self, run: JobRun) -> None:
        """Report the counts of the shard."""
        run.progress = Progress.from_counts(await run.journal.row_queries.counts(run.job.id))
        run.report()

    def collecting(self, run: JobRun) -> AbstractAsyncContextManager[None]:
        """Return a context in which nothing is collected."""
        return nullcontext()

    def accept_no_more(self) -> None:
        """Do nothing: all rows are planned before."""

    async def end(self, run: JobRun, why_not_sent: Message | None) -> None:
        """Do nothing: the journal has the results."""


@define(kw_only=True)
class Worker:
    """One worker, for one shard."""

    place: JournalLocation
    name: str
    """Name of the job."""
    lease: float = LEASE_SECONDS
    """Seconds after which another worker takes the shard over if the lease is not renewed. Default: 60."""
    observer: JobObserver = field(factory=JobObserver)
    _stop: asyncio.Event = field(init=False, factory=asyncio.Event)
    _refused: bool = field(init=False, default=False)

    def stop(self) -> None:
        """Send nothing more, and release the shard when open requests are recorded."""
        self._stop.set()

    async def process_shard(self, client: BulkClient) -> ShardResult:
        """Lease a shard of the job and process it to its end.

        :raises JournalError: There is no such job, or the shard was taken over in the meantime.
        """
        clock = CarrierClock(client=client, on_note=self.observer.note)
        async with Journal.open(self.place, patience=lock_timeout(self.lease), now=clock.now) as journal:
            job = await journal.find(self.name)
            began = elapsed()
            part = await journal.shards.acquire(job.id, self.lease, worker_name())
            if part is None:
                left, again = await self._shard_stats(journal, job)
                return ShardResult(shard=None, is_finished=False, problem="", stats=left, retry_in=again)
            lease = Lease(journal.shards, part, self.lease, began + self.lease)
            with journal.leased(part) as mine:
                problem, summary = await self._process_leased(clock, mine, job, lease)
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
        """Return the state of the shards, and the time of the next check unless another worker has reserved it."""
        left = await journal.shards.stats(job.id)
        if not left.is_open:
            return left, None
        wait = max(1.0, left.frees_in or self.lease, REFUSED_PAUSE_SECONDS if self._refused else 0.0)
        return left, wait if await journal.shards.reserve_watch(job.id, wait) else None

    async def _process_leased(
        self, clock: CarrierClock, journal: Journal, job: Job, lease: Lease
    ) -> tuple[str, JobSummary | None]:
        """Process the shard while it is leased; return why it was not completed, and the summary of a finalizer."""
        keeping = asyncio.create_task(lease.renew_until_lost())
        carrying = asyncio.create_task(self._process(clock, journal, job, lease))
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
            await self._abandon(lease, str(error) or type(error).__name__)
            raise
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, carrying, return_exceptions=True)
        await lease.release(done=not problem, message=problem)
        return problem, summary

    async def _abandon(self, lease: Lease, why: str) -> None:
        """Release an interrupted shard, so that no worker has to wait until the lease has expired."""
        try:
            await lease.release(done=False, message=why)
        except JournalError as error:
            self.observer.note(f"the shard is free when its lease has expired: {error.message}")

    async def _process(
        self, clock: CarrierClock, journal: Journal, job: Job, lease: Lease
    ) -> tuple[str, JobSummary | None]:
        options = JobOptions.from_journal(job.settings.get("options", {}), label_format=job.label_format)
        clock.ignores_difference = options.ignore_clock
        out = Path(job.settings["out"])
        sink: ResultSink[JobSummary | None] = FolderSink(out, options) if lease.shard.is_finalizer else ShardSink()
        sink.prepare(None)
        runner = JobRunner(
            source=JournalRows(self.name),
            sink=sink,
            place=self.place,
            options=options,
            observer=self.observer,
            write_deadline=lease.write_deadline,
            stopping=self._stop,
        )
        summary = await runner.run_planned(clock, journal, job.id, monotonic())
        if (error := runner.stopped_by) is not None:
            self._refused = isinstance(error, AuthenticationError | PermissionDenied)
            return str(error), summary
        return ("the worker was stopped" if self._stop.is_set() else ""), summary
