"""Retry rules: a read is retried if that can help, a write only if the server certainly did not run it."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from ..errors import CplError, Outcome, RateLimited, ServerError, TransportError

__all__ = ["FIRST_WAIT_SECONDS", "MAX_ATTEMPTS", "MAX_WAIT_SECONDS", "RETRYING", "AttemptFailed", "pause_before_retry"]

MAX_ATTEMPTS = 8
FIRST_WAIT_SECONDS = 0.2
MAX_WAIT_SECONDS = 10.0
RETRYING: ContextVar[bool] = ContextVar("cpl_trying_again", default=False)
"""Whether the retry library runs for this package. Its own log is then suppressed, because this package logs
retries."""
PASSING = frozenset({408, 500, 502, 503, 504})


class AttemptFailed(Exception):
    """Wrapper for the error of an attempt while it passes through the retry library.

    That library also reports to structlog and Prometheus if they are installed, with the text of the exception. The
    server's message in it may contain personal data.
    """

    def __init__(self, error: CplError) -> None:
        super().__init__(type(error).__name__)
        self.error: CplError = error


def _is_not_ours(record: logging.LogRecord) -> bool:
    return not RETRYING.get()


logging.getLogger("stamina").addFilter(_is_not_ours)


def pause_before_retry(error: BaseException, *, writes: bool, left: float) -> bool | float:
    """Return whether to retry.

    :param error: Error of the last attempt.
    :param writes: Whether the call changes data on the server.
    :param left: Seconds until the deadline of the call.
    :return: ``False`` to stop, ``True`` to retry after the usual wait, or the seconds that the server requested.
    """
    if not isinstance(error, CplError) or left <= 0:
        return False
    not_done = isinstance(error, RateLimited) or (
        isinstance(error, TransportError) and error.outcome is Outcome.NOT_SENT
    )
    worth_reading_again = isinstance(error, (RateLimited, TransportError)) or (
        isinstance(error, ServerError) and error.status in PASSING
    )
    if not (not_done if writes else worth_reading_again):
        return False
    asked = error.failure.retry_after
    if asked is None:
        return True
    return asked if asked < left else False
