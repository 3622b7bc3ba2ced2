"""The bulk engine as an attribute of a client: it ships many shipments exactly once and manages their jobs."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from attrs import evolve

from .._nearest import nearest_names
from ..errors import ConfigurationError
from ..system.blocking import run_blocking
from .jobs import BulkJob, JobCancelled, Jobs, UndecidedRow
from .journal.account import locate_journal
from .journal.shard_repository import ShardStats
from .options import FOR_EXCEL, FOR_PROGRAMS, JobOptions
from .output.folder import JobSummary
from .parsing.column_mapping import ShopMapping
from .pipeline.job_type import ORDERS
from .pipeline.row_preparer import OrderPreparer, ShipmentPreparer
from .progress import JobObserver, Progress
from .readers.mapping_file import load_mapping
from .readers.reading_options import ReadingOptions
from .reconcile.canceller import CancelResult, ShipmentCanceller
from .records import Resolution
from .runs.enqueued_job import EnqueuedJob, RejectedRow
from .runs.file_run import file_run
from .runs.folder_sink import FolderSink
from .runs.lease import LEASE_SECONDS
from .runs.row_groups import row_groups
from .runs.row_results import OrderResult, ShipResult
from .runs.row_source import CallerRows, FileRows, RowSource
from .runs.runner import JobRunner
from .runs.stream_sink import StreamSink, stream_results
from .runs.worker import ShardResult, Worker

if TYPE_CHECKING:
    from ..models.addresses import Address
    from ..models.codes import LabelFormat
    from ..models.order_batches import Order
    from ..models.shipment_batches import Shipment

__all__ = ["Bulk", "BulkOptions", "FileOptions"]

logger: logging.Logger = logging.getLogger("cpl_async")
SHARD_SIZE = 10_000
"""Rows in a shard: some seconds of sending, and little to reconcile if its worker dies."""
READ_BY = ("map", "layout", "encoding", "delimiter", "sheet")
"""Options for reading a file."""


class BulkOptions(TypedDict, total=False):
    """Options for shipping many rows. Defaults: those of ``cpl ship``."""

    sender: Address
    """Sender of all rows that have none. Default: the customer's own address."""
    batch_size: int
    """Maximum number of shipments in a request, 1–1000. Default: 1000."""
    max_concurrency: int
    """Maximum number of batches sent concurrently, at least 1. Default: 4."""
    settle_time: float
    """Seconds after a lost response until its shipments must be visible, at least 0.1. Default: 900."""
    import_timeout: float
    """Seconds after a batch is accepted until its open rows are left undecided for this run. Default: 900."""
    pilot_rows: int
    """Rows that are sent first as control shipments if the account has none; 0 disables this. Default: 3."""
    deadline: datetime
    """Timestamp with its offset from which nothing is sent. Default: no deadline."""
    label_format: LabelFormat
    a4: bool
    """Whether four labels share an A4 sheet; merged PDF files only. Default: ``False``."""
    position: int
    """Position of the first label on the first sheet, 1–4. Default: 1."""
    strict: bool
    """Whether nothing is sent if any row of a file is invalid. Default: ``False``."""
    allow_reship: bool
    """Whether to send rows whose reference an earlier job has shipped, or may have; billed again. Default:
    ``False``."""
    ignore_clock: bool
    """Whether to send although this machine's clock is hours off the carrier's. Default: ``False``."""
    resend_unlabelled: bool
    """Whether to cancel shipments found without a label, and to resend them once they are cancelled. Default:
    ``False``."""
    cancel_duplicates: bool
    """Whether to cancel duplicate shipments, all but the one that counts. Default: ``False``."""
    reports: bool
    """Whether to make a report and a handover manifest for a file's job. Default: ``True``."""
    language: str
    """Language of both: ``en`` or ``cs``. Default: ``en``."""


class FileOptions(BulkOptions, total=False):
    """Further options for shipping a file."""

    map: str | Path
    """TOML or JSON file with the shop's own names for columns, carriers and payments."""
    encoding: str
    """Encoding of text, e.g. ``windows-1250``. Default: recognized from the file."""
    delimiter: str
    """Delimiter of CSV: one character, or ``tab``, ``comma``, ``semicolon``. Default: recognized from the file."""
    layout: str
    """Name of the shop or tool that wrote the file, e.g. ``shoptet``. Default: recognized by its headings."""
    sheet: str
    """Name of the sheet of a workbook. Default: its first one."""
    excel: bool
    """Whether the tables have the format that a Czech Excel opens. Default: ``False``."""


