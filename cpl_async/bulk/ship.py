"""Ships a file: takes its rows in, sends them, waits, fetches labels, reports; goes on where a run ended."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio import to_thread
from attrs import define, field, frozen

from ..errors import ConfigurationError, CplError
from ..models.checking import problems_of
from ..models.codec import encode
from ..models.shipment_batches import Shipment
from .columns import RowProblem
from .delivery import Delivered, Delivery, NothingMoves
from .intake import Intake, ProblemHook
from .journal import Journal, JournalPlace
from .journal.book import Job
from .journal.course import RowResult
from .labelling import Labelling
from .locks import alone
from .options import ShipOptions
from .outputs import Output, Summary
from .polling import OpenBatch, Polling
from .progress import Phase, Progress, ProgressHook
from .protocol import BulkClient
from .reading import InputError, Source
from .states import GOES_ON, BatchState, RowState

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
    source = Source(path, options.reading)
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
            source = Source(self.path, self.options.reading)
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
        await journal.planning.make_batches(job.id, self.options.batch_size)
        await journal.course.forsake_open_attempts(job.id)
        return await journal.read(number)

    async def _work(self, client: BulkClient, journal: Journal, job: Job, began: float) -> Summary:
        output = Output(self.out, self.options)
        files = await journal.course.label_files(job.id)
        if job.finished and output.holds(job, files):
            return await output.summary(journal.results, job, already_done=True)
        await journal.course.forget_labels(job.id, output.missing(files))
        if (other := output.job_of_before(job)) is not None:
            self.on_note(f"{self.out} held the results of the job {other}; they are replaced")
        counts = await journal.results.counts(job.id)
        self.progress = Progress.from_counts(counts)
        bad = await journal.results.rejected_before_sending(job.id)
        withhold = f"--strict, and {bad} rows are bad" if self.options.strict and bad else ""
        if _open(counts, sending=not withhold):
            await self._send_and_fetch(client, journal, job, output, sending=not withhold)
        self._enter(Phase.JOINING)
        await journal.add_effort(job.id, seconds=time.monotonic() - began, requests=client.requests_sent)
        summary = await output.write(
            journal.results, await journal.read(job.id), why_not_sent=withhold or self._why_not_sent()
        )
        if summary.rows == summary.shipped + summary.rejected:
            await journal.finish(job.id)
            output.clear_parts(job)
        self._enter(Phase.DONE)
        return summary

    def _why_not_sent(self) -> str:
        if self.stopped_by is not None:
            return f"sending ended early: {self.stopped_by.message}"
        return "the run was stopped" if self.interrupted else ""

    async def _send_and_fetch(
        self, client: BulkClient, journal: Journal, job: Job, output: Output, *, sending: bool
    ) -> None:
        course = journal.course
        labelling = Labelling(
            client=client,
            course=course,
            job=job.id,
            label_format=self.options.label_format,
            parts=output.parts(job),
            pictures=output.pictures,
            stop=self._stop,
            on_labelled=self._count("labelled"),
        )
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:

                async def fetch_labels(batch: OpenBatch) -> None:
                    tasks.create_task(labelling.fetch(batch.batch, batch.remote_id))

                polling = Polling(
                    calls=client.shipment_batches,
                    course=course,
                    wait=self.options.wait,
                    stop=self._stop,
                    on_imported=fetch_labels,
                    on_created=self._count("created"),
                    on_refused=self._refused,
                    on_undecided=self._count("undecided"),
                    on_end=self._end,
                )
                for batch, remote_id in await course.batches_in(job.id, BatchState.IMPORTED):
                    tasks.create_task(labelling.fetch(batch, remote_id))
                for batch, remote_id in await course.batches_in(job.id, BatchState.ACCEPTED):
                    polling.add(OpenBatch(batch=batch, remote_id=remote_id, accepted_at=time.time()))
                tasks.create_task(polling.run())
                if sending:
                    await self._send_all(client, journal, job, polling)
                polling.no_more()
        except* (CplError, OSError) as group:
            failure = _first_in(group)
        if failure is not None:
            raise failure

    async def _send_all(self, client: BulkClient, journal: Journal, job: Job, polling: Polling) -> None:
        """Send the planned batches, several at once."""

        def taken(batch: Delivered) -> None:
            self.progress.sent += batch.rows
            polling.add(OpenBatch(batch=batch.batch, remote_id=batch.remote_id, accepted_at=time.time()))
            self._tell()

        delivery = Delivery(
            calls=client.shipment_batches,
            course=journal.course,
            body_tail=job.body_tail,
            stop=self._stop,
            on_taken=taken,
            on_refused=self._refused,
            on_undecided=self._count("undecided"),
            on_note=self.on_note,
        )
        waiting = iter([batch for batch, _ in await journal.course.batches_in(job.id, BatchState.PLANNED)])

        async def send_some() -> None:
            for batch in waiting:
                if self._stop.is_set() or self.stopped_by is not None:
                    return
                try:
                    await delivery.deliver(batch)
                except NothingMoves as end:  # the others end by themselves: what they are writing is not cut off
                    self._end(end.reason)

        self._enter(Phase.SENDING)
        async with asyncio.TaskGroup() as senders:
            for _ in range(self.options.at_once):
                senders.create_task(send_some())

    def _end(self, reason: CplError) -> None:
        """Begin nothing more, since the server lets nothing through any more."""
        self.stopped_by = self.stopped_by or reason

    def _refused(self, results: Sequence[RowResult]) -> None:
        """Name the rows that the server refused, like those that our own check did."""
        terms = self.prepare().terms
        for result in results:
            self.on_problem(result.row, result.line, [RowProblem.from_text(result.message, terms)])
        if results:
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


def _first_in(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
