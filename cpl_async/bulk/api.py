"""The bulk engine as a client offers it: many shipments, exactly once, and the jobs that they are shipped in."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from anyio import to_thread
from attrs import evolve

from .._nearest import nearest_names
from ..errors import ConfigurationError
from .jobs import BulkJob, JobCancelled, Jobs, Resolution, UndecidedRow
from .journal.account import locate_journal
from .journal.shard_repository import ShardStats
from .options import FOR_EXCEL, FOR_PROGRAMS, JobOptions
from .output.folder import JobSummary
from .parsing.column_mapping import ShopMapping
from .pipeline.job_type import ORDERS
from .pipeline.row_preparer import OrderPreparer, ShipmentPreparer
from .progress import Progress
from .readers.mapping_file import load_mapping
from .readers.reading_options import ReadingOptions
from .reconcile.canceller import CancelResult, ShipmentCanceller
from .runs.enqueue import EnqueuedJob, EnqueueRows, RejectedRow
from .runs.file_job import FileJob, ResumedJob
from .runs.lease import LEASE_SECONDS
from .runs.row_stream import OrderResult, RowStream, ShipResult, interleaved
from .runs.worker import ShardResult, Worker

if TYPE_CHECKING:
    from ..models.addresses import Address
    from ..models.codes import LabelFormat
    from ..models.order_batches import Order
    from ..models.shipment_batches import Shipment

__all__ = ["Bulk", "BulkOptions", "FileOptions"]

logger: logging.Logger = logging.getLogger("cpl_async")
SHARD_SIZE = 10_000
"""Rows in a part: some seconds of sending, and little to reconcile when its worker dies."""
READ_BY = ("map", "encoding", "delimiter", "sheet")
"""Options about how a file is read."""


class BulkOptions(TypedDict, total=False):
    """What may be chosen about shipping many; what is not given is as ``cpl ship`` has it."""

    sender: Address
    """Sender of all rows that have none; the customer's own address without one."""
    batch_size: int
    """Shipments in one request, 1–1000."""
    max_concurrency: int
    """Batches that are sent at once, at least 1."""
    settle_time: float
    """Seconds after a lost answer until what it created must be visible; 900 unless given."""
    import_timeout: float
    """Seconds from a batch's acceptance after which its open rows are left undecided for this run."""
    pilot_rows: int
    """Rows that go first where nothing is known to be there; 0 for none."""
    deadline: datetime
    """With its offset: nothing is sent from then on."""
    label_format: LabelFormat
    a4: bool
    """Four labels on an A4 sheet; PDF files of a whole job only."""
    position: int
    """Place of the first label on the first sheet, 1–4."""
    strict: bool
    """Send nothing when any row of a file is bad."""
    allow_reship: bool
    """Send rows too whose reference an earlier job has shipped, or may have: they are billed again."""
    ignore_clock: bool
    """Send though this machine's clock is hours off the carrier's."""
    resend_unlabelled: bool
    """Cancel what was found without its label, and send it again once it is seen cancelled."""
    cancel_duplicates: bool
    """Cancel shipments that are there twice, all but the one that counts."""
    reports: bool
    """Whether a report and a handover manifest are made of a file's job."""
    language: str
    """Of these: ``en`` or ``cs``."""


class FileOptions(BulkOptions, total=False):
    """What may be chosen about shipping a file besides."""

    map: str | Path
    """TOML or JSON file with the shop's own names for columns, carriers and payments."""
    encoding: str
    """Of text, where it is not recognised, e.g. ``windows-1250``."""
    delimiter: str
    """Between the fields of CSV, where it is not recognised: one character, or ``tab``, ``comma``, ``semicolon``."""
    sheet: str
    """Of a workbook; its first one unless given."""
    excel: bool
    """Whether the tables are written as a Czech Excel opens them."""


