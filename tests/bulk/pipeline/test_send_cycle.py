"""What follows from each response to a batch: no socket, no clock."""

from __future__ import annotations

import pytest

from cpl_async.bulk.journal.batch_repository import BatchRow
from cpl_async.bulk.pipeline.send_cycle import NextStep, SendCycle, SendPolicy
from cpl_async.errors import (
    AuthenticationError,
    ConfigurationError,
    CplError,
    Failure,
    NotFound,
    Outcome,
    Problem,
    RateLimited,
    ServerError,
    TransportError,
    ValidationError,
)

ROWS = [BatchRow(number=number, line=number + 1, reference=f"T-{number}") for number in range(1, 5)]


def rejection(*paths: str, status: int = 400) -> ValidationError:
    problems = tuple(Problem(path=path, message="bad", index=_index(path)) for path in paths)
    return ValidationError("bad request", failure=Failure(status=status, outcome=Outcome.REJECTED, problems=problems))


def _index(path: str) -> int | None:
    return int(path.partition("[")[2].partition("]")[0]) if "[" in path else None


def failed(kind: type[CplError], outcome: Outcome, status: int | None = None, wait: float | None = None) -> CplError:
    return kind("no", failure=Failure(status=status, outcome=outcome, retry_after=wait))


def test_rows_that_are_named_are_rejected_and_the_rest_is_sent() -> None:
    decision = SendCycle().failed(ROWS, rejection("shipments[1].recipient.name", "shipments[3].note"))
    assert decision.step is NextStep.SEND
    assert [(row.row, row.problems[0].column) for row in decision.rejected] == [(2, "name"), (4, "note")]


def test_a_rejection_that_names_no_row_rejects_all() -> None:
    decision = SendCycle().failed(ROWS, rejection())
    assert decision.step is NextStep.SEND
    assert [row.row for row in decision.rejected] == [1, 2, 3, 4]


def test_a_batch_that_is_too_large_is_split() -> None:
    decision = SendCycle().failed(ROWS, rejection(status=413))
    assert (decision.step, decision.second_half, decision.rejected) == (NextStep.SPLIT, (3, 4), ())


def test_a_single_row_that_is_too_large_is_rejected() -> None:
    decision = SendCycle().failed(ROWS[:1], rejection(status=413))
    assert decision.step is NextStep.SEND
    assert [row.row for row in decision.rejected] == [1]


def test_a_batch_that_is_rejected_again_and_again_is_split() -> None:
    cycle, rows = SendCycle(), [BatchRow(number=number, line=0, reference="") for number in range(20)]
    for _ in range(SendPolicy().max_rounds - 1):
        decision = cycle.failed(rows, rejection("shipments[0].note"))
        assert decision.step is NextStep.SEND
        rows = rows[1:]
    decision = cycle.failed(rows, rejection("shipments[0].note"))
    assert (decision.step, len(decision.second_half)) == (NextStep.SPLIT, 7)


@pytest.mark.parametrize("kind", [ServerError, TransportError])
def test_a_lost_response_is_reconciled_and_never_repeated(kind: type[CplError]) -> None:
    decision = SendCycle().failed(ROWS, failed(kind, Outcome.UNKNOWN, 503 if kind is ServerError else None))
    assert (decision.step, decision.rejected) == (NextStep.RECONCILE, ())


def test_what_was_not_sent_is_repeated_after_longer_pauses() -> None:
    cycle = SendCycle()
    decisions = [cycle.failed(ROWS, failed(TransportError, Outcome.NOT_SENT)) for _ in range(SendPolicy().max_attempts)]
    assert [one.pause for one in decisions] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 0.0]
    assert [one.step for one in decisions] == [*[NextStep.WAIT] * (SendPolicy().max_attempts - 1), NextStep.HALT]


def test_the_server_says_how_long_to_wait() -> None:
    decision = SendCycle().failed(ROWS, failed(RateLimited, Outcome.REJECTED, 429, wait=7.0))
    assert (decision.step, decision.pause) == (NextStep.WAIT, 7.0)
    assert SendCycle().failed(ROWS, failed(RateLimited, Outcome.REJECTED, 429, wait=900.0)).pause == 30.0


@pytest.mark.parametrize(
    ("kind", "status"), [(NotFound, 404), (NotFound, 410), (AuthenticationError, 401), (ServerError, 501)]
)
def test_a_wrong_address_or_secret_ends_the_sending(kind: type[CplError], status: int) -> None:
    assert SendCycle().failed(ROWS, failed(kind, Outcome.REJECTED, status)).step is NextStep.HALT


def test_without_a_token_nothing_is_sent() -> None:
    cycle = SendCycle()
    assert cycle.not_ready(failed(TransportError, Outcome.NOT_SENT)).step is NextStep.WAIT
    assert cycle.not_ready(failed(AuthenticationError, Outcome.REJECTED, 401)).step is NextStep.HALT
    assert cycle.not_ready(ConfigurationError("the clock is hours off")).step is NextStep.HALT
