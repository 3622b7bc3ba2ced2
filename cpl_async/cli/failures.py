"""One style for everything that goes wrong: one line, an exit status, no traceback for bad input."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from ..errors import ConfigurationError, CplError, NotFound, Outcome, ValidationError
from .output import say, tell

__all__ = [
    "CANNOT_RUN",
    "INTERRUPTED",
    "NOT_ALL",
    "fail",
    "needing_extra",
    "plain_failures",
    "quiet_libraries",
]

NOT_ALL = 1
"""Some rows were rejected, are undecided or have no label; something was refused or not found."""
CANNOT_RUN = 2
"""Usage, configuration, or input that cannot be read."""
INTERRUPTED = 130


def fail(text: str, status: int = CANNOT_RUN) -> NoReturn:
    """Write the one line that says what is wrong, and end."""
    tell(text)
    raise SystemExit(status)


@contextmanager
def plain_failures() -> Iterator[None]:
    """Turn what went wrong into one line: exit status 1 where the server refused or the outcome is unknown, else 2."""
    try:
        yield
    except CplError as error:
        answered = error.status is not None and isinstance(error, (NotFound, ValidationError))
        fail(str(error), NOT_ALL if answered or error.outcome is Outcome.UNKNOWN else CANNOT_RUN)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}")


@contextmanager
def needing_extra(extra: str) -> Iterator[None]:
    """Say what to install when an import inside fails.

    :raises ConfigurationError: names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{error.name} is not installed: pip install 'cpl-sdk[{extra}]'") from None


class _Teller(logging.Handler):
    """Says on the screen what is logged."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(f"note: {record.getMessage()}")


def quiet_libraries(tell: Callable[[str], None] = say) -> None:
    """Leave the screen to what the command says itself: each wait and each lost answer is in it.

    :param tell: says what is beyond a command: that the hosts that share the limits cannot see each other.
    """
    import stamina.instrumentation

    stamina.instrumentation.set_on_retry_hooks([])
    logging.getLogger("cpl_async").addHandler(logging.NullHandler())
    logging.getLogger("cpl_async.distributed").handlers = [_Teller(tell)]
