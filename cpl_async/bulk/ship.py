"""Ships a file: takes its rows in, sends them, waits, fetches labels, reports; goes on where a run ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio import to_thread
from attrs import define, field, frozen
from filelock import FileLock
from filelock import Timeout as LockTaken

from ..errors import ConfigurationError, CplError, JournalError
from ..models.checking import problems_of
from ..models.shipment_batches import Shipment
from .columns import COLUMNS, RowProblem
from .delivery import Delivery, NothingMoves
from .intake import Intake, ProblemHook
from .journal import Journal, JournalPlace
from .journal.book import Job
from .journal.course import RowResult
from .labelling import Labelling
from .options import ShipOptions
from .outputs import Output, Summary
from .polling import OpenBatch, Polling
from .progress import Phase, Progress, ProgressHook
from .protocol import BulkClient
from .reading import Source
from .states import BatchState, RowState

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
            intake = Intake(journal.planning, job.id, options.sender, on_problem, lambda _: None)
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
    progress: Progress = field(init=False, factory=Progress)
    notes: list[str] = field(init=False, factory=list)
    """What is worth a look though nothing is rejected for it."""
    stopped_by: CplError | None = field(init=False, default=None)
    """Why sending ended before its end, if it did."""
    interrupted: bool = field(init=False, default=False)
    """Whether :meth:`stop` was called."""
    _source: Source | None = field(init=False, default=None)
    _polling: Polling | None = field(init=False, default=None)

    @property
    def began_sending(self) -> bool:
        """Whether a request that creates something may have left in this run."""
        return self.progress.phase is not Phase.READING

    def stop(self) -> None:
        """Send nothing more and end when what is under way is written down; the next run goes on."""
        self.interrupted = True
        if self._polling is not None:
            self._polling.stop()

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
        :raises JournalError: when the journal cannot be used, or another run is at work on the same job.
        """
        began = time.monotonic()
        source = self.prepare()
        async with Journal.open(self.place) as journal:
            digest = await to_thread.run_sync(source.digest)
            async with _alone(self.place, self.options.name or digest[:12]):
                job = await _job(journal, source, self.options, digest)
                return await self._work(client, journal, job, source, began)

    async def _work(self, client: BulkClient, journal: Journal, job: Job, source: Source, began: float) -> Summary:
        output = Output(self.out, self.options)
        if job.label_format != self.options.label_format:
            raise ConfigurationError(
                f"the job {job.name} was made with labels as {job.label_format}: use the same label format"
            )
        if not job.planned:
            await self._take_in(journal, job, source)
        elif self.options.again and await journal.planning.readmit(job.id):
            await journal.planning.make_batches(job.id, self.options.batch_size)
        await journal.course.forsake_open_attempts(job.id)
        files = await journal.course.label_files(job.id)
        here = job.finished and output.holds(job, files)
        if not here:
            await journal.course.forget_labels(job.id, output.missing(files))
        counts = await journal.results.counts(job.id)
        self.progress = Progress.from_counts(counts)
        nothing_to_do = not _open(counts) or (self.options.strict and counts[RowState.REJECTED] > 0)
        if not nothing_to_do:
            await self._send_and_fetch(client, journal, job, output)
        if not here:
            self._enter(Phase.JOINING)
        counts = await journal.results.counts(job.id)
        summary = await output.write(
            journal.results,
            job,
            requests=job.requests + client.requests_sent,
            seconds=job.seconds + (0 if here else time.monotonic() - began),
            already_done=nothing_to_do and job.planned,
            labels_are_here=here,
        )
        finished = summary.rows == summary.shipped + summary.rejected
        if not here:
            await journal.add_effort(
                job.id, seconds=time.monotonic() - began, requests=client.requests_sent, finished=finished
            )
        if finished:
            output.clear_parts()
        self._enter(Phase.DONE)
        return summary

    async def _take_in(self, journal: Journal, job: Job, source: Source) -> None:
        intake = Intake(journal.planning, job.id, self.options.sender, self.on_problem, self._read)
        await intake.take(source.rows())
        if source.is_json:
            job.columns[:] = list(intake.columns)
            await journal.set_columns(job.id, job.columns)
        self.notes = intake.notes()
        if not self.options.again:
            await intake.refuse_settled_elsewhere()
        await journal.planning.make_batches(job.id, self.options.batch_size)

    async def _send_and_fetch(self, client: BulkClient, journal: Journal, job: Job, output: Output) -> None:
        course = journal.course
        labelling = Labelling(
            client=client,
            course=course,
            job=job.id,
            label_format=self.options.label_format,
            parts=output.parts,
            pictures=output.pictures,
            on_labelled=self._count("labelled"),
        )
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:

                async def fetch_labels(batch: OpenBatch) -> None:
                    tasks.create_task(labelling.fetch(batch.batch, batch.remote_id))

                polling = self._polling = Polling(
                    calls=client.shipment_batches,
                    course=course,
                    wait=self.options.wait,
                    on_imported=fetch_labels,
                    on_created=self._count("created"),
                    on_refused=self._refused,
                    on_undecided=self._count("undecided"),
                    on_end=self._end,
                )
                for batch, remote_id, _ in await course.batches_in(job.id, BatchState.IMPORTED):
                    tasks.create_task(labelling.fetch(batch, remote_id or ""))
                for batch, remote_id, _ in await course.batches_in(job.id, BatchState.ACCEPTED):
                    polling.add(OpenBatch(batch=batch, remote_id=remote_id or "", accepted_at=time.time()))
                tasks.create_task(polling.run())
                await self._send_all(client, journal, job, polling)
        except* CplError as group:
            failure = _first_in(group)
        if failure is not None:
            raise failure

    async def _send_all(self, client: BulkClient, journal: Journal, job: Job, polling: Polling) -> None:
        """Send the planned batches, several at once."""
        delivery = Delivery(
            calls=client.shipment_batches,
            course=journal.course,
            body_tail=job.body_tail,
            on_refused=self._refused,
            on_undecided=self._count("undecided"),
        )
        waiting = iter([batch for batch, _, _ in await journal.course.batches_in(job.id, BatchState.PLANNED)])

        async def send_some() -> None:
            for batch in waiting:
                if self.interrupted or self.stopped_by is not None:
                    return
                try:
                    taken_ones = await delivery.deliver(batch)
                except NothingMoves as end:  # the others end by themselves: what they are writing is not cut off
                    self.stopped_by = end.reason
                    return
                for taken in taken_ones:
                    self.progress.sent += taken.rows
                    polling.add(OpenBatch(batch=taken.batch, remote_id=taken.remote_id, accepted_at=time.time()))
                    self._tell()

        self._enter(Phase.SENDING)
        async with asyncio.TaskGroup() as senders:
            for _ in range(self.options.at_once):
                senders.create_task(send_some())
        polling.no_more()

    def _end(self, reason: CplError) -> None:
        """Begin nothing more, since the server lets nothing through any more."""
        self.stopped_by = self.stopped_by or reason

    def _refused(self, results: Sequence[RowResult]) -> None:
        """Name the rows that the server refused, like those that our own check did."""
        for result in results:
            column, _, words = result.message.partition(": ")
            known = column in COLUMNS
            problem = RowProblem(column=column if known else "", message=words if known else result.message)
            self.on_problem(result.row, result.line, [problem])
        self.progress.rejected += len(results)
        self._tell()

    def _read(self, rows: int) -> None:
        self.progress.rows = rows
        self._tell()

    def _enter(self, phase: Phase) -> None:
        self.progress.phase = phase
        self._tell()

    def _count(self, name: str) -> Callable[[int], None]:
        def add(count: int) -> None:
            setattr(self.progress, name, getattr(self.progress, name) + count)
            self._tell()

        return add

    def _tell(self) -> None:
        self.on_progress(self.progress)


