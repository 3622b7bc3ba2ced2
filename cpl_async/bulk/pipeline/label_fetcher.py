"""The fetching of a batch's labels to disk, with as few requests as possible."""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from anyio import CapacityLimiter
from attrs import define, field

from ...errors import AuthenticationError, ConfigurationError, CplError, TransportError
from ...messages import Message, message
from ...models.codes import LabelFormat
from ...models.data import Label
from ...ratelimit.priority import Priority
from ...resources.label_sanitizer import ActiveLabel, printable
from ...resources.shipment_batches import MAX_LABELS
from ...system.atomic_file import named, replacing
from ...system.blocking import run_blocking
from ..client_protocols import BulkClient
from ..journal.batch_repository import BatchRepository, ParcelRecord
from ..shutdown import unless_stopped

__all__ = ["LabelFetcher"]

logger: logging.Logger = logging.getLogger("cpl_async")
MAX_CONCURRENT_REQUESTS = 4
MAX_CONCURRENT_BATCHES = 2
"""Batches whose parcels are held in memory; with two, pages of the next batch fill the idle time at the end of one."""
TIMEOUT = 60.0
MAX_CONSECUTIVE_FAILURES = 10
"""Consecutive failures after which the run requests no more labels; the next run does."""
ENDINGS = {
    LabelFormat.PNG: "png",
    LabelFormat.JPEG: "jpg",
    LabelFormat.SVG: "svg",
    LabelFormat.PDF: "pdf",
    LabelFormat.ZPL: "zpl",
}
LabelPosition = tuple[str, str, int]
"""Number of a parcel, file below the output folder, page from 0."""


