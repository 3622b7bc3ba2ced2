"""What reads is tried again when it may help; what writes, only when it certainly was not done."""

from __future__ import annotations

import pytest

from cpl_async.errors import (
    AuthenticationError,
    CplError,
    Failure,
    Outcome,
    ProtocolError,
    RateLimited,
    ServerError,
    Timeout,
    TransportError,
    ValidationError,
)
from cpl_async.transport.retry import pause_before_retry


def error(kind: type[CplError], outcome: str, status: int | None = None, retry_after: float | None = None) -> CplError:
    return kind("x", failure=Failure(outcome=Outcome(outcome), status=status, retry_after=retry_after))


@pytest.mark.parametrize(
    ("what", "reads", "writes"),
    [
        (error(TransportError, "not_sent"), True, True),
        (error(TransportError, "unknown"), True, False),
        (error(Timeout, "unknown"), True, False),
        (error(RateLimited, "rejected", 429), True, True),
        (error(ServerError, "unknown", 500), True, False),
        (error(ServerError, "unknown", 502), True, False),
        (error(ServerError, "unknown", 503), True, False),
        (error(ServerError, "unknown", 504), True, False),
        (error(ServerError, "unknown", 501), False, False),
        (error(ValidationError, "rejected", 400), False, False),
        (error(AuthenticationError, "rejected", 401), False, False),
        (error(ProtocolError, "unknown", 200), False, False),
    ],
)
def test_what_is_tried_again(what: CplError, reads: bool, writes: bool) -> None:
    assert pause_before_retry(what, writes=False, left=10) is reads
    assert pause_before_retry(what, writes=True, left=10) is writes


def test_retry_after_is_honoured_within_the_time_left() -> None:
    busy = error(RateLimited, "rejected", 429, retry_after=3)
    assert pause_before_retry(busy, writes=True, left=10) == 3
    assert pause_before_retry(busy, writes=True, left=2) is False


def test_nothing_is_tried_again_without_time_or_for_bugs() -> None:
    assert pause_before_retry(error(TransportError, "not_sent"), writes=False, left=0) is False
    assert pause_before_retry(RuntimeError(), writes=False, left=10) is False
