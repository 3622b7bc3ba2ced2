"""The stream of a caller's rows: they are shipped as they arrive, and each result is yielded when it settles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field, frozen

from ...errors import ConfigurationError
from ...messages import Message, message, text_of
from ...system.clock import monotonic
from ...transport.events import LISTENER
from ..client_protocols import BulkClient
from ..journal import Journal, JournalLocation
from ..journal.journal import Job
from ..journal.payload import TAIL_OF_ORDERS
from ..journal.row_insertion import InsertOutcome, InsertResult
from ..journal.row_queries import RowRecord
from ..journal.row_repository import NewRow
from ..metrics import Measures
from ..options import JobOptions
from ..output.folder import messages_of, state_reported
from ..pipeline.engine import Engine, RowBuffer
from ..pipeline.job_type import SHIPMENTS, JobType
from ..pipeline.row_preparer import RowPreparer
from ..progress import JobObserver, Progress
from ..reconcile.carrier_clock import CarrierClock
from ..records import RowState

__all__ = ["OrderResult", "ParcelLabel", "RowStream", "ShipResult", "interleaved"]

logger: logging.Logger = logging.getLogger("cpl_async")
ROWS_PER_COMMIT = 100
LONGEST_WAIT = 0.5
"""Seconds that rows wait for others to be inserted and sent together."""
TICK = 0.1
"""Seconds between two checks for settled rows."""
ANY_ROWS = "rows"
"""Digest of jobs whose rows are passed one by one: only their names distinguish them."""
SETTLED = (RowState.SHIPPED, RowState.REJECTED, RowState.CANCELLED)
"""Final states of a row."""
ASIDE = (RowState.UNLABELLED, RowState.FOUND, RowState.UNDECIDED, RowState.WITHDRAWING)
"""States that only the end of the run makes final: such rows are reported at the end and block no others."""
LOOKS_ASIDE = 20
"""Ticks between two checks for those among them that have settled in the meantime."""
T = TypeVar("T")


@frozen(kw_only=True)
class ParcelLabel:
    """A parcel of a shipment, and the place of its label."""

    number: str
    file: Path | None
    """File of labels, or ``None`` if there is no label."""
    page: int
    """The label's position in the file, from 0."""


@frozen(kw_only=True)
class ShipResult:
    """The result of one row."""

    row: int
    """Its position among the rows passed, 1 for the first."""
    reference: str
    state: str
    """``shipped``, ``shipped_without_label``, ``rejected``, ``cancelled`` or ``undecided``."""
    shipment_number: str | None
    """Shipment number, that of the master for a set, or ``None`` if there is no number."""
    parcels: tuple[ParcelLabel, ...]
    problems: tuple[Message, ...] = ()
    """Why the row is not shipped or has no label, as data; empty if it is shipped."""

    @property
    def message(self) -> str:
        """Why the row is not shipped or has no label, in English."""
        return text_of(self.problems)

    @property
    def is_shipped(self) -> bool:
        """Whether it has a number and all its labels."""
        return self.state == RowState.SHIPPED


@frozen(kw_only=True)
class OrderResult:
    """The result of one order."""

    row: int
    """Its position among the orders passed, 1 for the first."""
    reference: str
    state: str
    """``ordered``, ``rejected`` or ``undecided``."""
    problems: tuple[Message, ...] = ()
    """Why it is not ordered, as data; empty if it is ordered."""

    @property
    def message(self) -> str:
        """Why it is not ordered, in English."""
        return text_of(self.problems)


