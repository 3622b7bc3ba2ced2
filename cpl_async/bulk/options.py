"""Options of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import field, frozen
from attrs.validators import ge, in_, le

from ..models.addresses import Address
from ..models.codec import encode
from ..models.codes import LabelFormat, PageSize
from ..models.shipment_batches import CompleteLabelSettings, LabelSettings
from .readers.reading_options import ReadingOptions

__all__ = ["DEFAULT_SETTLE_TIME", "FOR_EXCEL", "FOR_PROGRAMS", "JobOptions", "TableStyle"]

DEFAULT_SETTLE_TIME = 900.0
"""Seconds, the longest import that is known. A shipment that is not visible by then was not created."""


@frozen(kw_only=True)
class TableStyle:
    """Encoding, delimiter and line ending of CSV."""

    encoding: str
    delimiter: str
    line_end: str


FOR_PROGRAMS = TableStyle(encoding="utf-8", delimiter=",", line_end="\n")
FOR_EXCEL = TableStyle(encoding="utf-8-sig", delimiter=";", line_end="\r\n")


def _number(default: float, lowest: float, highest: float | None = None) -> Any:
    """Return a field for a number with its range, which the command line reads from the metadata."""
    bounds = [ge(lowest)] if highest is None else [ge(lowest), le(highest)]
    return field(default=default, validator=bounds, metadata={"min": lowest, "max": highest})


@frozen(kw_only=True)
class JobOptions:
    """Options of a job: what is sent, how, and which files it leaves.

    The calls of ``Client.bulk`` take them by name, and the options of ``cpl ship`` are made from these fields.
    """

    name: str | None = None
    """Name of the job. Default: a hash of the file's content."""
    sender: Address | None = field(default=None, repr=False)
    """Sender of all rows. Default: the address of the customer."""
    strict: bool = False
    """Whether nothing is sent if any row of a file is rejected. Default: false."""
    allow_reship: bool = False
    """Whether to send rows whose reference an earlier job has shipped, or may have; billed again. Default: false."""
    batch_size: int = _number(1000, 1, 1000)
    """Maximum number of shipments in a request, 1–1000. Default: 1000."""
    max_concurrency: int = _number(4, 1)
    """Maximum number of batches sent concurrently, at least 1. Default: 4."""
    settle_time: float = _number(DEFAULT_SETTLE_TIME, 0.1)
    """Seconds after a lost response until its shipments must be visible, at least 0.1. Default: 900.

    Before that, a shipment that a search does not show is not taken for absent.
    """
    pilot_rows: int = _number(3, 0)
    """Rows that are sent first as control shipments if the account has none, at least 0. Default: 3."""
    deadline: float | None = None
    """Timestamp in seconds since the epoch from which nothing is sent; labels are still fetched. Default: none."""
    ignore_clock: bool = False
    """Whether to send although this machine's clock is hours off the carrier's. Default: false."""
    resend_unlabelled: bool = False
    """Whether to cancel shipments found without a label, and to resend them once they are cancelled. Default: false."""
    cancel_duplicates: bool = False
    """Whether to cancel duplicate shipments, all but the one that is reported. Default: false."""
    reports: bool = True
    """Whether to make a report (HTML) and a handover manifest (PDF). Default: true."""
    language: str = field(default="en", validator=in_(("en", "cs")))
    """Language of both: ``en`` or ``cs``. Default: ``en``."""
    import_timeout: float = _number(900.0, 0)
    """Seconds after a batch is accepted until its open rows are left undecided for this run. Default: 900."""
    label_format: LabelFormat = LabelFormat.PDF
    """Format of the labels. Default: PDF."""
    a4: bool = False
    """Whether four labels share an A4 sheet; PDF only. Default: false."""
    position: int = field(default=1, validator=in_((1, 2, 3, 4)))
    """Position of the first label on the first sheet, 1–4. Default: 1."""
    reading: ReadingOptions = field(factory=ReadingOptions, repr=False)
    """How the file is read. Default: recognized from the file."""
    tables: TableStyle = FOR_PROGRAMS
    """Style of ``shipments.csv`` and ``rejected.csv``. Default: for programs."""

    def to_journal(self) -> dict[str, Any]:
        """Return the options that workers on other hosts need, as JSON can hold them."""
        return {name: getattr(self, name) for name in STORED} | {"excel": self.tables == FOR_EXCEL}

    @classmethod
    def from_journal(cls, stored: Mapping[str, Any], *, label_format: str) -> JobOptions:
        """Return the options that were stored for workers.

        :param label_format: Label format of the job.
        """
        known = {name: stored[name] for name in STORED if name in stored}
        tables = FOR_EXCEL if stored.get("excel") else FOR_PROGRAMS
        return cls(**known, label_format=LabelFormat(label_format), tables=tables)

    @property
    def merges_labels(self) -> bool:
        """Whether labels are merged into files of many; pictures stay single files."""
        return self.label_format in (LabelFormat.PDF, LabelFormat.ZPL)

    def payload_tail(self) -> bytes:
        """Return the bytes that follow the shipments in the payload of a batch."""
        complete = CompleteLabelSettings(page_size=PageSize.DEFAULT) if self.merges_labels else None
        settings = LabelSettings(format=self.label_format, complete_label_settings=complete)
        return b'],"labelSettings":' + encode(settings) + b"}"


NOT_STORED = frozenset({"name", "sender", "strict", "label_format", "reading", "tables"})
"""Options that are in the rows or in the record of the job once its rows are stored."""
STORED = tuple(option.name for option in attrs.fields(JobOptions) if option.name not in NOT_STORED)