class _UnexpectedLabels(Exception):
    """A file that does not hold the labels that were requested."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@define(kw_only=True)
class LabelFetcher:
    """Fetches the labels of one job."""

    client: BulkClient
    batches: BatchRepository
    job: int
    label_format: LabelFormat
    label_dir: Path
    """Folder of the files as they are fetched, from which the merged ones are made."""
    picture_dir: Path
    """Folder of labels that are not merged."""
    stop: asyncio.Event
    """Set when nothing more should be fetched in this run."""
    on_labelled: Callable[[int], None]
    on_end: Callable[[CplError], None]
    """Called when the server accepts no requests any more."""
    _turns: CapacityLimiter = field(factory=lambda: CapacityLimiter(MAX_CONCURRENT_BATCHES), init=False)
    _width: CapacityLimiter = field(factory=lambda: CapacityLimiter(MAX_CONCURRENT_REQUESTS), init=False)
    _failed_in_a_row: int = field(default=0, init=False)

    async def fetch(self, batch: int, remote_id: str) -> None:
        """Fetch the missing labels of a batch; labels that cannot be fetched are recorded with the reason.

        One request fetches 200 labels if the known parcels are all that the server has, in a certain order. Otherwise
        each label is fetched by its address.
        """
        async with self._turns:
            problems = await self._fetch(batch, remote_id)
            if not self.stop.is_set():
                self.on_labelled(await self.batches.batch_is_labelled(batch, problems[0] if problems else None))

    async def _fetch(self, batch: int, remote_id: str) -> list[Message]:
        """Fetch the missing labels and return why some cannot be fetched."""
        parcels = sorted(await self.batches.parcels_of(batch), key=lambda parcel: parcel.number)
        same_length = len({len(parcel.number) for parcel in parcels}) == 1
        places: list[LabelPosition] = []
        if self.label_format not in (LabelFormat.PDF, LabelFormat.ZPL):
            pieces = [self._single(parcel, self.picture_dir) for parcel in parcels]
        elif same_length and await self.batches.is_fully_settled(batch):
            pieces = [
                self._page(remote_id, parcels[offset : offset + MAX_LABELS], batch, offset, places)
                for offset in range(0, len(parcels), MAX_LABELS)
            ]
        else:
            pieces = [self._single(parcel, self.label_dir) for parcel in parcels]
        problems = [problem for problem in await asyncio.gather(*pieces) if problem]
        if places:
            await self.batches.record_labels(self.job, places)
        return problems

    async def _page(
        self, remote_id: str, parcels: Sequence[ParcelRecord], batch: int, offset: int, places: list[LabelPosition]
    ) -> Message | None:
        """Fetch up to 200 labels as one file, or singly if that file is not as expected.

        :param places: Receives the position of each label.
        """
        if all(parcel.label_file for parcel in parcels):
            return None
        file = self.label_dir / f"{batch:06}-{offset:04}.{ENDINGS[self.label_format]}"

        async def page() -> Label:
            return await self.client.shipment_batches.label(
                remote_id,
                limit=MAX_LABELS,  # more than expected, since a larger page would prove that the count is wrong
                offset=offset,
                order_by="ShipmentNumber",
                priority=Priority.BACKGROUND,
                timeout=TIMEOUT,
            )

        problem = await self._store(page, file, len(parcels))
        if problem is None:
            name = self._name(file)
            places += [(parcel.number, name, page) for page, parcel in enumerate(parcels)]
            return None
        singly = [await self._single(parcel, self.label_dir) for parcel in parcels]
        return problem if any(singly) else None

    async def _single(self, parcel: ParcelRecord, folder: Path) -> Message | None:
        """Fetch one label by its address and return why it cannot be fetched, or ``None`` on success."""
        if parcel.label_file:
            return None
        address = parcel.label_url
        if not address:
            return message("label.no_address")
        file = folder / f"{named(parcel.number)}.{ENDINGS[self.label_format]}"

        async def label() -> Label:
            try:
                return await self.client.data.get(address, priority=Priority.BACKGROUND, timeout=TIMEOUT)
            except (ConfigurationError, TransportError):  # the system may have moved since
                by_id = re.search(r"/data/([A-Za-z0-9-]+)$", address)
                if by_id is None:
                    raise
                return await self.client.data.get(by_id[1], priority=Priority.BACKGROUND, timeout=TIMEOUT)

        problem = await self._store(label, file, 1)
        if problem is None:
            await self.batches.record_labels(self.job, [(parcel.number, self._name(file), 0)])
        return problem

    async def _store(self, fetch: Callable[[], Awaitable[Label]], file: Path, count: int) -> Message | None:
        """Fetch a file, move it to its place and return why that failed, or ``None`` on success."""
        async with self._width:
            if self.stop.is_set():
                return message("label.stopped")
            if self._failed_in_a_row >= MAX_CONSECUTIVE_FAILURES:
                return message("label.others_failed", count=MAX_CONSECUTIVE_FAILURES)
            try:
                label = await unless_stopped(self.stop, fetch())
                if label is None:
                    return message("label.stopped")
                await run_blocking(_store_labels, label.content, file, self.label_format, count)
            except OSError as error:
                return message("label.not_stored", folder=str(file.parent), error=str(error.strerror or error))
            except CplError as error:
                if isinstance(error, AuthenticationError):
                    self.on_end(error)
                self._failed_in_a_row += 1
                return message("label.unavailable", error=str(error))
            except _UnexpectedLabels as error:
                return message("label.unavailable", error=error.reason)
            except Exception as error:  # an invalid label must not fail the others
                problem = message("label.unreadable", error=type(error).__name__)
                logger.warning("%s", problem)
                return problem
            self._failed_in_a_row = 0
            return None

    def _name(self, file: Path) -> str:
        """Return the path of the file as the journal stores it: relative to the output folder."""
        return f"{file.parent.name}/{file.name}"


def _store_labels(content: bytes, file: Path, label_format: LabelFormat, count: int) -> None:
    """Check that a file holds ``count`` labels and nothing but print commands, and write it atomically."""
    try:
        content = printable(content, label_format)
    except ActiveLabel as error:
        raise _UnexpectedLabels(message("label.active_content", text=str(error))) from None
    found = _count(content, label_format)
    if found != count:
        raise _UnexpectedLabels(message("label.wrong_count", expected=count, actual=found))
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as fresh:
        fresh.write_bytes(content)


def _count(content: bytes, label_format: LabelFormat) -> int:
    if label_format == LabelFormat.ZPL:
        return content.count(b"^XZ")
    if label_format != LabelFormat.PDF:
        return 1 if content else 0
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            return len(document.pages)
    except (pikepdf.PdfError, ValueError, RuntimeError, MemoryError):
        raise _UnexpectedLabels(message("label.not_a_pdf")) from None
