"""The sink of a caller's rows: each result is reported as soon as its row settles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from attrs import define, field

from ...errors import ConfigurationError
from ...messages import Message
from ...system.error_groups import ungrouped
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.journal import Job
from ..journal.row_insertion import InsertOutcome, InsertResult
from ..journal.row_queries import RowRecord
from ..journal.row_repository import NewRow
from ..options import JobOptions
from ..output.folder import messages_of, state_reported
from ..pipeline.job_run import JobRun
from ..pipeline.row_buffer import RowBuffer
from ..progress import JobObserver, Progress
from ..records import RowState
from .row_results import ParcelLabel, ShipResult
from .row_source import CallerRows
from .runner import JobRunner

__all__ = ["StreamSink", "stream_results"]

logger: logging.Logger = logging.getLogger("cpl_async")
TICK_SECONDS = 0.1
"""Seconds between two checks for settled rows."""
IDLE_SECONDS = 1.0
"""Maximum seconds between two checks while nothing happens."""
SETTLED = (RowState.SHIPPED, RowState.REJECTED, RowState.CANCELLED)
"""Final states of a row."""
IN_PROGRESS = (RowState.PLANNED, RowState.SENDING, RowState.ACCEPTED, RowState.CREATED)
SETTLED_AT_END = tuple(state for state in RowState if state not in (*SETTLED, *IN_PROGRESS))
"""States that only the end of the run makes final, or another command: such rows are reported at the end, and others
do not wait for them."""
TICKS_PER_RECHECK = 20
"""Ticks between two checks for those among them that have settled in the meantime."""


@define
class StreamSink:
    """Reports the results of rows through a queue, and limits the number of rows that are open or not taken yet."""

    folder: Path | None
    """Folder of the labels. Default: beside the journal."""
    is_whole_job: bool = True
    queue: asyncio.Queue[ShipResult | None] = field(init=False, factory=asyncio.Queue)
    """Results in the order in which rows settle."""
    _waiting: dict[int, int] = field(init=False, factory=dict)
    """Number in the journal → position among the rows passed, for rows that are not reported yet."""
    _set_aside: dict[int, int] = field(init=False, factory=dict)
    """The same for rows that wait for the end of the run."""
    _label_folder: Path = field(init=False, factory=Path)
    _ended: bool = field(init=False, default=False)
    """Whether the run accepts no more rows."""
    _changed: asyncio.Event = field(init=False, factory=asyncio.Event)
    _room: asyncio.Event = field(init=False, factory=asyncio.Event)

    # --- for the source

    def inserted(self, row: NewRow, result: InsertResult) -> None:
        """Report a row that the job has already, or wait for its result."""
        if result.outcome in (InsertOutcome.DUPLICATE, InsertOutcome.CHANGED):
            self.queue.put_nowait(
                ShipResult(
                    row=row.number,
                    reference=row.reference,
                    state=RowState.REJECTED.value,
                    shipment_number=None,
                    parcels=(),
                    problems=(result.problem,) if result.problem is not None else (),
                )
            )
        else:
            self._waiting[result.number] = row.number
        self._changed.set()

    async def wait_for_room(self, most: int, step: int, buffer: RowBuffer) -> bool:
        """Wait while too many rows are open or not taken by the caller, and return ``False`` if the run has ended.

        :param most: Rows from which no more are accepted.
        :param step: Rows for which there must be room then, so that they fill a batch.
        """
        if self._open < most:
            return not self._ended
        buffer.flush()
        while self._open > max(0, most - step) and not self._ended:
            self._room.clear()
            await self._room.wait()
        return not self._ended

    @property
    def _open(self) -> int:
        return len(self._waiting) + self.queue.qsize()

    # --- for the runner

    def prepare(self, source: Path | None) -> None:
        """Do nothing: the folder of the labels is known when the job is."""

    def locked(self) -> AbstractContextManager[None]:
        """Return a context without a lock: each job has its own folder."""
        return nullcontext()

    async def verify_journal(self, journal: Journal) -> None:
        """Do nothing: no results of an earlier run are needed."""

    def settings(self, job: Job, place: JournalLocation, options: JobOptions) -> dict[str, Any]:
        """Return the settings that a later run of this job by its name alone needs."""
        return {"out": str(self._folder_of(job, place).absolute()), "batch_size": options.batch_size}

    def label_dirs(self, job: Job) -> tuple[Path, Path]:
        """Return two folders: for labels that will be merged, and for those that are not."""
        return self._label_folder / f"parts-{job.uid[:12]}", self._label_folder / "labels"

    async def settled_before(self, run: JobRun) -> None:
        """Return ``None``: rows may come that the job does not have yet."""

    async def begin(self, run: JobRun) -> None:
        """Create the folder of the labels, and have labels fetched again whose file is missing.

        :raises ConfigurationError: The folder cannot be written.
        """
        folder = self._label_folder = self._folder_of(run.job, run.journal.place)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            text = f"the folder of the labels {folder} cannot be written: {error.strerror or error}"
            raise ConfigurationError(text) from None
        batches = run.journal.batches
        gone = [name for name in await batches.label_files(run.job.id) if not (folder / name).is_file()]
        await batches.forget_labels(run.job.id, gone)
        run.progress = Progress()

    @asynccontextmanager
    async def collecting(self, run: JobRun) -> AsyncIterator[None]:
        """Report rows that settle while the block runs."""
        stopping = asyncio.Event()
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._collect(run, stopping))
                try:
                    yield
                finally:
                    stopping.set()
                    self._changed.set()

    def accept_no_more(self) -> None:
        """Refuse further rows: sending has ended."""
        self._ended = True
        self._room.set()

    async def end(self, run: JobRun, why_not_sent: Message | None) -> None:
        """Report the state of rows that are not settled, and finish the job if there are none."""
        self._waiting, self._set_aside = {**self._set_aside, **self._waiting}, {}
        await self._report(run, tuple(RowState), why_not_sent)
        counts = await run.journal.row_queries.counts(run.job.id)
        if sum(counts.values()) == sum(counts[state] for state in SETTLED):
            await run.journal.finish(run.job.id)
        extra = await run.journal.reconciliation.extra_parcels(run.job.id)
        if extra:
            shown = ", ".join(f"{one.number} of {one.reference}" for one in extra[:10])
            logger.warning("job %s: %d parcels are there twice: %s", run.job.name, len(extra), shown)

    # --- for itself

    def _folder_of(self, job: Job, place: JournalLocation) -> Path:
        return self.folder or place.folder / f"labels-{job.uid[:12]}"

    def wake(self, progress: Progress) -> None:
        """Check for settled rows soon."""
        self._changed.set()

    def taken(self) -> None:
        """Accept more rows: the caller has taken a result."""
        self._room.set()

    async def _collect(self, run: JobRun, stopping: asyncio.Event) -> None:
        ticks = 0
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            await self._report(run, SETTLED)
            await self._put_aside(run)
            ticks += 1
            if ticks % TICKS_PER_RECHECK == 0 and self._set_aside:
                self._waiting, self._set_aside = {**self._set_aside, **self._waiting}, {}
            if not stopping.is_set():
                await asyncio.sleep(TICK_SECONDS)

    async def _put_aside(self, run: JobRun) -> None:
        """Move rows that wait for the end of the run aside, so that they block no others."""
        if not self._waiting:
            return
        between = min(self._waiting), max(self._waiting)
        for number in await run.journal.row_queries.numbers(run.job.id, SETTLED_AT_END, between):
            place = self._waiting.pop(number, None)
            if place is not None:
                self._set_aside[number] = place
        self._room.set()

    async def _report(self, run: JobRun, states: Sequence[RowState], why: Message | None = None) -> None:
        """Report the rows that are in these states now, each only once."""
        if not self._waiting:
            return
        between = (min(self._waiting), max(self._waiting))
        async for row in run.journal.row_queries.rows(run.job.id, states, between=between):
            place = self._waiting.pop(row.number, None)
            if place is not None:
                self.queue.put_nowait(_result_of(place, row, self._label_folder, why))
        self._room.set()


def _result_of(place: int, row: RowRecord, folder: Path, why: Message | None) -> ShipResult:
    return ShipResult(
        row=place,
        reference=row.reference,
        state=state_reported(row.state).value,
        shipment_number=row.shipment_number,
        parcels=tuple(
            ParcelLabel(number=parcel.number, file=folder / parcel.file if parcel.file else None, page=parcel.page or 0)
            for parcel in row.parcels
        ),
        problems=messages_of(row, why),
    )


async def stream_results(
    rows: CallerRows, sink: StreamSink, place: JournalLocation, options: JobOptions, client: BulkClient
) -> AsyncGenerator[ShipResult, None]:
    """Ship a caller's rows and yield one result for each, as it settles.

    :raises JournalError: The journal cannot be used, or another run holds this job.
    """
    rows.window = sink
    observer = JobObserver(progress=sink.wake, note=lambda note: logger.info("job %s: %s", rows.name, note))
    runner = JobRunner(source=rows, sink=sink, place=place, options=options, observer=observer)
    running = asyncio.create_task(runner.run(client))
    running.add_done_callback(lambda _: sink.queue.put_nowait(None))
    try:
        while (result := await sink.queue.get()) is not None:
            sink.taken()
            yield result
        await running
    finally:
        runner.stop()
        await asyncio.gather(running, return_exceptions=True)