@define(kw_only=True)
class RowStream:
    """One run over rows that a caller passes."""

    rows: Iterable[Any] | AsyncIterable[Any]
    preparer: RowPreparer
    job_type: JobType = SHIPMENTS
    name: str
    """Name of the job. The same name resumes it, and rows that it has already are not sent again."""
    place: JournalLocation
    options: JobOptions = field(factory=JobOptions)
    label_dir: Path | None = None
    """Folder of the labels. Default: beside the journal."""
    observer: JobObserver = field(factory=JobObserver)
    _waiting: dict[int, int] = field(init=False, factory=dict)
    """Number in the journal → position among the rows passed, for rows that are not reported yet."""
    _aside: dict[int, int] = field(init=False, factory=dict)
    """The same for rows that wait for the end of the run."""
    _over: bool = field(init=False, default=False)
    """Whether the run accepts no more rows."""
    _told_at_once: list[ShipResult] = field(init=False, factory=list)
    _given: int = field(init=False, default=0)
    _changed: asyncio.Event = field(init=False, factory=asyncio.Event)
    _room: asyncio.Event = field(init=False, factory=asyncio.Event)

    async def results(self, client: BulkClient) -> AsyncGenerator[ShipResult, None]:
        """Ship the rows and yield one result for each, as it settles.

        :raises JournalError: The journal cannot be used, or another run holds this job.
        """
        clock = CarrierClock(client=client, ignores_difference=self.options.ignore_clock, on_note=self._note_for_log)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.allow_reship) as journal:
            number = await journal.job(
                name=self.name,
                digest=ANY_ROWS,
                source="rows",
                columns=[],
                kind=self.job_type.name,
                body_tail=self.options.payload_tail() if self.job_type.has_labels else TAIL_OF_ORDERS,
                label_format=self.options.label_format,
                sender="",
            )
            job = await journal.read(number)
            async with journal.exclusive(number, f"the job {self.name}"):
                await journal.shards.delete_all(number)
                self._check(job)
                await journal.finish_planning(number)
                await journal.compare(client._journal_memory, replaces_lost=self.options.allow_reship)
                await clock.learn()
                await journal.batches.abandon_open_attempts(number)
                if self.options.allow_reship:
                    await journal.rows.allow_reship(number)
                run = self._run(clock, journal, job)
                try:
                    async for result in run:
                        yield result
                finally:
                    await run.aclose()

    def _note_for_log(self, note: str) -> None:
        logger.info("job %s: %s", self.name, note)

    def _check(self, job: Job) -> None:
        if job.kind != self.job_type.name:
            raise ConfigurationError(f"the job {job.name} is one of {job.kind}: choose another name")
        if job.label_format != self.options.label_format:
            raise ConfigurationError(f"the job {job.name} was made with labels as {job.label_format}: use that format")
        if job.purged_at is not None:
            raise ConfigurationError(f"the job {job.name} is done, and its data was removed: choose another name")

    async def _run(self, clock: CarrierClock, journal: Journal, job: Job) -> AsyncGenerator[ShipResult, None]:
        stop, feed = asyncio.Event(), RowBuffer(ended=False)
        folder = self.label_dir or self.place.folder / f"labels-{job.uid[:12]}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            words = f"the folder of the labels {folder} cannot be written: {error.strerror or error}"
            raise ConfigurationError(words) from None
        gone = [name for name in await journal.batches.label_files(job.id) if not (folder / name).is_file()]
        await journal.batches.forget_labels(job.id, gone)
        await journal.keep_settings(job.id, {"out": str(folder.absolute()), "batch_size": self.options.batch_size})
        measures, started, began = Measures.from_dict(job.measures), monotonic(), clock.now()
        engine = Engine(
            client=clock.client,
            clock=clock,
            journal=journal,
            job=job,
            options=self.options,
            label_dir=folder / f"parts-{job.uid[:12]}",
            picture_dir=folder / "labels",
            stop=stop,
            progress=Progress(),
            observer=JobObserver(progress=self._wake, note=self._note_for_log),
            job_type=self.job_type,
            row_buffer=feed,
        )
        listening = LISTENER.set(measures)
        try:
            working = asyncio.create_task(engine.run(sending=True))
            feeding = asyncio.create_task(self._feed(journal, job, feed))
        finally:
            LISTENER.reset(listening)
        try:
            async for result in self._as_they_settle(journal, job, folder, working):
                yield result
            await working
            await self._take_no_more(feeding)
            async for result in self._rest(journal, job, folder, engine):
                yield result
            counts = await journal.row_queries.counts(job.id)
            if sum(counts.values()) == sum(counts[state] for state in SETTLED):
                await journal.finish(job.id)
            if feeding.done() and not feeding.cancelled():
                feeding.result()  # raises what the caller's source has raised
            await self._warn_of_duplicates(journal, job)
        finally:
            stop.set()
            feeding.cancel()
            await asyncio.gather(working, feeding, return_exceptions=True)
            measures.runs.append([began, clock.now()])
            await journal.add_effort(
                job.id, seconds=monotonic() - started, requests=measures.sent, measures=measures.as_dict()
            )

    async def _take_no_more(self, feeding: asyncio.Task[None]) -> None:
        """Stop reading rows if the run has ended before they did."""
        self._over = True
        self._room.set()
        await asyncio.wait({feeding}, timeout=LONGEST_WAIT)
        feeding.cancel()
        await asyncio.wait({feeding})

    async def _warn_of_duplicates(self, journal: Journal, job: Job) -> None:
        doubles = await journal.reconciliation.extra_parcels(job.id)
        if doubles:
            shown = ", ".join(f"{one.number} of {one.reference}" for one in doubles[:10])
            logger.warning("job %s: %d parcels are there twice: %s", self.name, len(doubles), shown)

    # --- input

    async def _feed(self, journal: Journal, job: Job, feed: RowBuffer) -> None:
        """Insert rows as they arrive, limited by the number that is sent concurrently."""
        try:
            run = await journal.row_insertion.begin(job.id)
            window = 2 * self.options.batch_size * self.options.max_concurrency
            async for given in interleaved(self.rows, "rows"):
                await self._insert(journal, job, run, given)
                feed.notify()
                while len(self._waiting) >= window and not self._over:
                    feed.flush()
                    self._room.clear()
                    await self._room.wait()
                if self._over:
                    break
        finally:
            feed.notify(ended=True)
            self._changed.set()

    async def _insert(self, journal: Journal, job: Job, run: int, given: Sequence[Any]) -> None:
        planned: list[NewRow] = []
        for row in given:
            self._given += 1
            planned.append(self.preparer.prepare(self._given, row))
        for plan, taken in zip(planned, await journal.row_insertion.insert(job.id, run, planned), strict=True):
            self._note(plan, taken)
        custs = [one.cust_reference for one in planned if one.cust_reference]
        if count := await journal.reconciliation.forget_shared(job.id, custs):
            logger.warning(
                "job %s: %d rows share their external number CUST with others: should an answer be lost, "
                "it could not be told which of them exist",
                self.name,
                count,
            )

    def _note(self, row: NewRow, one: InsertResult) -> None:
        if one.outcome in (InsertOutcome.DUPLICATE, InsertOutcome.CHANGED):
            self._told_at_once.append(
                ShipResult(
                    row=row.number,
                    reference=row.reference,
                    state=RowState.REJECTED.value,
                    shipment_number=None,
                    parcels=(),
                    problems=(one.problem,) if one.problem is not None else (),
                )
            )
        else:
            self._waiting[one.number] = row.number
        self._changed.set()

    # --- output

    def _wake(self, progress: Progress) -> None:
        self.observer.progress(progress)
        self._changed.set()

    async def _as_they_settle(
        self, journal: Journal, job: Job, folder: Path, working: asyncio.Task[None]
    ) -> AsyncIterator[ShipResult]:
        ticks = 0
        working.add_done_callback(lambda _: self._changed.set())
        while not working.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._changed.wait()
            self._changed.clear()
            for result in await self._settled(journal, job, folder, SETTLED):
                yield result
            await self._set_aside(journal, job)
            ticks += 1
            if ticks % LOOKS_ASIDE == 0 and self._aside:
                self._waiting, self._aside = {**self._aside, **self._waiting}, {}
            await asyncio.sleep(TICK if not working.done() else 0)

    async def _rest(self, journal: Journal, job: Job, folder: Path, engine: Engine) -> AsyncIterator[ShipResult]:
        """Yield the current state of rows that are not settled when the run has ended."""
        why = message("send.ended_early", error=engine.stopped_by.detail) if engine.stopped_by else None
        self._waiting, self._aside = {**self._aside, **self._waiting}, {}
        why = why or (message("send.deadline") if engine.is_past_deadline else None)
        for result in await self._settled(journal, job, folder, tuple(RowState), why):
            yield result

    async def _set_aside(self, journal: Journal, job: Job) -> None:
        """Move rows that wait for the end of the run aside, so that they block no others."""
        if not self._waiting:
            return
        between = min(self._waiting), max(self._waiting)
        for number in await journal.row_queries.numbers(job.id, ASIDE, between):
            place = self._waiting.pop(number, None)
            if place is not None:
                self._aside[number] = place
        self._room.set()

    async def _settled(
        self, journal: Journal, job: Job, folder: Path, states: Sequence[RowState], why: Message | None = None
    ) -> list[ShipResult]:
        """Return the results of rows that are in these states now, each only once."""
        results, self._told_at_once = self._told_at_once, []
        if self._waiting:
            async for row in journal.row_queries.rows(job.id, states, between=(min(self._waiting), max(self._waiting))):
                place = self._waiting.pop(row.number, None)
                if place is not None:
                    results.append(_result_of(place, row, folder, why))
            self._room.set()
        return results


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


async def interleaved(rows: Iterable[T] | AsyncIterable[T], name: str) -> AsyncGenerator[list[T], None]:
    """Yield a caller's items in small groups, none of which waits long for its next item.

    :param name: Name of the items, for the error.
    :raises ConfigurationError: It is not an iterable.
    """
    if isinstance(rows, AsyncIterable):
        source = aiter(rows)
        waiting: asyncio.Future[T] | None = None
        group: list[T] = []
        began = 0.0
        try:
            while True:
                waiting = waiting or asyncio.ensure_future(_next(source))
                left = max(0.0, began + LONGEST_WAIT - monotonic()) if group else None
                await asyncio.wait({waiting}, timeout=left)
                if not waiting.done() or len(group) == ROWS_PER_COMMIT:
                    yield group
                    group = []
                    continue
                done, waiting = waiting, None
                began = began if group else monotonic()
                group.append(done.result())
        except StopAsyncIteration:
            if group:
                yield group
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
        return
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise ConfigurationError(f"{name} takes an iterable, not {type(rows).__name__}")
    group = []
    for row in rows:
        group.append(row)
        if len(group) == ROWS_PER_COMMIT:
            yield group
            group = []
            await asyncio.sleep(0)
    if group:
        yield group


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)