def _open(counts: dict[RowState, int]) -> int:
    """Return the number of rows for which a run can still do something."""
    states = (RowState.PLANNED, RowState.SENDING, RowState.ACCEPTED, RowState.CREATED, RowState.UNLABELLED)
    return sum(counts[state] for state in states)


def _check_sender(options: ShipOptions) -> None:
    if options.sender is None:
        return
    trial = Shipment(reference_id="trial", product_type="PRIV", recipient=options.sender, sender=options.sender)
    problems = [problem for problem in problems_of(trial) if problem.path.startswith("sender")]
    if problems:
        raise ConfigurationError("the sender is not good: " + "; ".join(f"{p.path}: {p.message}" for p in problems))


async def _job(journal: Journal, source: Source, options: ShipOptions, digest: str) -> Job:
    return await journal.job(
        name=options.name,
        digest=digest,
        source=source.path.name,
        columns=source.columns,
        body_tail=options.body_tail(),
        label_format=options.label_format,
    )


@asynccontextmanager
async def _alone(place: JournalPlace, job: str) -> AsyncIterator[None]:
    """Hold the job for this run.

    :raises JournalError: when another run holds it.
    """
    safe = "".join(letter if letter.isalnum() else "_" for letter in job)[:80]
    lock = FileLock(place.folder / f"job-{safe}.lock", timeout=0)
    try:
        lock.acquire()
    except LockTaken:
        raise JournalError(
            f"another run is at work on the job {job}", advice="Wait until it has ended; nothing was sent by this one"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _first_in(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
