"""Jobs of a file: its rows are ingested and shipped, or an ingested job is resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio import to_thread
from attrs import define, field, frozen

from ...errors import ConfigurationError, JournalError
from ...models.shipment_batches import Shipment
from ...models.validation import problems_of
from ...system.clock import monotonic
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.journal import Job
from ..journal.shard_repository import ShardStats
from ..options import JobOptions
from ..output.folder import JobSummary, OutputFolder
from ..pipeline.ingest import Ingestor
from ..readers.source import InputError, Source
from ..records import RowProblems
from .runner import JobRunner, has_open_shards, sender_hash

__all__ = ["CheckResult", "FileJob", "ResumedJob", "check_file"]


@frozen(kw_only=True)
class CheckResult:
    """The result of checking a file."""

    rows: int
    rejected: int
    notes: list[str]


async def check_file(path: Path, options: JobOptions, on_rejected: Callable[[RowProblems], None]) -> CheckResult:
    """Read and validate all rows of a file and send nothing.

    :param on_rejected: Called for each invalid row.
    :raises InputError: The file cannot be read.
    :raises ConfigurationError: The sender is invalid.
    """
    _check_sender(options)
    source = Source(path, options.reading)
    with TemporaryDirectory(prefix="cpl-check-") as folder:
        place = JournalLocation(folder=Path(folder), base_url="check", client_id="check", keeps_mark=False)
        async with Journal.open(place) as journal:
            job = await _job(journal, source, options, "")
            intake = Ingestor(journal.rows, job, options.sender, on_rejected, lambda _: None)
            await intake.ingest(source.rows())
    return CheckResult(rows=intake.rows, rejected=intake.rejected, notes=intake.notes())


@define(kw_only=True)
class FileJob(JobRunner):
    """One run over a file."""

    path: Path
    out_is_here: bool = True
    """Whether the output folder is on this host, and not on a worker's. Default: ``True``."""
    _source: Source | None = field(init=False, default=None)

    def prepare(self) -> Source:
        """Verify that the file can be read and the output be written, before anything else.

        :raises InputError: The file cannot be read.
        :raises ConfigurationError: The sender is invalid, or the output cannot be written.
        """
        if self._source is None:
            _check_sender(self.options)
            source = Source(self.path, self.options.reading)
            if self.out_is_here:
                OutputFolder(self.out, self.options).prepare(self.path)
            self._source = source
        return self._source

    async def run(self, client: BulkClient) -> JobSummary:
        """Ship the file.

        :param client: Client of the system that the journal's location belongs to.
        :return: Number of rows by result; the files are in the output folder.
        :raises InputError: The file cannot be read; nothing was sent.
        :raises ConfigurationError: The sender, the output or the settings cannot be used; nothing was sent.
        :raises JournalError: The journal cannot be used, or another run holds the same job or output.
        """
        began, clock = monotonic(), self.clock_of(client)
        source = self.prepare()
        digest = await to_thread.run_sync(source.digest)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.allow_reship) as journal:
            job = await _job(journal, source, self.options, digest)
            async with journal.exclusive(job, f"the job of {self.path.name}"):
                await journal.shards.delete_all(job)
                if not (await journal.read(job)).planned:
                    await self._ingest(journal, job, source, digest)
                return await self.run_job(clock, journal, job, began)

    async def enqueue(self, client: BulkClient, size: int) -> tuple[str, ShardStats]:
        """Ingest the rows and divide the job into shards for workers, or leave it unchanged while workers process it.

        The last worker makes labels and reports in the output folder, unless that folder is on this host.

        :param client: Shows the carrier's time if an earlier run has left rows open.
        :param size: Rows in a shard.
        :return: The job's name, and the state of its shards.
        :raises InputError: The file cannot be read; nothing was sent.
        :raises ConfigurationError: The sender or the settings cannot be used, or rows are invalid and the run is
            strict.
        :raises JournalError: The journal cannot be used, or a run holds the job.
        """
        source, clock = self.prepare(), self.clock_of(client)
        digest = await to_thread.run_sync(source.digest)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.allow_reship) as journal:
            job = await _job(journal, source, self.options, digest)
            if not await has_open_shards(journal, job):
                async with journal.exclusive(job, f"the job of {self.path.name}"):
                    if not (await journal.read(job)).planned:
                        await self._ingest(journal, job, source, digest)
                    await self.shard(clock, journal, job, size, closing=not self.out_is_here)
            return (await journal.read(job)).name, await journal.shards.stats(job)

    def _check_fits(self, job: Job, planned: int) -> None:
        if planned and job.sender != sender_hash(self.options):
            raise ConfigurationError(
                f"the job {job.name} was planned with another sender, and {planned} rows of it are not sent yet: "
                "use that sender, or give the rest a file of its own"
            )

    async def _ingest(self, journal: Journal, job: int, source: Source, digest: str) -> None:
        """Plan all rows; an incomplete plan of an earlier run is replaced, since nothing of it was sent."""
        await journal.rows.clear(job)
        intake = Ingestor(journal.rows, job, self.options.sender, self.observer.rejected, self._read)
        await intake.ingest(source.rows())
        if await to_thread.run_sync(source.digest) != digest:
            raise InputError(f"{self.path} changed while it was read: run the command again")
        if source.is_json:
            await journal.set_columns(job, list(intake.columns))
        for note in intake.notes():
            self.observer.note(note)
        if not self.options.allow_reship:
            await intake.reject_conflicts()
        await journal.finish_planning(job)

    def _read(self, rows: int) -> None:
        self.progress.rows = rows
        self.observer.progress(self.progress)


@define(kw_only=True)
class ResumedJob(JobRunner):
    """One run over a job whose rows are in the journal, so that it needs no input."""

    name: str

    async def run(self, client: BulkClient) -> JobSummary:
        """Resume the job.

        :param client: Client of the system that the journal's location belongs to.
        :return: Number of rows by result; the files are in the output folder.
        :raises JournalError: There is no such job, its rows are incomplete, or another run holds it.
        """
        began, clock = monotonic(), self.clock_of(client)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.allow_reship) as journal:
            job = await journal.find(self.name)
            async with journal.exclusive(job.id, f"the job {job.name}"):
                await journal.shards.delete_all(job.id)
                if not (await journal.read(job.id)).planned:
                    raise JournalError(
                        f"the rows of the job {job.name} were not all taken in when its run ended; nothing was sent",
                        advice="Run `cpl ship` with its file again",
                    )
                return await self.run_job(clock, journal, job.id, began)


def _check_sender(options: JobOptions) -> None:
    if options.sender is None:
        return
    trial = Shipment(reference_id="trial", product_type="PRIV", recipient=options.sender, sender=options.sender)
    problems = [problem for problem in problems_of(trial) if problem.path.startswith("sender")]
    if problems:
        raise ConfigurationError("the sender is not good: " + "; ".join(f"{p.path}: {p.message}" for p in problems))


async def _job(journal: Journal, source: Source, options: JobOptions, digest: str) -> int:
    return await journal.job(
        name=options.name,
        digest=digest,
        source=source.path.name,
        columns=source.columns,
        body_tail=options.payload_tail(),
        label_format=options.label_format,
        sender=sender_hash(options),
    )
