"""The send cycle of one batch: the next step after each response. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from attrs import define, field, frozen

from ...errors import ConfigurationError, CplError, Outcome, Problem, ValidationError
from ...messages import Message
from ..journal.batch_repository import BatchRow, RowResult
from ..parsing.row_parser import column_of
from ..records import RowState

__all__ = ["PERMANENT_STATUSES", "Decision", "NextStep", "SendCycle", "SendPolicy"]

ROW_STATUSES = (400, 409, 422)
"""Statuses that concern the shipments; others concern the address, the credentials or the network."""
TOO_LARGE = 413
PERMANENT_STATUSES = (404, 405, 410, 501)
"""Statuses that show that this is not the API; a retry cannot succeed."""


@frozen(kw_only=True)
class SendPolicy:
    """The limits of repeated attempts to send one batch."""

    max_rounds: int = 6
    """Rejections of the batch after which it is split in half."""
    max_attempts: int = 8
    """Failures after which no batch is sent any more."""
    first_pause: float = 1.0
    """Seconds before the second attempt; doubled before each further one."""
    max_pause: float = 30.0
    """Maximum seconds between two attempts."""


class NextStep(Enum):
    """What follows from a failure."""

    SEND = auto()
    """Send what is left of the batch."""
    WAIT = auto()
    """Send it again after a pause."""
    SPLIT = auto()
    """Split what is left in half and send both halves."""
    RECONCILE = auto()
    """Send nothing of it: the server may have created it."""
    HALT = auto()
    """Send no batch any more; the rows stay planned."""


@frozen(kw_only=True)
class Decision:
    """What follows from a failure, and what it settles."""

    step: NextStep
    rejected: tuple[RowResult, ...] = ()
    """Rows that the response rejected."""
    second_half: tuple[int, ...] = ()
    """Rows of the batch that is split off."""
    pause: float = 0.0
    """Seconds to wait."""


@define
class SendCycle:
    """The state of one batch between its attempts."""

    policy: SendPolicy = field(factory=SendPolicy)
    _rounds: int = 0
    _failures: int = 0

    def not_ready(self, error: CplError) -> Decision:
        """Return the next step if the request could not be prepared; nothing was sent."""
        if isinstance(error, ConfigurationError):
            return Decision(step=NextStep.HALT)
        return self._wait(error)

    def failed(self, rows: Sequence[BatchRow], error: CplError) -> Decision:
        """Return the next step after a request with these rows has failed."""
        if error.outcome is Outcome.UNKNOWN:
            return Decision(step=NextStep.RECONCILE)
        rejected = _rejections(rows, error)
        if error.status in ROW_STATUSES or (error.status == TOO_LARGE and len(rows) > 1):
            self._rounds += 1
            gone = {result.row for result in rejected}
            left = [row.number for row in rows if row.number not in gone]
            if len(left) > 1 and (self._rounds >= self.policy.max_rounds or not rejected):
                second = tuple(left[len(left) // 2 :])
                return Decision(step=NextStep.SPLIT, rejected=rejected, second_half=second)
            return Decision(step=NextStep.SEND, rejected=rejected)
        if rejected:
            return Decision(step=NextStep.SEND, rejected=rejected)
        return self._wait(error)

    def _wait(self, error: CplError) -> Decision:
        self._failures += 1
        temporary = error.outcome is Outcome.NOT_SENT or error.status == 429
        if self._failures >= self.policy.max_attempts or error.status in PERMANENT_STATUSES or not temporary:
            return Decision(step=NextStep.HALT)
        pause = error.failure.retry_after or self.policy.first_pause * 2 ** (self._failures - 1)
        return Decision(step=NextStep.WAIT, pause=min(pause, self.policy.max_pause))


def _rejections(rows: Sequence[BatchRow], error: CplError) -> tuple[RowResult, ...]:
    """Return the rows that a rejection settles: those that it names, or all of them if it names none.

    A payload that is too large (413) settles no row of a batch with several rows: the batch is split in half.
    """
    if error.status not in (*ROW_STATUSES, TOO_LARGE) or not isinstance(error, ValidationError):
        return ()
    named: dict[int, list[Message]] = {}
    for problem in error.problems:
        if problem.index is not None and problem.index < len(rows):
            named.setdefault(problem.index, []).append(_in_columns(problem))
    if not named:
        if error.status == TOO_LARGE and len(rows) > 1:
            return ()
        problems = (error.detail, *(problem.detail.of(problem.path) for problem in error.problems))
        return tuple(_rejected(row, problems) for row in rows)
    return tuple(_rejected(rows[index], tuple(of_row)) for index, of_row in named.items())


def _rejected(row: BatchRow, problems: tuple[Message, ...]) -> RowResult:
    return RowResult(row=row.number, line=row.line, state=RowState.REJECTED, problems=problems)


def _in_columns(problem: Problem) -> Message:
    _, _, below = problem.path.partition("].")
    return problem.detail.of(column_of(below) if below else "")