class Bulk:
    """The bulk engine: many shipments, exactly once on an API that accepts duplicates; needs the extra ``bulk``.

    Each batch is recorded in a journal before it is sent, so that an interruption loses nothing and repeats nothing.
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
        """Ship any number of rows and yield one result for each, as it settles, in constant memory.

        After an interruption, pass the same name and rows again: rows that are already settled are reported again but
        not resent.

        :param rows: Shipments, or mappings with columns as ``cpl ship`` reads them; read as they are needed.
        :param name: Name of the job.
        :param columns: Key of the mappings → column of this library, for keys that are not recognized.
        :param label_dir: Folder of the labels. Default: beside the journal.
        :param options: See :class:`BulkOptions`.
        :return: Results in the order in which rows settle; closing the generator early ends the run cleanly.
        :raises ConfigurationError: An option cannot be used.
        :raises JournalError: The journal cannot be used, or another run holds this job.
        """
        source = CallerRows(rows, ShipmentPreparer(options.get("sender"), columns or {}), _named(name))
        sink = StreamSink(Path(label_dir) if label_dir is not None else None)
        place = await locate_journal(self._client)
        results = stream_results(source, sink, place, _options(options), self._client)
        try:
            async for result in results:
                yield result
        finally:
            await results.aclose()

    async def order(
        self, orders: Iterable[Order] | AsyncIterable[Order], *, name: str, **options: Unpack[BulkOptions]
    ) -> AsyncGenerator[OrderResult, None]:
        """Order any number of collections and transports, exactly once, and yield one result for each as it settles.

        After a lost response, an order is recognized by its reference, its day and its number of parcels, since the
        list of orders shows no time of creation.

        :param orders: Orders, each with a reference of its own; read as they are needed.
        :param name: Name of the job; pass it again after an interruption.
        :param options: See :class:`BulkOptions`; those for labels have no effect here.
        :return: Results in the order in which orders settle.
        :raises ConfigurationError: An option cannot be used.
        :raises JournalError: The journal cannot be used, or another run holds this job.
        """
        source = CallerRows(orders, OrderPreparer(), _named(name), ORDERS)
        place = await locate_journal(self._client)
        results = stream_results(source, StreamSink(None), place, _options(options), self._client)
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
        """Ship a file, as ``cpl ship`` does; run it again after an interruption.

        :param path: CSV, Excel, Parquet or JSON Lines; the docs list the accepted names of columns.
        :param out: Folder for labels, tables, report and manifest. Default: ``out``.
        :param name: Name of the job. Default: a hash of the file's content.
        :param on_progress: Called with the counts while the job runs, one call at a time.
        :param options: See :class:`FileOptions` and :class:`BulkOptions`.
        :return: Number of rows by result.
        :raises ConfigurationError: The file, the output or an option cannot be used; nothing was sent.
        :raises JournalError: The journal cannot be used, or another run holds the same job or output.
        """
        chosen = await run_blocking(_file_options, name, options)
        place = await locate_journal(self._client)
        async with _observer(on_progress) as observer:
            return await file_run(Path(path), Path(out), place, chosen, observer).run(self._client)

    async def resume(
        self,
        name: str,
        *,
        out: str | Path | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        **options: Unpack[BulkOptions],
    ) -> JobSummary:
        """Resume a job by its name; its input is not needed.

        :param out: Output folder. Default: the folder of the last run.
        :param on_progress: See :meth:`ship_file`.
        :param options: See :class:`BulkOptions`; the layout of labels is unchanged.
        :return: Number of rows by result.
        :raises JournalError: There is no such job, or another run holds it.
        """
        folder = Path(out) if out is not None else None
        run = await (await self._jobs()).resumed(name, folder, lambda last: _options(options, on=last))
        async with _observer(on_progress) as run.observer:
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
        """Ingest rows and divide their job into shards, for workers on any hosts; this call sends nothing.

        The journal must be in PostgreSQL. Each call of :meth:`process_shard` processes a shard; the last one makes
        labels, tables and reports. Call this method again after an interruption: while workers process the job it stays
        unchanged.

        :param source: A file, as :meth:`ship_file` reads it, or rows, as :meth:`ship` takes them.
        :param out: Folder for labels and reports on the host of the last worker, as an absolute path.
        :param name: Name of the job. Default: for a file, a hash of its content.
        :param shard_size: Rows in a shard, at least 1. Default: 10,000.
        :param columns: Columns of the rows, see :meth:`ship`.
        :param options: See :class:`FileOptions` and :class:`BulkOptions`.
        :return: The job's name, and the state of its shards.
        :raises ConfigurationError: The file or an option cannot be used, or the journal is a file.
        :raises JournalError: The journal cannot be used, or a run holds the job.
        """
        if not Path(out).is_absolute():
            raise ConfigurationError(f"out is a folder on a worker's host: give its whole path, not {str(out)!r}")
        if not isinstance(shard_size, int) or shard_size < 1:
            raise ConfigurationError(f"shard_size is a number of rows, not {shard_size!r}")
        chosen = await run_blocking(_file_options, name, options)
        place = await locate_journal(self._client)
        refused: list[RejectedRow] = []
        observer = JobObserver(
            rejected=lambda row: refused.append(RejectedRow(row=row.number, line=row.line, problems=row.problems)),
            note=logger.warning,
        )
        rows: RowSource
        if isinstance(source, str | Path):
            if columns is not None:
                raise ConfigurationError("columns goes with rows; a file's are named in map")
            rows = FileRows(Path(source))
        else:
            if chosen.name is None:
                raise ConfigurationError("rows that are given one by one need a name for their job")
            rows = CallerRows(source, ShipmentPreparer(options.get("sender"), columns or {}), chosen.name)
        sink = FolderSink(Path(out), chosen, is_here=False)
        run = JobRunner(source=rows, sink=sink, place=place, options=chosen, observer=observer)
        job, stats = await run.enqueue(self._client, shard_size, closing=True)
        return EnqueuedJob(job=job, stats=stats, rejected=tuple(refused))

    async def process_shard(
        self, name: str, *, lease: float = LEASE_SECONDS, on_progress: Callable[[Progress], object] | None = None
    ) -> ShardResult:
        """Process one shard of an enqueued job to its end: a free shard, or one whose lease has expired.

        :param name: Name of the job.
        :param lease: Seconds after which another worker takes the shard over if the lease is not renewed, at least 1.
            Default: 60.
        :param on_progress: See :meth:`ship_file`.
        :return: Result of the shard, and the state of the job's shards; without a shard if there was no free one.
        :raises JournalError: There is no such job, or the shard was taken over in the meantime.
        """
        if not lease >= 1:
            raise ConfigurationError(f"lease is a number of seconds from 1 on, not {lease!r}")
        place = await locate_journal(self._client)
        async with _observer(on_progress) as observer:
            worker = Worker(place=place, name=_named(name), lease=lease, observer=observer)
            return await worker.process_shard(self._client)

    async def shards(self, name: str) -> ShardStats:
        """Return the state of the shards of an enqueued job.

        :raises JournalError: There is no job with this name.
        """
        return await (await self._jobs()).shards(name)

    async def jobs(self) -> list[BulkJob]:
        """Return all jobs of this account, the newest first."""
        return await (await self._jobs()).list()

    async def job(self, name: str) -> BulkJob:
        """Return the state of one job.

        :raises JournalError: There is no job with this name.
        """
        return await (await self._jobs()).show(name)

    async def undecided(self, name: str) -> AsyncGenerator[UndecidedRow, None]:
        """Yield the rows of a job whose result is unknown, with the reasons.

        :raises JournalError: There is no such job.
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
        """Cancel all shipments of a job that can still be cancelled, and confirm each cancellation.

        :raises JournalError: There is no such job, or a run holds it.
        """
        return await (await self._jobs()).cancel(name, self._client.shipments)

    async def cancel_shipments(
        self, numbers: Iterable[str] | AsyncIterable[str], *, patience: float = 60.0
    ) -> AsyncGenerator[CancelResult, None]:
        """Cancel any number of parcels, confirm each cancellation, and yield the result of each.

        After a lost response, a search finds the result; a parcel that is cancelled already counts as cancelled.

        :param numbers: Shipment numbers, read as they are needed.
        :param patience: Seconds after which a parcel whose cancellation is not confirmed is reported as unknown.
            Default: 60.
        :return: Results in groups, in the order of the numbers; ``refused`` has the carrier's message.
        :raises ConfigurationError: It is not a list of numbers.
        """
        async for group in row_groups(numbers, "numbers"):
            odd = [number for number in group if not isinstance(number, str) or not number]
            if odd:
                raise ConfigurationError(f"{odd[0]!r} is no shipment number; what came before it is cancelled")
            results = await ShipmentCanceller(calls=self._client.shipments, patience=patience).cancel(group)
            for result in results.values():
                yield result

    async def purge(self, name: str, *, force: bool = False) -> None:
        """Remove the personal data of a job; its counts and the keyed hashes of its references stay.

        :param force: Whether to remove it even if rows are not settled; their results can then not be found any more.
            Default: ``False``.
        :raises JournalError: There is no such job, it has rows that are not settled, or a run holds it.
        """
        await (await self._jobs()).purge(name, force=force)

    async def journal(self) -> str:
        """Return the location of this account's journal, which prevents duplicate shipments.

        :return: The path of its file, or the address of its PostgreSQL database without a password.
        """
        return (await locate_journal(self._client)).display_text

    async def _jobs(self) -> Jobs:
        return Jobs(await locate_journal(self._client))


def _named(name: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError("name is the name of the job, and must not be empty")
    return name


def _reading(given: FileOptions) -> ReadingOptions:
    """Return the options for reading a file."""
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

    :param kind: Class of the accepted options.
    :param on: Options that hold for those that are not given.
    :raises ConfigurationError: An option is not known or cannot be used.
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
async def _observer(on_progress: Callable[[Progress], object] | None) -> AsyncIterator[JobObserver]:
    """Yield an observer that logs notes, and reports progress as soon as the previous call has returned.

    :param on_progress: Callback of the caller, which may be asynchronous, or ``None``.
    """
    if on_progress is None:
        yield JobObserver(note=logger.warning)
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

    telling = asyncio.create_task(tell())
    try:
        yield JobObserver(progress=keep, note=logger.warning)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    if latest:
        await _report_progress(on_progress, latest[0])


async def _report_progress(hook: Callable[[Progress], object], progress: Progress) -> None:
    result = hook(progress)
    if inspect.isawaitable(result):
        await result
