"""Decides what is tried again: what reads, when a try may help; what writes, only when it certainly was not done."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from ..errors import CplError, Outcome, RateLimited, ServerError, TransportError

__all__ = ["FIRST_WAIT_SECONDS", "MAX_ATTEMPTS", "MAX_WAIT_SECONDS", "RETRYING", "AttemptFailed", "pause_before_retry"]

MAX_ATTEMPTS = 8
FIRST_WAIT_SECONDS = 0.2
MAX_WAIT_SECONDS = 10.0
RETRYING: ContextVar[bool] = ContextVar("cpl_trying_again", default=False)
"""Whether the library that keeps the waits works for us: then its own log says nothing, for ours does."""
PASSING = frozenset({408, 500, 502, 503, 504})


class AttemptFailed(Exception):
    """Carries the error of a try through the library that keeps the waits.

    That library also reports to structlog and Prometheus where they are installed, with the text of the exception: the
    server's message in it may hold personal data.
    """

    def __init__(self, error: CplError) -> None:
        super().__init__(type(error).__name__)
        self.error: CplError = error


def _is_not_ours(record: logging.LogRecord) -> bool:
    return not RETRYING.get()


logging.getLogger("stamina").addFilter(_is_not_ours)


def pause_before_retry(error: BaseException, *, writes: bool, left: float) -> bool | float:
    """Return whether to try again.

    :param error: what the last try ended with.
    :param writes: whether the call changes something on the server.
    :param left: seconds until the call's time is up.
    :return: ``False`` to give up, ``True`` to try again after the usual wait, or the seconds that the server asked for.
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
