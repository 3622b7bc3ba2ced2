"""Every exception that a caller can meet."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import Factory, field, frozen

from .messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "AuthenticationError",
    "BatchError",
    "ConfigurationError",
    "CplError",
    "JournalError",
    "NotFound",
    "Outcome",
    "PermissionDenied",
    "Problem",
    "ProblemJson",
    "ProtocolError",
    "RateLimited",
    "ServerError",
    "Timeout",
    "TransportError",
    "ValidationError",
]


class Outcome(StrEnum):
    """What is known of a request that failed: the word on which exactly-once rests."""

    NOT_SENT = "not_sent"
    """No byte of the request left: it can be sent again."""
    REJECTED = "rejected"
    """The server said no and did nothing."""
    UNKNOWN = "unknown"
    """The server may have done the work: ask before sending again."""


@frozen(kw_only=True)
class Problem:
    """One thing that is wrong with a shipment or a request."""

    path: str
    """Where: ``shipments[3].recipient.zip_code``, or a name of the request; empty for the whole."""
    message: str
    """What, in the words of whoever found it."""
    index: int | None = None
    """Position of the shipment in the call, from 0; ``None`` where the request is meant."""
    reference_id: str | None = None
    """The shipment's reference, where it is known."""
    allowed: str = ""
    """What is allowed there, where it is known."""
    warning: bool = False
    """Whether it may be taken all the same."""
    detail: Message = field(
        default=Factory(lambda self: Message("carrier.text", {"text": self.message}), takes_self=True),
        repr=False,
        eq=False,
    )
    """The message as data; the carrier's own text is a parameter."""

    @property
    def code(self) -> str:
        """Code of the message, e.g. ``field.too_long``; ``carrier.text`` for the carrier's own text."""
        return self.detail.code

    def __str__(self) -> str:
        who = f" ({self.reference_id})" if self.reference_id else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return f"{self.path or 'request'}{who}: {self.message}{allowed}"


@frozen(kw_only=True)
class ProblemJson:
    """What the server said of a failure, as it said it (``application/problem+json``; source: the vendor's schema)."""

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    errors: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Path of a field in the API's names → messages."""
    others: Mapping[str, Any] = field(factory=dict)
    """Members that the vendor does not name."""


@frozen(kw_only=True)
class Failure:
    """What is known of a failed call, carried by every error."""

    operation: str = ""
    status: int | None = None
    words: str = ""
    correlation_id: str | None = None
    outcome: Outcome = Outcome.NOT_SENT
    retry_after: float | None = None
    problems: tuple[Problem, ...] = ()
    document: ProblemJson | None = field(default=None, repr=False)
    references: tuple[str, ...] = field(default=(), repr=False)


class CplError(Exception):
    """Base of every error of this library.

    It prints the operation, the status, the server's words, the correlation id and what to do next.
    """

    advice: ClassVar[str] = ""

    def __init__(
        self, message: str | Message = "", *, failure: Failure | None = None, advice: str | None = None
    ) -> None:
        text = str(message)
        super().__init__(text)
        self.message: str = text
        self.detail: Message = message if isinstance(message, Message) else Message("carrier.text", {"text": text})
        self.failure: Failure = failure or Failure(words=text)
        self.next_step: str = self.advice if advice is None else advice

    @property
    def outcome(self) -> Outcome:
        """What is known of the request: ``not_sent``, ``rejected`` or ``unknown``."""
        return self.failure.outcome

    @property
    def operation(self) -> str:
        """The call that failed, as the contract names it, e.g. ``shipment_batches.create``."""
        return self.failure.operation

    @property
    def status(self) -> int | None:
        """HTTP status of the answer; ``None`` where there was none."""
        return self.failure.status

    @property
    def correlation_id(self) -> str | None:
        """The ``X-Correlation-ID`` of the call, which the carrier's support can look up."""
        return self.failure.correlation_id

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Each thing that is wrong, where it is known."""
        return self.failure.problems

    @property
    def document(self) -> ProblemJson | None:
        """What the server said, as it said it; ``None`` where it said nothing in the form of problem+json."""
        return self.failure.document

    def replica(self) -> CplError:
        """Return an equal error with a traceback of its own, for another waiter."""
        return type(self)(self.detail, failure=self.failure, advice=self.next_step)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.detail, self.failure, self.next_step)

    def __str__(self) -> str:
        failure = self.failure
        head = ": ".join(
            part for part in (failure.operation, f"HTTP {failure.status}" if failure.status else "") if part
        )
        if failure.operation and len(failure.references) == 1:
            head += f" [{failure.references[0]}]"
        words = self.message.rstrip(". ")
        text = f"{head}: {words}" if head else words
        text += "".join(f"; {problem}" for problem in _first(failure.problems, 5))
        if len(failure.problems) > 5:
            text += f"; and {len(failure.problems) - 5} more"
        if failure.correlation_id:
            text += f" [correlation id {failure.correlation_id}]"
        if failure.operation and failure.outcome is Outcome.UNKNOWN:
            text += " (outcome unknown)"
        return f"{text}. {self.next_step}" if self.next_step else text


def _first(problems: Iterable[Problem], most: int) -> list[Problem]:
    return list(problems)[:most]


def _rebuild(kind: type[CplError], message: Message, failure: Failure, advice: str) -> CplError:
    return kind(message, failure=failure, advice=advice)


class ConfigurationError(CplError):
    """A setting is missing or cannot be used; nothing was sent."""


class AuthenticationError(CplError):
    """The credentials or the token were refused (400 or 401 at the token's address, 401 elsewhere)."""

    advice = "Check the client id and the secret, and that they belong to this system (production or testing)"


class PermissionDenied(CplError):
    """The credentials are good but lack the role for this call (403)."""

    advice = "Ask the carrier for the role that this call needs"


class NotFound(CplError):
    """There is no such thing on the server (404)."""

    advice = "Check the number or id, and that it belongs to this system (production or testing)"


class ValidationError(CplError):
    """What was to be sent is wrong, by our check or by the server's; ``problems`` says where."""

    advice = "Mend what is named; nothing was done"


class RateLimited(CplError):
    """The server said that the limits were exceeded (429) until the time was up."""

    advice = "Wait, then send again; look for another program that uses the same credentials"


class ServerError(CplError):
    """The server failed (5xx). A write that met this may have been done: see ``outcome``."""

    advice = "Try again later; before a write is sent again, ask whether it was done"


class TransportError(CplError):
    """No answer came: no connection, a connection that broke, or a time-out."""

    advice = "Check the network; before a write with outcome unknown is sent again, ask whether it was done"


class Timeout(TransportError):
    """The time given to the call was up; the message says which part took it."""

    advice = "Give the call more time; before a write with outcome unknown is sent again, ask whether it was done"


class ProtocolError(CplError):
    """The server answered something that cannot be read."""

    advice = "Hand the correlation id to the carrier's support; before a write is sent again, ask whether it was done"


class BatchError(CplError):
    """A batch ended with items in error, and the caller asked for all of them."""

    advice = "Read the items' error messages; the other items of the batch were created"


class JournalError(CplError):
    """The journal of a bulk job cannot be opened, written or trusted."""
