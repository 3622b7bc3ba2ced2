"""Ships a file: takes its rows in, sends them, waits, fetches labels, reports; goes on where a run ended."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio import to_thread
from attrs import define, field, frozen

from ..errors import ConfigurationError, CplError
from ..models.checking import problems_of
from ..models.codec import encode
from ..models.shipment_batches import Shipment
from .engine import Engine
from .intake import Intake, ProblemHook
from .journal import Journal, JournalPlace
from .journal.book import Job
from .locks import alone
from .options import ShipOptions
from .outputs import Output, Summary
from .progress import Phase, Progress, ProgressHook
from .protocol import BulkClient
from .reading import InputError, Source
from .states import GOES_ON, RowState

__all__ = ["Checked", "ShipFile", "check_file"]


@frozen(kw_only=True)
class Checked:
    """What the check of a file found."""

    rows: int
    rejected: int
    notes: list[str]


async def check_file(path: Path, options: ShipOptions, on_problem: ProblemHook) -> Checked:
    """Read and check all rows of a file and send nothing.

    :param on_problem: called for each bad row.
    :raises InputError: when the file cannot be read.
    :raises ConfigurationError: when the sender is not good.
    """
    _check_sender(options)
    source = Source(path)
    with TemporaryDirectory(prefix="cpl-check-") as folder:
        place = JournalPlace(folder=Path(folder), base_url="check", client_id="check")
        async with Journal.open(place) as journal:
            job = await _job(journal, source, options, "")
            intake = Intake(journal.planning, job, options.sender, on_problem, lambda _: None)
            await intake.take(source.rows())
    return Checked(rows=intake.rows, rejected=intake.rejected, notes=intake.notes())


@define(kw_only=True)
class ShipFile:
    """One run over a file. The journal knows what earlier runs did: what is settled is not done again."""

    path: Path
    out: Path
    place: JournalPlace
    options: ShipOptions = field(factory=ShipOptions)
    on_problem: ProblemHook = field(default=lambda number, line, problems: None)
    on_progress: ProgressHook = field(default=lambda progress: None)
    on_note: Callable[[str], None] = field(default=lambda note: None)
    """Called with what is worth knowing at once: a wait for the network, columns that are not read."""
    progress: Progress = field(init=False, factory=Progress)
    stopped_by: CplError | None = field(init=False, default=None)
    """Why sending ended before its end, if it did."""
    late: bool = field(init=False, default=False)
    """Whether the deadline came before the end."""
    _stop: asyncio.Event = field(init=False, factory=asyncio.Event)
    _source: Source | None = field(init=False, default=None)

    @property
    def began_sending(self) -> bool:
        """Whether a request that creates something may have left in this run."""
        return self.progress.phase is not Phase.READING

    @property
    def interrupted(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stop.is_set() and self.stopped_by is None

    def stop(self) -> None:
        """Send nothing more and end when what is under way is written down; the next run goes on."""
        self._stop.set()

    def prepare(self) -> Source:
        """See that the file can be read and the output be written, before anything else.

        :raises InputError: when the file cannot be read.
        :raises ConfigurationError: when the sender is not good, or the output cannot be written.
        """
        if self._source is None:
            _check_sender(self.options)
            source = Source(self.path)
            Output(self.out, self.options).prepare(self.path)
            self._source = source
        return self._source

    async def run(self, client: BulkClient) -> Summary:
        """Ship the file.

        :param client: talks to the system that the journal's place is for.
        :return: what became of each row, counted; the files are in the output folder.
        :raises InputError: when the file cannot be read; nothing was sent.
        :raises ConfigurationError: when the sender, the output or the settings cannot be used; nothing was sent.
        :raises JournalError: when the journal cannot be used, or another run is at work on the same job or output.
        """
        began = time.monotonic()
        source = self.prepare()
        digest = await to_thread.run_sync(source.digest)
        async with Journal.open(self.place) as journal:
            job = await _job(journal, source, self.options, digest)
            with (
                alone(self.place.folder / f"job-{job}.lock", f"the job of {self.path.name}"),
                alone(Output(self.out, self.options).lock, f"the output folder {self.out}"),
            ):
                if not (await journal.read(job)).planned:
                    await self._take_in(journal, job, source, digest)
                return await self._work(client, journal, await self._readied(journal, job), began)

    async def _take_in(self, journal: Journal, job: int, source: Source, digest: str) -> None:
        """Plan all rows; what an earlier run has planned in part is planned anew, for nothing of it was sent."""
        await journal.planning.clear(job)
        intake = Intake(journal.planning, job, self.options.sender, self.on_problem, self._read)
        await intake.take(source.rows())
        if await to_thread.run_sync(source.digest) != digest:
            raise InputError(f"{self.path} changed while it was read: run the command again")
        if source.is_json:
            await journal.set_columns(job, list(intake.columns))
        for note in intake.notes():
            self.on_note(note)
        if not self.options.again:
            await intake.refuse_settled_elsewhere()
        await journal.finish_planning(job)

    async def _readied(self, journal: Journal, number: int) -> Job:
        """Return the job, ready to go on: its rows in batches, and what a killed run left in the open settled."""
        job = await journal.read(number)
        if job.label_format != self.options.label_format:
            raise ConfigurationError(f"the job {job.name} was made with labels as {job.label_format}: use that format")
        planned = (await journal.results.counts(job.id))[RowState.PLANNED]
        if planned and job.sender != _digest_of_sender(self.options):
            raise ConfigurationError(
                f"the job {job.name} was planned with another sender, and {planned} rows of it are not sent yet: "
                "use that sender, or give the rest a file of its own"
            )
        if self.options.again:
            await journal.planning.allow_again(job.id)
        await journal.course.forsake_open_attempts(job.id)
        return await journal.read(number)

    async def _work(self, client: BulkClient, journal: Journal, job: Job, began: float) -> Summary:
        output = Output(self.out, self.options)
        files = await journal.course.label_files(job.id)
        unclear = await journal.unclear.counts(job.id)
        if job.finished and not unclear.ever and output.holds(job, files):
            return await output.summary(journal.results, job, already_done=True)
        await journal.course.forget_labels(job.id, output.missing(files))
        if (other := output.job_of_before(job)) is not None:
            self.on_note(f"{self.out} held the results of the job {other}; they are replaced")
        counts = await journal.results.counts(job.id)
        self.progress = Progress.from_counts(counts)
        bad = await journal.results.rejected_before_sending(job.id)
        withhold = f"--strict, and {bad} rows are bad" if self.options.strict and bad else ""
        if _open(counts, sending=not withhold) or unclear.ever:
            await self._run_engine(client, journal, job, output, sending=not withhold)
        self._enter(Phase.JOINING)
        await journal.add_effort(job.id, seconds=time.monotonic() - began, requests=client.requests_sent)
        summary = await output.write(
            journal.results, journal.unclear, await journal.read(job.id), why_not_sent=withhold or self._why_not_sent()
        )
        if summary.rows == summary.shipped + summary.rejected:
            await journal.finish(job.id)
            output.clear_parts(job)
        self._enter(Phase.DONE)
        return summary

    async def _run_engine(
        self, client: BulkClient, journal: Journal, job: Job, output: Output, *, sending: bool
    ) -> None:
        engine = Engine(
            client=client,
            journal=journal,
            job=job,
            options=self.options,
            parts=output.parts(job),
            pictures=output.pictures,
            stop=self._stop,
            progress=self.progress,
            on_problem=self.on_problem,
            on_progress=self.on_progress,
            on_note=self.on_note,
        )
        try:
            await engine.run(sending=sending)
        finally:
            self.stopped_by, self.late = engine.stopped_by, engine.late

    def _why_not_sent(self) -> str:
        if self.late:
            return "the deadline came before"
        if self.stopped_by is not None:
            return f"sending ended early: {self.stopped_by.message}"
        return "the run was stopped" if self.interrupted else ""

    def _read(self, rows: int) -> None:
        self.progress.rows = rows
        self._tell()

    def _enter(self, phase: Phase) -> None:
        self.progress.phase = phase
        self._tell()

    def _tell(self) -> None:
        self.on_progress(self.progress)


def _open(counts: dict[RowState, int], *, sending: bool) -> int:
    """Return the number of rows for which a run can still do something."""
    return sum(counts[state] for state in GOES_ON if sending or state is not RowState.PLANNED)


def _check_sender(options: ShipOptions) -> None:
    if options.sender is None:
        return
    trial = Shipment(reference_id="trial", product_type="PRIV", recipient=options.sender, sender=options.sender)
    problems = [problem for problem in problems_of(trial) if problem.path.startswith("sender")]
    if problems:
        raise ConfigurationError("the sender is not good: " + "; ".join(f"{p.path}: {p.message}" for p in problems))


def _digest_of_sender(options: ShipOptions) -> str:
    return hashlib.sha256(encode(options.sender)).hexdigest() if options.sender is not None else ""


async def _job(journal: Journal, source: Source, options: ShipOptions, digest: str) -> int:
    return await journal.job(
        name=options.name,
        digest=digest,
        source=source.path.name,
        columns=source.columns,
        body_tail=options.body_tail(),
        label_format=options.label_format,
        sender=_digest_of_sender(options),
    )
