"""One run of a job: it resumes the state of the last run, executes the job, and writes the results."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anyio import to_thread
from attrs import define, field

from ...errors import ConfigurationError, CplError, JournalError
from ...messages import Message, message
from ...models.codec import encode
from ...system.clock import monotonic
from ...system.error_groups import ungrouped
from ...system.run_lock import exclusive_lock
from ...transport.events import LISTENER
from ...transport.write_deadline import WriteDeadline
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.continuity import JournalGone
from ..journal.journal import Job
from ..metrics import Measures
from ..options import JobOptions
from ..output.disk_space import shortages
from ..output.folder import JobSummary, OutputFolder, schema_of
from ..pipeline.engine import Engine
from ..pipeline.sender import default_write_deadline
from ..progress import JobObserver, Phase, Progress
from ..reconcile.carrier_clock import CarrierClock
from ..records import GOES_ON, RowState
from ..reports.builder import make_reports

__all__ = ["JobRunner", "has_open_shards", "sender_hash"]


NOTHING_OPEN = (RowState.PLANNED, RowState.SHIPPED, RowState.REJECTED, RowState.CANCELLED)
"""States of rows for which no request is still to be settled by the carrier."""


@define(kw_only=True)
class JobRunner:
    """One run. The journal has the state of earlier runs: steps that are settled are not repeated."""

    out: Path
    place: JournalLocation
    options: JobOptions = field(factory=JobOptions)
    observer: JobObserver = field(factory=JobObserver)
    progress: Progress = field(init=False, factory=Progress)
    stopped_by: CplError | None = field(init=False, default=None)
    """Why sending ended early, or ``None`` if it did not."""
    is_past_deadline: bool = field(init=False, default=False)
    """Whether the deadline passed before the end."""
    write_deadline: Callable[[], WriteDeadline] = default_write_deadline
    """See :class:`Engine`."""
    _stop: asyncio.Event = field(factory=asyncio.Event, alias="stopping")

    @property
    def began_sending(self) -> bool:
        """Whether a request that creates something may have been sent in this run."""
        return self.progress.phase is not Phase.READING

    @property
    def interrupted(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stop.is_set() and self.stopped_by is None

    def stop(self) -> None:
        """Send nothing more and end when open requests are recorded; the next run resumes the job."""
        self._stop.set()

    def clock_of(self, client: BulkClient) -> CarrierClock:
        """Return the clock of a run with this client."""
        return CarrierClock(client=client, ignores_difference=self.options.ignore_clock, on_note=self.observer.note)

    def _show(self, progress: Progress) -> None:
        self.progress = progress
        self.observer.progress(progress)

    async def run_job(self, clock: CarrierClock, journal: Journal, job: int, began: float) -> JobSummary:
        """Run a planned job as far as possible, while no other run does.

        :param clock: Clock of this run, with its client.
        :param began: Start of the run, by the monotonic clock, in seconds.
        :raises JournalError: Another run uses the same output.
        """
        output = OutputFolder(self.out, self.options)
        with exclusive_lock(output.lock, f"the output folder {self.out}"):
            if not self.options.allow_reship:
                await output.verify_journal(journal)
            return await self._work(clock, journal, await self._prepare_job(clock, journal, job), began)

    async def shard(self, clock: CarrierClock, journal: Journal, number: int, size: int, *, closing: bool) -> None:
        """Divide the open rows of a job into shards for workers, while no other run holds it.

        :param clock: See :meth:`run_job`.
        :param size: Rows in a shard.
        :param closing: Whether the last worker makes labels and reports in :attr:`out`.
        :raises ConfigurationError: Rows are invalid and the run is strict.
        """
        job = await self._prepare_job(clock, journal, number)
        bad = await journal.row_queries.rejected_before_sending(job.id)
        if self.options.strict and bad:
            raise ConfigurationError(f"{bad} rows have mistakes, and it is to be strict: nothing was sent")
        kept = {**job.settings, "options": self.options.to_journal()}
        await journal.keep_settings(job.id, kept)
        await journal.shards.create(job.id, size, closing=closing)

    async def _prepare_job(self, clock: CarrierClock, journal: Journal, number: int) -> Job:
        """Return the job, ready to run: its rows are in batches, and open attempts of a killed run are settled."""
        await journal.compare(clock.client._journal_memory, replaces_lost=self.options.allow_reship)
        job = await journal.read(number)
        if job.label_format != self.options.label_format:
            raise ConfigurationError(f"the job {job.name} was made with labels as {job.label_format}: use that format")
        if job.purged_at is not None:
            raise JournalError(
                f"the job {job.name} is done, and its data was removed; nothing was sent",
                advice="What it has shipped is known by its references: give other rows a file of their own",
            )
        counts = await journal.row_queries.counts(job.id)
        self._check_fits(job, counts[RowState.PLANNED])
        if any(count for state, count in counts.items() if state not in NOTHING_OPEN):
            await clock.learn()
        await journal.keep_settings(job.id, {**job.settings, **self._settings()})
        if self.options.allow_reship:
            await journal.rows.allow_reship(job.id)
        await journal.batches.abandon_open_attempts(job.id)
        return await journal.read(number)

    def _check_fits(self, job: Job, planned: int) -> None:
        """Verify that a job's rows were planned with the settings of this run.

        :param planned: Number of rows that are not sent yet.
        """

    async def _work(self, clock: CarrierClock, journal: Journal, job: Job, began: float) -> JobSummary:
        output = OutputFolder(self.out, self.options)
        files = await journal.batches.label_files(job.id)
        unclear = await journal.reconciliation.counts(job.id)
        settled = job.finished and not unclear.ever and output.is_complete_for(job, files)
        if settled and not _count_open(await journal.row_queries.counts(job.id), sending=True):
            return await output.summary(journal, job, already_done=True)
        await journal.batches.forget_labels(job.id, await to_thread.run_sync(output.missing, files))
        if (other := output.previous_job(job)) is not None:
            self.observer.note(f"{self.out} held the results of the job {other}; they are replaced")
        counts = await journal.row_queries.counts(job.id)
        bad = await journal.row_queries.rejected_before_sending(job.id)
        withhold = message("send.strict", count=bad) if self.options.strict and bad else None
        if counts[RowState.PLANNED] and not withhold:
            await clock.check()
            folder = None if journal.is_shared else self.place.folder
            for shortage in shortages(folder, self.out, rows=counts[RowState.PLANNED]):
                self.observer.note(shortage)
        self.progress = Progress.from_counts(counts)
        measures = Measures.from_dict(job.measures)
        started = clock.now()
        if _count_open(counts, sending=not withhold) or unclear.ever:
            listening = LISTENER.set(measures)
            try:
                async with output.merging(journal.row_queries, job):
                    await self._run_engine(clock, journal, job, output, sending=not withhold)
            finally:
                LISTENER.reset(listening)
        self._enter(Phase.JOINING)
        measures.runs.append([started, clock.now()])
        await journal.add_effort(
            job.id, seconds=monotonic() - began, requests=measures.sent, measures=measures.as_dict()
        )
        summary = await self._write(journal, await journal.read(job.id), output, withhold or self._why_not_sent())
        if summary.rows == summary.shipped + summary.rejected + summary.cancelled:
            await journal.finish(job.id)
            await to_thread.run_sync(output.remove_single_labels, job)  # thousands of files
        self._enter(Phase.DONE)
        return summary

    async def _write(
        self, journal: Journal, job: Job, output: OutputFolder, why_not_sent: Message | None
    ) -> JobSummary:
        """Write all files; the reports are made while the labels are merged."""
        written = await output.write_tables(journal, job, why_not_sent=why_not_sent)
        papers: list[str] = []
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                joining = tasks.create_task(output.merge_labels(written))
                if self.options.reports:
                    language = self.options.language
                    making = make_reports(journal, job, written.summary, written.reasons, self.out, language=language)
                    tasks.create_task(_into(papers, making))
        for problem in papers:
            self.observer.note(problem)
        await journal.read(job.id)  # raises if the job was lost in the meantime, before its end is recorded
        output.write_summary(written)
        try:
            journal.verify_files()
        except JournalGone as gone:
            self.stopped_by = self.stopped_by or gone
        if (failure := joining.result()) is not None:
            raise failure
        return written.summary

    async def _run_engine(
        self, clock: CarrierClock, journal: Journal, job: Job, output: OutputFolder, *, sending: bool
    ) -> None:
        engine = Engine(
            client=clock.client,
            clock=clock,
            journal=journal,
            job=job,
            options=self.options,
            label_dir=output.label_dir(job),
            picture_dir=output.picture_dir,
            stop=self._stop,
            progress=self.progress,
            observer=self.observer,
            schema=schema_of(job, self.options),
            write_deadline=self.write_deadline,
        )
        try:
            await engine.run(sending=sending)
        finally:
            self.stopped_by, self.is_past_deadline = engine.stopped_by, engine.is_past_deadline

    def _settings(self) -> dict[str, Any]:
        """Return the settings that a later run of this job by its name alone needs."""
        options = self.options
        layout = {"a4": options.a4, "position": options.position, "batch_size": options.batch_size}
        return {"out": str(self.out.absolute()), **layout}

    def _why_not_sent(self) -> Message | None:
        if self.is_past_deadline:
            return message("send.deadline")
        if self.stopped_by is not None:
            return message("send.ended_early", error=self.stopped_by.detail)
        return message("send.stopped") if self.interrupted else None

    def _enter(self, phase: Phase) -> None:
        self.progress.phase = phase
        self._tell()

    def _tell(self) -> None:
        self.observer.progress(self.progress)


async def _into(found: list[str], work: Awaitable[list[str]]) -> None:
    """Add the files that could not be made; a disk that fails must not affect the labels."""
    try:
        found += await work
    except OSError as error:
        found.append(f"report and manifest were not made: {error.strerror or error}")


async def has_open_shards(journal: Journal, job: int) -> bool:
    """Return whether workers process a job: it has shards, and not all of them are done."""
    return (await journal.shards.stats(job)).is_open


def _count_open(counts: dict[RowState, int], *, sending: bool) -> int:
    """Return the number of rows that a run can still process."""
    return sum(counts[state] for state in GOES_ON if sending or state is not RowState.PLANNED)


def sender_hash(options: JobOptions) -> str:
    """Return the hash of a run's sender; empty for the customer's own address."""
    return hashlib.sha256(encode(options.sender)).hexdigest() if options.sender is not None else ""
