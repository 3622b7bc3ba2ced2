"""The states of a row, from the file to the label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import frozen

from ..messages import Message

__all__ = [
    "GOES_ON",
    "IN_FLIGHT",
    "SETTLED_ELSEWHERE",
    "WITHOUT_LABEL",
    "BatchState",
    "Ends",
    "FoundShipment",
    "Resolution",
    "RowProblems",
    "RowState",
    "ends_of",
]


class RowState(StrEnum):
    """The state of one row, stored on disk at all times."""

    PLANNED = "planned"
    """Validated, and its bytes are stored; nothing was sent."""
    SENDING = "sending"
    """An attempt with this row was recorded; until its response is recorded, the row may or may not exist."""
    ACCEPTED = "accepted"
    """The server accepted its batch and is importing it."""
    CREATED = "created"
    """It has a shipment number; its label is still to be fetched."""
    SHIPPED = "shipped"
    """It has a number and a label."""
    UNLABELLED = "shipped_without_label"
    """It has a number, and its label could not be fetched."""
    FOUND = "found"
    """Its response was lost, and it was found by its reference: it has a number, but its label is not available."""
    WITHDRAWING = "withdrawing"
    """It is being cancelled, and is sent again once its cancellation is confirmed."""
    CANCELLING = "cancelling"
    """It is being cancelled by a user's decision."""
    CANCELLED = "cancelled"
    """Its cancellation is confirmed: another job may ship its reference."""
    REJECTED = "rejected"
    """Validation or the server rejected it; the message has the reason."""
    UNDECIDED = "undecided"
    """It is unknown whether it exists; it is not sent again automatically."""


IN_FLIGHT = (RowState.SENDING, RowState.ACCEPTED, RowState.CREATED, RowState.FOUND)
GOES_ON = (RowState.PLANNED, RowState.ACCEPTED, RowState.CREATED, RowState.UNLABELLED, RowState.WITHDRAWING)
"""States that a run processes further automatically."""
SETTLED_ELSEWHERE = (
    *IN_FLIGHT,
    RowState.WITHDRAWING,
    RowState.CANCELLING,
    RowState.SHIPPED,
    RowState.UNLABELLED,
    RowState.UNDECIDED,
)
"""States in which another job must not send a reference: it exists, or it may exist."""


WITHOUT_LABEL = (RowState.UNLABELLED, RowState.CREATED, RowState.FOUND)
"""States that a report shows as shipped without label."""


@frozen(kw_only=True)
class Ends:
    """The number of a job's rows by result; all but ``not_sent`` add up to all rows."""

    shipped: int
    shipped_without_label: int
    rejected: int
    cancelled: int
    undecided: int
    not_sent: int
    """Number of undecided rows that were certainly not sent."""


def ends_of(counts: Mapping[RowState, int]) -> Ends:
    """Return the number of a job's rows by result, from the number in each state."""
    shipped, rejected = counts.get(RowState.SHIPPED, 0), counts.get(RowState.REJECTED, 0)
    without = sum(counts.get(state, 0) for state in WITHOUT_LABEL)
    cancelled = counts.get(RowState.CANCELLED, 0)
    return Ends(
        shipped=shipped,
        shipped_without_label=without,
        rejected=rejected,
        cancelled=cancelled,
        undecided=sum(counts.values()) - shipped - without - rejected - cancelled,
        not_sent=counts.get(RowState.PLANNED, 0),
    )


class BatchState(StrEnum):
    """The state of one batch."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    IMPORTED = "imported"
    DONE = "done"
    """Nothing is left to do for it."""
    UNKNOWN = "unknown"
    """Its response was lost."""


class Resolution(StrEnum):
    """Decision of a person on an undecided row."""

    SHIPPED = "shipped"
    """The shipment exists; its numbers are known."""
    RESEND = "resend"
    """The shipment does not exist; the next run sends it."""
    ABANDON = "abandon"
    """The shipment does not exist and is not to be sent."""


@frozen(kw_only=True)
class FoundShipment:
    """A shipment with all its parcels: the numbers of a set, or a single one."""

    master: str
    numbers: tuple[str, ...]


@frozen(kw_only=True)
class RowProblems:
    """A row that is not sent, with the reasons."""

    number: int
    """Number of the row, 1 for the first."""
    line: int
    """Line in the file, or 0 for a row that is not from a file."""
    problems: tuple[Message, ...]
    heading: Callable[[str], str] = str
    """Returns the name of a column in the file."""