class Bulk:
    """Many shipments, exactly once on an API that takes everything twice; needs the extra ``bulk``.

    What is about to be sent is written to a journal first, so that any stop loses nothing and repeats nothing.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    async def ship(
        self,
        rows: Iterable[Shipment | Mapping[str, Any]] | AsyncIterable[Shipment | Mapping[str, Any]],
        *,
        name: str,
        columns: Mapping[str, str] | None = None,
        label_dir: str | Path | None = None,
        **options: Unpack[BulkOptions],
    ) -> AsyncGenerator[ShipResult, None]:
        """Ship any number of rows and yield one result for each, as it settles; memory stays flat.

        Give the same name and the same rows again after any stop: what is settled is told again and not sent again.

        :param rows: shipments, or mappings with columns as ``cpl ship`` reads them; read as they are needed.
        :param name: of the job.
        :param columns: key of the mappings → our column, for keys that are not recognised.
        :param labels: folder of the labels; beside the journal unless given.
        :param options: see :class:`BulkOptions`.
        :return: results in the order in which rows settle; leaving early ends the run in good order.
        :raises ConfigurationError: for an option that cannot be used.
        :raises JournalError: when the journal cannot be used, or another run is at work on this job.
        """
        run = RowStream(
            rows=rows,
            planner=ShipmentPreparer(options.get("sender"), columns or {}),
            name=_named(name),
            place=await locate_journal(self._client),
            options=_options(options),
            labels=Path(label_dir) if label_dir is not None else None,
        )
        results = run.results(self._client)
        try:
            async for result in results:
                yield result
        finally:
            await results.aclose()

    async def order(
        self, orders: Iterable[Order] | AsyncIterable[Order], *, name: str, **options: Unpack[BulkOptions]
    ) -> AsyncGenerator[OrderResult, None]:
        """Order any number of collections and transports, exactly once, and yield one result for each as it settles.

        An order is known again by its reference, its day and its number of parcels, since the list of orders shows no
        moment at which they were made.

        :param orders: read as they are needed, each with a reference of its own.
        :param name: of the job; give it again after any stop.
        :param options: see :class:`BulkOptions`; those about labels do nothing here.
        :return: results in the order in which orders settle.
        :raises ConfigurationError: for an option that cannot be used.
        :raises JournalError: when the journal cannot be used, or another run is at work on this job.
        """
        run = RowStream(
            rows=orders,
            planner=OrderPreparer(),
            kind=ORDERS,
            name=_named(name),
            place=await locate_journal(self._client),
            options=_options(options),
        )
        results = run.results(self._client)
        try:
            async for result in results:
                state = "ordered" if result.is_shipped else result.state
                yield OrderResult(row=result.row, reference=result.reference, state=state, problems=result.problems)
        finally:
            await results.aclose()

    async def ship_file(
        self,
        path: str | Path,
        out: str | Path = "out",
        *,
        name: str | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        **options: Unpack[FileOptions],
    ) -> JobSummary:
        """Ship a file, as ``cpl ship`` does; run it again after any stop.

        :param path: CSV, Excel, Parquet or JSON Lines; see the docs for what its columns may be called.
        :param out: folder for labels, tables, report and protocol.
        :param name: of the job; without one it is known by the file's content.
        :param on_progress: called with the counts while the job runs, never more often than it returns.
        :param options: see :class:`FileOptions` and :class:`BulkOptions`.
        :return: what became of the rows, counted.
        :raises ConfigurationError: when the file, the output or an option cannot be used; nothing was sent.
        :raises JournalError: when the journal cannot be used, or another run is at work on the same job or output.
        """
        chosen = await to_thread.run_sync(_file_options, name, options)
        run = FileJob(path=Path(path), out=Path(out), place=await locate_journal(self._client), options=chosen)
        run.on_note = logger.warning
        run.prepare()
        async with _reporting_progress(run, on_progress):
            return await run.run(self._client)

    async def resume(
        self,
        name: str,
        *,
        out: str | Path | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        **options: Unpack[BulkOptions],
    ) -> JobSummary:
        """Go on with a job by its name; its input is not needed.

        :param out: another output folder than before.
        :param on_progress: see :meth:`ship_file`.
        :param options: see :class:`BulkOptions`; the layout of labels is as before.
        :return: what became of the rows, counted.
        :raises JournalError: when there is no such job, or another run is at work on it.
        """
        run = await (await self._jobs()).resumed(name, Path(out) if out is not None else None)
        run.options = _options(options, on=run.options)
        async with _reporting_progress(run, on_progress):
            return await run.run(self._client)

    async def enqueue(
        self,
        source: str | Path | Iterable[Shipment | Mapping[str, Any]] | AsyncIterable[Shipment | Mapping[str, Any]],
        *,
        out: str | Path,
        name: str | None = None,
        shard_size: int = SHARD_SIZE,
        columns: Mapping[str, str] | None = None,
        **options: Unpack[FileOptions],
    ) -> EnqueuedJob:
        """Take rows in and cut their job into parts, for workers on any hosts; nothing is sent by this call.

        The journal must be in PostgreSQL. Whoever calls :meth:`work` carries a part; the last one makes labels, tables
        and papers. Call it again after any stop: while workers are at the job it stays as it is.

        :param source: a file, as :meth:`ship_file` reads it, or rows, as :meth:`ship` takes them.
        :param out: folder for labels and reports on the host of the worker that comes last: its whole path.
        :param name: of the job; a file's job is known by its content without one.
        :param shard_size: rows in a part, at least 1.
        :param columns: of rows, see :meth:`ship`.
        :param options: see :class:`FileOptions` and :class:`BulkOptions`.
        :return: the job's name, and how its parts stand.
        :raises ConfigurationError: when the file or an option cannot be used, or the journal is a file.
        :raises JournalError: when the journal cannot be used, or a run has the job to itself.
        """
        if not Path(out).is_absolute():
            raise ConfigurationError(f"out is a folder on a worker's host: give its whole path, not {str(out)!r}")
        if not isinstance(shard_size, int) or shard_size < 1:
            raise ConfigurationError(f"shard_size is a number of rows, not {shard_size!r}")
        chosen = await to_thread.run_sync(_file_options, name, options)
        place = await locate_journal(self._client)
        if isinstance(source, str | Path):
            if columns is not None:
                raise ConfigurationError("columns goes with rows; a file's are named in map")
            run: FileJob | EnqueueRows = FileJob(
                path=Path(source), out=Path(out), out_is_here=False, place=place, options=chosen
            )
        else:
            if chosen.name is None:
                raise ConfigurationError("rows that are given one by one need a name for their job")
            planner = ShipmentPreparer(options.get("sender"), columns or {})
            run = EnqueueRows(
                rows=source, planner=planner, name=chosen.name, out=Path(out), place=place, options=chosen
            )
        refused: list[RejectedRow] = []
        run.on_note = logger.warning
        run.on_problem = lambda rejected: refused.append(
            RejectedRow(row=rejected.number, line=rejected.line, problems=rejected.problems)
        )
        job, standing = await run.enqueue(self._client, shard_size)
        return EnqueuedJob(job=job, stats=standing, rejected=tuple(refused))

    async def process_shard(
        self, name: str, *, lease: float = LEASE_SECONDS, on_progress: Callable[[Progress], object] | None = None
    ) -> ShardResult:
        """Carry one part of a job that was handed over to its end: a part that is free, or that a dead worker has left.

        :param name: of the job.
        :param lease: seconds after which another worker takes the part, if nothing is heard of this one; at least 1.
        :param on_progress: see :meth:`ship_file`.
        :return: what was done, and how the job's parts stand now; no part, when there was none to be had.
        :raises JournalError: without such a job, or when the part was taken over meanwhile.
        """
        if not lease >= 1:
            raise ConfigurationError(f"lease is a number of seconds from 1 on, not {lease!r}")
        worker = Worker(place=await locate_journal(self._client), name=_named(name), lease=lease)
        worker.on_note = logger.warning
        async with _reporting_progress(worker, on_progress):
            return await worker.process_shard(self._client)

    async def shards(self, name: str) -> ShardStats:
        """Return how the parts of a job stand that was handed over.

        :raises JournalError: when there is none of this name.
        """
        return await (await self._jobs()).shards(name)

    async def jobs(self) -> list[BulkJob]:
        """Return all jobs of this account, the newest first."""
        return await (await self._jobs()).list()

    async def job(self, name: str) -> BulkJob:
        """Return how one job stands.

        :raises JournalError: when there is none of this name.
        """
        return await (await self._jobs()).show(name)

    async def undecided(self, name: str) -> AsyncGenerator[UndecidedRow, None]:
        """Yield the rows of a job of which nobody knows whether they were created, with what is known.

        :raises JournalError: when there is no such job.
        """
        async for row in (await self._jobs()).undecided(name):
            yield row

    async def resolve(self, name: str, reference: str, resolution: Resolution, *, numbers: Iterable[str] = ()) -> None:
        """Store the decision of a person on an undecided row.

        :param name: Name of the job.
        :param reference: Reference of the row.
        :param resolution: The decision: shipped, resend or abandon.
        :param numbers: Numbers of its parcels, the master first, for ``Resolution.SHIPPED`` only. Default: none.
        :raises ConfigurationError: Decision and numbers do not fit together.
        :raises JournalError: There is no such job or row, the row is not undecided, or the job is running.
        """
        given = (numbers,) if isinstance(numbers, str) else tuple(numbers)
        await (await self._jobs()).resolve(name, reference, resolution, numbers=given)

    async def cancel(self, name: str) -> JobCancelled:
        """Cancel all shipments of a job that can still be cancelled, and see that they are.

        :raises JournalError: without such a job, or while a run is at work on it.
        """
        return await (await self._jobs()).cancel(name, self._client.shipments)

    async def cancel_shipments(
        self, numbers: Iterable[str] | AsyncIterable[str], *, patience: float = 60.0
    ) -> AsyncGenerator[CancelResult, None]:
        """Cancel any number of parcels, see that they are cancelled, and yield what became of each.

        One whose answer is lost is asked after; one that is cancelled already is cancelled.

        :param numbers: shipment numbers, read as they are needed.
        :param patience: seconds after which a parcel that is not seen cancelled is given as unclear.
        :return: results in groups, in the order of the numbers; ``refused`` has the carrier's words.
        :raises ConfigurationError: for what is no list of numbers.
        """
        async for group in interleaved(numbers, "numbers"):
            odd = [number for number in group if not isinstance(number, str) or not number]
            if odd:
                raise ConfigurationError(f"{odd[0]!r} is no shipment number; what came before it is cancelled")
            results = await ShipmentCanceller(calls=self._client.shipments, patience=patience).cancel(group)
            for result in results.values():
                yield result

    async def purge(self, name: str, *, force: bool = False) -> None:
        """Remove the personal data of a job; its counts stay, and keyed hashes by which its references are known.

        :param force: also when rows are not settled: what becomes of them can then not be found out any more.
        :raises JournalError: without such a job, with rows that are not settled, or while a run is at work on it.
        """
        await (await self._jobs()).purge(name, force=force)

    async def journal(self) -> str:
        """Return where this account's journal is: what it knows is what keeps shipments from being sent twice.

        :return: the path of its file, or the address of its PostgreSQL without a password.
        """
        return (await locate_journal(self._client)).display_text

    async def _jobs(self) -> Jobs:
        return Jobs(await locate_journal(self._client))


def _named(name: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError("name is the name of the job, and must not be empty")
    return name


def _reading(given: FileOptions) -> ReadingOptions:
    """Return how a file is read."""
    file = given.get("map")
    if not isinstance(file, str | Path | None):
        raise ConfigurationError(f"map is the path of a file, not {type(file).__name__}")
    names = load_mapping(Path(file)) if file is not None else ShopMapping()
    told: dict[str, Any] = {option: given.get(option) for option in READ_BY if option != "map"}
    for option, value in told.items():
        if not isinstance(value, str | None):
            raise ConfigurationError(f"{option} is text, not {type(value).__name__}")
    return ReadingOptions(names=names, **told)


def _file_options(name: str | None, options: FileOptions) -> JobOptions:
    """Return the options of a run over a file."""
    given = {option: value for option, value in options.items() if option not in READ_BY}
    tables = FOR_EXCEL if given.pop("excel", False) else FOR_PROGRAMS
    named = _named(name) if name is not None else None
    return _options(given, FileOptions, name=named, reading=_reading(options), tables=tables)


def _options(
    given: Mapping[str, Any], kind: Any = BulkOptions, *, on: JobOptions | None = None, **more: Any
) -> JobOptions:
    """Return the options of a run.

    :param kind: what may be given.
    :param on: options that hold where none is given.
    :raises ConfigurationError: for one that is not known or cannot be used.
    """
    known = kind.__annotations__
    unknown = given.keys() - known.keys()
    if unknown:
        raise ConfigurationError(f"there is no option {nearest_names(unknown, known)}")
    chosen: dict[str, Any] = {**given, **more}
    if (deadline := chosen.get("deadline")) is not None:
        if not isinstance(deadline, datetime) or deadline.tzinfo is None:
            raise ConfigurationError("deadline is a datetime with its time zone")
        chosen["deadline"] = deadline.timestamp()
    for name, value in chosen.items():
        try:
            JobOptions(**{name: value})
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"the option {name} cannot be {value!r}: {error}") from None
    return evolve(on, **chosen) if on is not None else JobOptions(**chosen)


@asynccontextmanager
async def _reporting_progress(
    run: FileJob | ResumedJob | Worker, on_progress: Callable[[Progress], object] | None
) -> AsyncIterator[None]:
    """Have the caller told how far the run is: the latest counts, whenever the last call has returned."""
    if on_progress is None:
        yield
        return
    latest: list[Progress] = []
    changed = asyncio.Event()

    def keep(progress: Progress) -> None:
        latest[:] = [evolve(progress)]
        changed.set()

    async def tell() -> None:
        while True:
            await changed.wait()
            changed.clear()
            await _report_progress(on_progress, latest[0])

    run.on_progress = keep
    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    if latest:
        await _report_progress(on_progress, latest[0])


async def _report_progress(hook: Callable[[Progress], object], progress: Progress) -> None:
    result = hook(progress)
    if inspect.isawaitable(result):
        await result
