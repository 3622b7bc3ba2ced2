"""One run of a job: its rows come from a source, its results go to a sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field

from ...errors import ConfigurationError, CplError, JournalError
from ...messages import Message, message
from ...system.clock import monotonic
from ...transport.events import LISTENER
from ...transport.write_deadline import WriteDeadline
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.journal import Job
from ..journal.shard_repository import ShardStats
from ..metrics import Measures
from ..options import JobOptions
from ..output.folder import schema_of
from ..pipeline.engine import Engine
from ..pipeline.job_run import JobRun
from ..pipeline.row_buffer import RowBuffer
from ..pipeline.send_cycle import SendPolicy
from ..pipeline.sender import default_write_deadline
from ..progress import JobObserver, Phase, Progress
from ..reconcile.carrier_clock import CarrierClock
from ..records import RowState
from .row_source import RowSource

__all__ = ["JobRunner", "ResultSink"]

ResultT = TypeVar("ResultT")
SinkResultT = TypeVar("SinkResultT", covariant=True)
SOURCE_GRACE_SECONDS = 0.5
"""Seconds that a source has to end after the last row was sent."""
NOTHING_OPEN = (RowState.PLANNED, RowState.SHIPPED, RowState.REJECTED, RowState.CANCELLED)
"""States of rows for which no request is still to be settled by the carrier."""


class ResultSink(Protocol[SinkResultT]):
    """Where the results of a run go."""

    @property
    def is_whole_job(self) -> bool:
        """Whether it takes the results of a whole job, and not of a shard."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder of the results, or ``None``."""
        ...

    def prepare(self, source: Path | None) -> None:
        """Verify that results can be written.

        :param source: The input, which must not be overwritten, or ``None`` if it is not a file of this host.
        :raises ConfigurationError: They cannot be written.
        """
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Return a context that keeps other runs away.

        :raises JournalError: Another run writes its results there.
        """
        ...

    async def verify_journal(self, journal: Journal) -> None:
        """Compare the journal with results of an earlier run.

        :raises JournalError: It is not the journal of that run.
        """
        ...

    def settings(self, job: Job, place: JournalLocation, options: JobOptions) -> dict[str, Any]:
        """Return the settings that a later run of this job by its name alone needs."""
        ...

    def label_dirs(self, job: Job) -> tuple[Path, Path]:
        """Return two folders: for labels that will be merged, and for those that are not."""
        ...

    async def settled_before(self, run: JobRun) -> SinkResultT | None:
        """Return the result of an earlier run that left nothing to do, or ``None``."""
        ...

    async def begin(self, run: JobRun) -> None:
        """Prepare for the results of a run."""
        ...

    def collecting(self, run: JobRun) -> AbstractAsyncContextManager[None]:
        """Return a context in which results are collected while the engine runs."""
        ...

    def accept_no_more(self) -> None:
        """Refuse further rows: sending has ended."""
        ...

    async def end(self, run: JobRun, why_not_sent: Message | None) -> SinkResultT:
        """Write the results.

        :param why_not_sent: Why rows were not sent, or ``None``.
        """
        ...


@define(kw_only=True)
class JobRunner(Generic[ResultT]):
    """One run. The journal has the state of earlier runs: steps that are settled are not repeated."""

    source: RowSource
    sink: ResultSink[ResultT]
    place: JournalLocation
    options: JobOptions = field(factory=JobOptions)
    observer: JobObserver = field(factory=JobObserver)
    write_deadline: Callable[[], WriteDeadline] = default_write_deadline
    """Returns the write deadline of an attempt that begins now."""
    send_policy: SendPolicy = field(factory=SendPolicy)
    _run: JobRun | None = field(init=False, default=None)
    _stop: asyncio.Event = field(factory=asyncio.Event, alias="stopping")

    @property
    def progress(self) -> Progress:
        """The counts of this run."""
        return self._run.progress if self._run is not None else Progress()

    @property
    def stopped_by(self) -> CplError | None:
        """Why sending ended early, or ``None`` if it did not."""
        return self._run.stopped_by if self._run is not None else None

    @property
    def is_past_deadline(self) -> bool:
        """Whether the deadline passed before the end."""
        return self._run is not None and self._run.is_past_deadline

    @property
    def began_sending(self) -> bool:
        """Whether a request that creates something may have been sent in this run."""
        return self._run is not None and self._run.progress.phase is not Phase.READING

    @property
    def interrupted(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stop.is_set() and self.stopped_by is None

    def stop(self) -> None:
        """Send nothing more and end when open requests are recorded; the next run resumes the job."""
        self._stop.set()

    def prepare(self) -> None:
        """Verify that the rows can be read and the results written, before anything else.

        :raises InputError: The rows cannot be read.
        :raises ConfigurationError: The sender is invalid, or the results cannot be written.
        """
        self.source.prepare(self.options)
        self.sink.prepare(self.source.path)

    async def run(self, client: BulkClient) -> ResultT:
        """Run the job as far as possible.

        :param client: Client of the system that the journal's location belongs to.
        :raises InputError: The rows cannot be read; nothing was sent.
        :raises ConfigurationError: The sender, the output or the settings cannot be used; nothing was sent.
        :raises JournalError: The journal cannot be used, or another run holds the same job or output.
        """
        began = monotonic()
        self.prepare()
        async with self._opened(client) as (clock, journal, job), journal.exclusive(job, self.source.title):
            await journal.shards.delete_all(job)
            if self.source.is_open_ended:
                await journal.finish_planning(job)
            else:
                await self.source.plan_all(journal, job, self.options, self.observer)
            return await self.run_planned(clock, journal, job, began)

    async def enqueue(self, client: BulkClient, size: int, *, closing: bool) -> tuple[str, ShardStats]:
        """Plan all rows and divide the job into shards for workers, or leave it unchanged while workers process it.

        :param client: Shows the carrier's time if an earlier run has left rows open.
        :param size: Rows in a shard.
        :param closing: Whether the last worker writes the results.
        :return: The job's name, and the state of its shards.
        :raises InputError: The rows cannot be read; nothing was sent.
        :raises ConfigurationError: The sender or the settings cannot be used, or rows are invalid and the run is
            strict.
        :raises JournalError: The journal cannot be used, or a run holds the job.
        """
        self.source.prepare(self.options)
        async with self._opened(client) as (clock, journal, job):
            if not (await journal.shards.stats(job)).is_open:
                async with journal.exclusive(job, self.source.title):
                    await self.source.plan_all(journal, job, self.options, self.observer)
                    ready = await self._make_ready(clock, journal, job)
                    bad = await journal.row_queries.rejected_before_sending(job)
                    if self.options.strict and bad:
                        text = f"{bad} rows have mistakes, and it is to be strict: nothing was sent"
                        raise ConfigurationError(text)
                    await journal.keep_settings(job, {**ready.settings, "options": self.options.to_journal()})
                    await journal.shards.create(job, size, closing=closing)
            return (await journal.read(job)).name, await journal.shards.stats(job)

    @asynccontextmanager
    async def _opened(self, client: BulkClient) -> AsyncIterator[tuple[CarrierClock, Journal, int]]:
        clock = CarrierClock(client=client, ignores_difference=self.options.ignore_clock, on_note=self.observer.note)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.allow_reship) as journal:
            yield clock, journal, await self.source.find_job(journal, self.options)

    async def run_planned(self, clock: CarrierClock, journal: Journal, number: int, began: float) -> ResultT:
        """Run a planned job, or a shard of it, that the caller holds.

        :param clock: Clock of this run, with its client.
        :param began: Start of the run, by the monotonic clock, in seconds.
        :raises JournalError: Another run uses the same output.
        """
        with self.sink.locked():
            if not self.options.allow_reship:
                await self.sink.verify_journal(journal)
            job = await self._make_ready(clock, journal, number)
            run = self._run = JobRun(
                clock=clock,
                journal=journal,
                job=job,
                options=self.options,
                observer=self.observer,
                stop=self._stop,
                write_deadline=self.write_deadline,
                send_policy=self.send_policy,
                is_whole_job=self.sink.is_whole_job,
            )
            if (settled := await self.sink.settled_before(run)) is not None:
                return settled
            withheld = await self._why_withheld(run)
            if withheld is None and (self.source.is_open_ended or await _has_planned(run)):
                await clock.check()
            await self.sink.begin(run)
            sending, failures = withheld is None, list[Exception]()
            async with self._measured(run, began):
                if self.source.is_open_ended or await run.has_work(sending=sending):
                    engine = self._engine_of(run)
                    async with self.sink.collecting(run), self._planning(run, engine.row_buffer, failures):
                        await engine.run_to_end(sending=sending)
            result = await self.sink.end(run, withheld or self._why_not_sent(run))
            if failures:
                raise failures[0]
            return result

    async def _make_ready(self, clock: CarrierClock, journal: Journal, number: int) -> Job:
        """Return the job, ready to run: its open attempts of a killed run are settled."""
        await journal.compare(clock.client._journal_memory, replaces_lost=self.options.allow_reship)
        job = await journal.read(number)
        if job.label_format != self.options.label_format:
            raise ConfigurationError(f"the job {job.name} was made with labels as {job.label_format}: use that format")
        if job.purged_at is not None:
            raise JournalError(
                f"the job {job.name} is done, and its data was removed; nothing was sent",
                advice="What it has shipped is known by its references: give other rows a job of their own",
            )
        counts = await journal.row_queries.counts(job.id)
        self.source.check_planned_with(job, counts[RowState.PLANNED], self.options)
        if any(count for state, count in counts.items() if state not in NOTHING_OPEN):
            await clock.learn()
        if self.sink.is_whole_job:
            await journal.keep_settings(job.id, {**job.settings, **self.sink.settings(job, self.place, self.options)})
            if self.options.allow_reship:
                await journal.rows.allow_reship(job.id)
        await journal.batches.abandon_open_attempts(job.id)
        return await journal.read(number)

    async def _why_withheld(self, run: JobRun) -> Message | None:
        """Return why planned rows are not sent, or ``None`` if they are."""
        if not self.options.strict or self.source.is_open_ended:
            return None
        bad = await run.journal.row_queries.rejected_before_sending(run.job.id)
        return message("send.strict", count=bad) if bad else None

    def _engine_of(self, run: JobRun) -> Engine:
        label_dir, picture_dir = self.sink.label_dirs(run.job)
        return Engine(
            run=run,
            label_dir=label_dir,
            picture_dir=picture_dir,
            schema=schema_of(run.job, self.options),
            job_type=self.source.job_type,
            row_buffer=RowBuffer(ended=not self.source.is_open_ended),
        )

    @asynccontextmanager
    async def _planning(self, run: JobRun, buffer: RowBuffer, failures: list[Exception]) -> AsyncIterator[None]:
        """Plan rows as they arrive while the block runs; an error of the source is added to ``failures``."""
        if not self.source.is_open_ended:
            yield
            return
        planning = asyncio.create_task(self.source.plan_while_sending(run.journal, run.job.id, self.options, buffer))
        try:
            yield
            self.sink.accept_no_more()
            await asyncio.wait({planning}, timeout=SOURCE_GRACE_SECONDS)
        finally:
            planning.cancel()
            await asyncio.wait({planning})
        error = planning.exception() if not planning.cancelled() else None
        if isinstance(error, Exception):
            failures.append(error)
        elif error is not None:
            raise error

    @asynccontextmanager
    async def _measured(self, run: JobRun, began: float) -> AsyncIterator[None]:
        """Record the duration and the requests of the block in the journal, also if it fails."""
        measures, started = Measures.from_dict(run.job.measures if run.is_whole_job else {}), run.clock.now()
        listening = LISTENER.set(measures)
        try:
            yield
        except BaseException:
            with suppress(CplError):
                await self._record_effort(run, measures, started, began)
            raise
        finally:
            with suppress(ValueError):  # the event loop closes an abandoned iterator in a context without a listener
                LISTENER.reset(listening)
        await self._record_effort(run, measures, started, began)

    async def _record_effort(self, run: JobRun, measures: Measures, started: float, began: float) -> None:
        measures.runs.append([started, run.clock.now()])
        seconds = monotonic() - began
        if run.is_whole_job:
            requests, record = measures.sent, measures.as_dict()
            await run.journal.add_effort(run.job.id, seconds=seconds, requests=requests, measures=record)
        else:
            await run.journal.add_work(run.job.id, seconds=seconds, measures=measures)

    def _why_not_sent(self, run: JobRun) -> Message | None:
        if run.is_past_deadline:
            return message("send.deadline")
        if run.stopped_by is not None:
            return message("send.ended_early", error=run.stopped_by.detail)
        return message("send.stopped") if self.interrupted else None


async def _has_planned(run: JobRun) -> bool:
    """Return whether there are rows to be sent."""
    return bool((await run.journal.row_queries.counts(run.job.id))[RowState.PLANNED])
