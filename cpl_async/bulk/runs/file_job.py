"""Ships a file: takes its rows in and carries the job to its end; goes on with one whose rows are taken in already."""

from __future__ import annotations

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
from ..pipeline.ingest import Ingestor, ProblemHook
from ..readers.source import InputError, Source
from .runner import JobRunner, has_open_shards, sender_hash

__all__ = ["CheckResult", "FileJob", "ResumedJob", "check_file"]


@frozen(kw_only=True)
class CheckResult:
    """What the check of a file found."""

    rows: int
    rejected: int
    notes: list[str]


async def check_file(path: Path, options: JobOptions, on_problem: ProblemHook) -> CheckResult:
    """Read and check all rows of a file and send nothing.

    :param on_problem: called for each bad row.
    :raises InputError: when the file cannot be read.
    :raises ConfigurationError: when the sender is not good.
    """
    _check_sender(options)
    source = Source(path, options.reading)
    with TemporaryDirectory(prefix="cpl-check-") as folder:
        place = JournalLocation(folder=Path(folder), base_url="check", client_id="check", keeps_mark=False)
        async with Journal.open(place) as journal:
            job = await _job(journal, source, options, "")
            intake = Ingestor(journal.rows, job, options.sender, on_problem, lambda _: None)
            await intake.ingest(source.rows())
    return CheckResult(rows=intake.rows, rejected=intake.rejected, notes=intake.notes())


@define(kw_only=True)
class FileJob(JobRunner):
    """One run over a file."""

    path: Path
    out_is_here: bool = True
    """Whether the output folder is one of this host, and not of a worker's."""
    _source: Source | None = field(init=False, default=None)

    def prepare(self) -> Source:
        """See that the file can be read and the output be written, before anything else.

        :raises InputError: when the file cannot be read.
        :raises ConfigurationError: when the sender is not good, or the output cannot be written.
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

        :param client: talks to the system that the journal's place is for.
        :return: what became of each row, counted; the files are in the output folder.
        :raises InputError: when the file cannot be read; nothing was sent.
        :raises ConfigurationError: when the sender, the output or the settings cannot be used; nothing was sent.
        :raises JournalError: when the journal cannot be used, or another run is at work on the same job or output.
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
        """Take the rows in and cut the job into parts for workers, or leave it as it is while workers are at it.

        The last worker makes labels and papers in the output folder, unless that is one of this host.

        :param client: Shows the carrier's time, where an earlier run has left something open.
        :param size: rows in a part.
        :return: the job's name, and how its parts stand.
        :raises InputError: when the file cannot be read; nothing was sent.
        :raises ConfigurationError: when the sender or the settings cannot be used, or rows are bad and it is strict.
        :raises JournalError: when the journal cannot be used, or a run has the job to itself.
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
        """Plan all rows; what an earlier run has planned in part is planned anew, for nothing of it was sent."""
        await journal.rows.clear(job)
        intake = Ingestor(journal.rows, job, self.options.sender, self.on_problem, self._read)
        await intake.ingest(source.rows())
        if await to_thread.run_sync(source.digest) != digest:
            raise InputError(f"{self.path} changed while it was read: run the command again")
        if source.is_json:
            await journal.set_columns(job, list(intake.columns))
        for note in intake.notes():
            self.on_note(note)
        if not self.options.allow_reship:
            await intake.refuse_settled_elsewhere()
        await journal.finish_planning(job)

    def _read(self, rows: int) -> None:
        self.progress.rows = rows
        self.on_progress(self.progress)


@define(kw_only=True)
class ResumedJob(JobRunner):
    """One run over a job whose rows are in the journal: it needs no input any more."""

    name: str

    async def run(self, client: BulkClient) -> JobSummary:
        """Go on with the job.

        :param client: talks to the system that the journal's place is for.
        :return: what became of each row, counted; the files are in the output folder.
        :raises JournalError: without such a job or all of its rows, or when another run is at work on it.
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
