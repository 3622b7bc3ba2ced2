"""The style of all errors: one line, an exit status, no traceback for invalid input."""

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
    "described",
    "fail",
    "failure_of",
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
    """Print the error as one line and exit."""
    tell(text)
    raise SystemExit(status)


@contextmanager
def plain_failures() -> Iterator[None]:
    """Convert an error to one line: exit status 1 if the server refused or the outcome is unknown, else 2."""
    try:
        yield
    except (CplError, OSError, MemoryError, ExceptionGroup) as error:
        failure = failure_of(error)
        if failure is None:
            raise
        answered = isinstance(failure, (NotFound, ValidationError)) and failure.status is not None
        is_unknown = isinstance(failure, CplError) and failure.outcome is Outcome.UNKNOWN
        fail(described(failure), NOT_ALL if answered or is_unknown else CANNOT_RUN)


def failure_of(error: BaseException) -> CplError | OSError | MemoryError | None:
    """Return the failure to report of an error or a group of errors, or `None` if one of them is a bug."""
    if not isinstance(error, BaseExceptionGroup):
        return error if isinstance(error, (CplError, OSError, MemoryError)) else None
    failures = [failure_of(one) for one in error.exceptions]
    return None if None in failures else failures[0]


def described(failure: CplError | OSError | MemoryError) -> str:
    """Return the message of a failure on one line."""
    if isinstance(failure, MemoryError):
        return "out of memory"
    if isinstance(failure, OSError):
        where = f"{failure.filename}: " if failure.filename else ""
        return f"{where}{failure.strerror or failure}"
    return str(failure)


@contextmanager
def needing_extra(extra: str) -> Iterator[None]:
    """Raise an error with the extra to install if an import in the block fails.

    :raises ConfigurationError: An import failed; the error names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{error.name} is not installed: pip install 'cpl-sdk[{extra}]'") from None


class _Teller(logging.Handler):
    """Prints log messages on the screen."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(f"note: {record.getMessage()}")


def quiet_libraries(tell: Callable[[str], None] = say) -> None:
    """Silence the logs of libraries, since the command itself reports each wait and each lost response.

    :param tell: Prints problems beyond a command: hosts that share the limits cannot reach each other.
    """
    import stamina.instrumentation

    stamina.instrumentation.set_on_retry_hooks([])
    logging.getLogger("cpl_async").addHandler(logging.NullHandler())
    logging.getLogger("cpl_async.distributed").handlers = [_Teller(tell)]
