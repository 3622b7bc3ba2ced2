"""What the report is made of: figures of a job, counted and binned, so that a million rows cost no more than ten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from attrs import asdict, evolve, field, frozen

from .json_input import structured
from .timeline import Spread, Timeline

__all__ = [
    "MOST_LISTED",
    "Duplicate",
    "History",
    "RejectionReason",
    "ReportData",
    "RequestKind",
    "UndecidedReference",
    "without_values",
]

MOST_LISTED = 200
"""Rows that a list of the report names at most; the rest is counted."""
EMAIL = re.compile(r"[^\s@<>'\"]+@[^\s@<>'\"]+")
QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")


@frozen
class RejectionReason:
    """Why rows are not shipped."""

    text: str
    rows: int


@frozen
class UndecidedReference:
    """A row of which it is not known, or not settled, what becomes of it."""

    reference: str
    reason: str


@frozen
class Duplicate:
    """A reference under which the carrier has two shipments."""

    reference: str
    numbers: list[str]


@frozen
class RequestKind:
    """Requests of one kind."""

    kind: str
    """``send``, ``state``, ``labels``, ``label``, ``token``, ``look_up``, or any other name."""
    requests: int
    failed: int
    """Of these, those without a good answer."""


@frozen(kw_only=True)
class History:
    """What happened when; each list has a value for each bin of the grid.

    :raises ValueError: when one has more or fewer.
    """

    grid: Timeline
    sent: list[float]
    """Rows that were sent."""
    imported: list[float]
    """Rows whose import was over."""
    shipped: list[float]
    """Rows whose labels were stored."""
    open_batches: list[float]
    """Batches that waited for their import, at most at once."""
    waiting: list[float]
    """Requests that waited for a slot, on average at once."""

    def __attrs_post_init__(self) -> None:
        for name in ("sent", "imported", "shipped", "open_batches", "waiting"):
            if len(getattr(self, name)) != self.grid.bins:
                raise ValueError(f"{name} has {len(getattr(self, name))} values for {self.grid.bins} bins")


@frozen(kw_only=True)
class ReportData:
    """All that the report says."""

    job: str
    system: str
    """``production``, ``testing``, ``sandbox``, or the address."""
    made_at: float
    """Seconds since the epoch."""
    rows: int
    shipped: int
    unlabelled: int
    rejected: int
    undecided: int
    parcels: int
    batches: int
    requests: int
    seconds: float
    """Of all runs."""
    runs: int = 1
    reasons: list[RejectionReason] = field(factory=list)
    """Of rejected rows, those of most rows first; reasons that are left out are counted by the report."""
    unlabelled_reasons: list[RejectionReason] = field(factory=list)
    open_rows: list[UndecidedReference] = field(factory=list)
    """The first undecided rows; the report counts the rest."""
    doubles: list[Duplicate] = field(factory=list)
    course: History | None = None
    import_times: Spread = field(factory=lambda: Spread(0, []))
    """Seconds from sending a batch until all of it was imported."""
    request_kinds: list[RequestKind] = field(factory=list)
    language: str = "en"
    """``en`` or ``cs``."""
    references: bool = True
    """Whether references are shown."""
    zone: str | None = None
    """IANA name of the time zone; else that of this machine."""

    def as_json(self) -> str:
        """Return the data as they are handed to the process that makes the report."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ReportData:
        """Return the data from JSON.

        :raises ValueError: when it is no JSON, or a value is missing, unknown or of the wrong kind.
        """
        return structured(text, cls)

    def fit_to_show(self) -> ReportData:
        """Return the data without values from rows, and without references where they are not wanted."""
        listed = self.open_rows[:MOST_LISTED]
        doubles = self.doubles[:MOST_LISTED]
        if not self.references:
            listed = [UndecidedReference("", _without(row.reason, row.reference)) for row in self.open_rows]
            doubles = [Duplicate("", double.numbers) for double in doubles]
        return evolve(
            self,
            reasons=_merged(self.reasons),
            unlabelled_reasons=_merged(self.unlabelled_reasons),
            open_rows=[UndecidedReference(row.reference, without_values(row.reason)) for row in listed],
            doubles=doubles,
        )


def without_values(text: str) -> str:
    """Return a reason without what it quotes of a row: names and addresses do not belong in a report."""
    return EMAIL.sub("…", QUOTED.sub("'…'", text))


def _without(reason: str, reference: str) -> str:
    reason = re.sub(r" ?\[correlation id [^\]]*\]", "", reason)
    return reason.replace(reference, "…") if reference else reason


def _merged(reasons: Iterable[RejectionReason]) -> list[RejectionReason]:
    found: dict[str, int] = {}
    for reason in reasons:
        text = without_values(reason.text)
        found[text] = found.get(text, 0) + reason.rows
    return [RejectionReason(text, rows) for text, rows in sorted(found.items(), key=lambda item: -item[1])]
