"""The data of the report: figures of a job, counted and binned, so that their size does not depend on the rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from attrs import asdict, evolve, field, frozen

from .json_input import structured
from .timeline import Spread, Timeline

__all__ = [
    "MAX_LISTED",
    "Duplicate",
    "History",
    "RejectionReason",
    "ReportData",
    "RequestKind",
    "UndecidedReference",
    "without_values",
]

MAX_LISTED = 200
"""Maximum number of rows in a list of the report; the rest is counted."""
EMAIL = re.compile(r"[^\s@<>'\"]+@[^\s@<>'\"]+")
QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")


@frozen
class RejectionReason:
    """Why rows are not shipped."""

    text: str
    rows: int


@frozen
class UndecidedReference:
    """A row whose result is not known or not settled."""

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
    """Number of these requests that failed."""


@frozen(kw_only=True)
class History:
    """The events of a job over time; each list has a value for each bin of the timeline.

    :raises ValueError: A list has more or fewer values.
    """

    grid: Timeline
    sent: list[float]
    """Rows that were sent."""
    imported: list[float]
    """Rows whose import was over."""
    shipped: list[float]
    """Rows whose labels were stored."""
    open_batches: list[float]
    """Maximum number of concurrent batches that waited for their import."""
    waiting: list[float]
    """Average number of concurrent requests that waited for a permit."""

    def __attrs_post_init__(self) -> None:
        for name in ("sent", "imported", "shipped", "open_batches", "waiting"):
            if len(getattr(self, name)) != self.grid.bins:
                raise ValueError(f"{name} has {len(getattr(self, name))} values for {self.grid.bins} bins")


@frozen(kw_only=True)
class ReportData:
    """The content of the report."""

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
    """Seconds of all runs."""
    runs: int = 1
    reasons: list[RejectionReason] = field(factory=list)
    """Reasons of rejected rows, the most frequent first; the report counts those that are left out."""
    unlabelled_reasons: list[RejectionReason] = field(factory=list)
    open_rows: list[UndecidedReference] = field(factory=list)
    """The first undecided rows; the report counts the rest."""
    doubles: list[Duplicate] = field(factory=list)
    course: History | None = None
    import_times: Spread = field(factory=lambda: Spread(0, []))
    """Seconds from sending a batch until all of it was imported."""
    request_kinds: list[RequestKind] = field(factory=list)
    language: str = "en"
    """``en`` or ``cs``. Default: ``en``."""
    references: bool = True
    """Whether references are shown. Default: ``True``."""
    zone: str | None = None
    """IANA name of the time zone. Default: that of this machine."""

    def as_json(self) -> str:
        """Return the data as JSON for the process that makes the report."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ReportData:
        """Return the data from JSON.

        :raises ValueError: It is not JSON, or a value is missing, unknown or of the wrong kind.
        """
        return structured(text, cls)

    def fit_to_show(self) -> ReportData:
        """Return the data without values from rows, and without references if they should not be shown."""
        listed = self.open_rows[:MAX_LISTED]
        doubles = self.doubles[:MAX_LISTED]
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
    """Return a reason without quoted values of a row: names and addresses do not belong in a report."""
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
