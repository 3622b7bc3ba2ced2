"""What a caller may choose about shipping a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from attrs.validators import ge, in_, le

from ..models.addresses import Address
from ..models.codec import encode
from ..models.codes import LabelFormat, PageSize
from ..models.shipment_batches import CompleteLabelSettings, LabelSettings
from .readers.reading_options import ReadingOptions

__all__ = ["FOR_EXCEL", "FOR_PROGRAMS", "SETTLE", "ShipOptions", "TableStyle"]


SETTLE = 900.0
"""Seconds: as long as an import that we know of is waited for. What is not there by then was not created."""

KEPT = (
    "a4", "again", "at_once", "batch_size", "cancel_duplicates", "deadline", "ignore_clock", "language", "papers",
    "pilot", "position", "resend_unlabelled", "settle", "wait",
)  # fmt: skip
"""Options that the work on a job needs once its rows are planned."""


@frozen(kw_only=True)
class TableStyle:
    """Encoding, delimiter and line ending of CSV."""

    encoding: str
    delimiter: str
    line_end: str


FOR_PROGRAMS = TableStyle(encoding="utf-8", delimiter=",", line_end="\n")
FOR_EXCEL = TableStyle(encoding="utf-8-sig", delimiter=";", line_end="\r\n")


@frozen(kw_only=True)
class ShipOptions:
    """How a file is shipped and what is made of it."""

    name: str | None = None
    """Name of the job; without one it is known by its content."""
    sender: Address | None = field(default=None, repr=False)
    """Sender of all rows; the customer's own address without one."""
    strict: bool = False
    """Send nothing when any row is bad."""
    again: bool = False
    """Send rows too whose reference an earlier job has shipped, or may have: they are billed again."""
    batch_size: int = field(default=1000, validator=[ge(1), le(1000)])
    """Shipments in one request, 1–1000."""
    at_once: int = field(default=4, validator=ge(1))
    """Batches that are sent at once."""
    settle: float = field(default=SETTLE, validator=ge(0.1))
    """Seconds after a lost answer until what it created must be visible: only then is its absence believed."""
    pilot: int = field(default=3, validator=ge(0))
    """Rows that go first where nothing is known to be there by which to see that a search works; 0 for none."""
    deadline: float | None = None
    """Moment in seconds since the epoch from which nothing is sent any more; labels of what is done are fetched."""
    ignore_clock: bool = False
    """Send though this machine's clock is hours off the carrier's."""
    resend_unlabelled: bool = False
    """Cancel what was found without its label, and send it again once it is seen cancelled."""
    cancel_duplicates: bool = False
    """Cancel shipments that are there twice, all but the one that counts."""
    papers: bool = True
    """Whether a report (HTML) and a handover manifest (PDF) are made."""
    language: str = field(default="en", validator=in_(("en", "cs")))
    """Of the papers: ``en`` or ``cs``."""
    wait: float = field(default=900.0, validator=ge(0))
    """Seconds from a batch's acceptance after which its open rows are left undecided for this run."""
    label_format: LabelFormat = LabelFormat.PDF
    a4: bool = False
    """Four labels on an A4 sheet; PDF only."""
    position: int = field(default=1, validator=in_((1, 2, 3, 4)))
    """Place of the first label on the first sheet."""
    reading: ReadingOptions = field(factory=ReadingOptions, repr=False)
    """How the file is read, where that is not left to what it shows."""
    tables: TableStyle = FOR_PROGRAMS
    """How ``shipments.csv`` and ``rejected.csv`` are written."""

    def as_kept(self) -> dict[str, Any]:
        """Return what workers on other hosts must know, as JSON can hold it; rows are planned with the rest already."""
        return {name: getattr(self, name) for name in KEPT} | {"excel": self.tables == FOR_EXCEL}

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any], *, label_format: str) -> ShipOptions:
        """Return the options that were kept for workers.

        :param label_format: of the job.
        """
        known = {name: kept[name] for name in KEPT if name in kept}
        tables = FOR_EXCEL if kept.get("excel") else FOR_PROGRAMS
        return cls(**known, label_format=LabelFormat(label_format), tables=tables)

    @property
    def joint(self) -> bool:
        """Whether labels come as files of many; pictures come one by one."""
        return self.label_format in (LabelFormat.PDF, LabelFormat.ZPL)

    def body_tail(self) -> bytes:
        """Return what stands after the shipments in the body of a batch."""
        complete = CompleteLabelSettings(page_size=PageSize.DEFAULT) if self.joint else None
        settings = LabelSettings(format=self.label_format, complete_label_settings=complete)
        return b'],"labelSettings":' + encode(settings) + b"}"
