"""Fetches the labels of a batch to disk, with as few requests as possible."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from attrs import define, field

from ..errors import CplError
from ..models.codes import LabelFormat
from ..resources.shipment_batches import MOST_LABELS, Label
from ..transport.lanes import Lane
from .journal.course import Course, ParcelRecord
from .protocol import BulkClient

__all__ = ["Labelling"]

AT_ONCE = 4
TIMEOUT = 120.0
ENDINGS = {
    LabelFormat.PNG: "png",
    LabelFormat.JPEG: "jpg",
    LabelFormat.SVG: "svg",
    LabelFormat.PDF: "pdf",
    LabelFormat.ZPL: "zpl",
}


class _OddLabels(Exception):
    """The file does not hold what was asked for."""


@define(kw_only=True)
class Labelling:
    """Fetches the labels of one job."""

    client: BulkClient
    course: Course
    job: int
    label_format: LabelFormat
    parts: Path
    """Folder of the files as they came, from which the joint ones are made."""
    pictures: Path
    """Folder of labels that stay single files."""
    on_labelled: Callable[[int], None]
    _width: CapacityLimiter = field(factory=lambda: CapacityLimiter(AT_ONCE), init=False)

    async def fetch(self, batch: int, remote_id: str) -> None:
        """Fetch what is missing of a batch's labels; what cannot be had is written down as such."""
        parcels = sorted(await self.course.parcels_of(batch), key=lambda parcel: (len(parcel.number), parcel.number))
        if self.label_format in (LabelFormat.PDF, LabelFormat.ZPL):
            pieces = [
                self._page(remote_id, parcels[offset : offset + MOST_LABELS], batch, offset)
                for offset in range(0, len(parcels), MOST_LABELS)
            ]
        else:
            pieces = [self._single(remote_id, parcel, offset, self.pictures) for offset, parcel in enumerate(parcels)]
        problems = [problem for problem in await asyncio.gather(*pieces) if problem]
        shipped, _ = await self.course.batch_is_labelled(batch, problems[0] if problems else "")
        self.on_labelled(shipped)

    async def _page(self, remote_id: str, parcels: Sequence[ParcelRecord], batch: int, offset: int) -> str | None:
        """Fetch up to 200 labels as one file; singly where that file is not what it should be."""
        if all(parcel.label_file for parcel in parcels):
            return None
        file = self.parts / f"{batch:06}-{offset:04}.{ENDINGS[self.label_format]}"
        try:
            async with self._width:
                label = await self.client.shipment_batches.label(
                    remote_id,
                    limit=len(parcels),
                    offset=offset,
                    order_by="ShipmentNumber",
                    lane=Lane.BACKGROUND,
                    timeout=TIMEOUT,
                )
                await to_thread.run_sync(_keep, label.content, file, self.label_format, len(parcels))
        except (CplError, _OddLabels) as error:
            problems = [
                await self._single(remote_id, parcel, None, self.parts) for parcel in parcels if not parcel.label_file
            ]
            failed = [problem for problem in problems if problem]
            return f"its label cannot be had: {error}" if failed else None
        places = [(parcel.number, self._name(file), page) for page, parcel in enumerate(parcels)]
        await self.course.labelled(self.job, places)
        return None

    async def _single(self, remote_id: str, parcel: ParcelRecord, offset: int | None, folder: Path) -> str | None:
        """Fetch one label; return why it cannot be had."""
        if parcel.label_file:
            return None
        file = folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', parcel.number)}.{ENDINGS[self.label_format]}"
        try:
            async with self._width:
                label = await self._one(remote_id, parcel, offset)
                await to_thread.run_sync(_keep, label.content, file, self.label_format, 1)
        except (CplError, _OddLabels) as error:
            return f"its label cannot be had: {error}"
        await self.course.labelled(self.job, [(parcel.number, self._name(file), 0)])
        return None

    async def _one(self, remote_id: str, parcel: ParcelRecord, offset: int | None) -> Label:
        """Fetch one label by its address, or else by its place among those of its batch."""
        if parcel.label_url:
            try:
                return await self.client.data.get(parcel.label_url, lane=Lane.BACKGROUND, timeout=TIMEOUT)
            except CplError:
                if offset is None:
                    raise
        if offset is None:
            raise _OddLabels("the server gave it no address")
        return await self.client.shipment_batches.label(
            remote_id, limit=1, offset=offset, order_by="ShipmentNumber", lane=Lane.BACKGROUND, timeout=TIMEOUT
        )

    def _name(self, file: Path) -> str:
        """Return the file as the journal keeps it: below the output folder, wherever that lies."""
        return f"{file.parent.name}/{file.name}"


def _keep(content: bytes, file: Path, label_format: LabelFormat, count: int) -> None:
    """Check that a file holds so many labels, and put it in its place whole or not at all."""
    found = _count(content, label_format)
    if found != count:
        raise _OddLabels(f"{count} labels were asked for, {found} came")
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".part")
    fresh.write_bytes(content)
    fresh.replace(file)


def _count(content: bytes, label_format: LabelFormat) -> int:
    if label_format == LabelFormat.ZPL:
        return content.count(b"^XZ")
    if label_format != LabelFormat.PDF:
        return 1 if content else 0
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            return len(document.pages)
    except pikepdf.PdfError:
        raise _OddLabels("what came is no readable PDF") from None
