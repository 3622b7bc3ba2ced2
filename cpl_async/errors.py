"""Exceptions of the SDK, and the outcome of failed requests."""

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
    """Outcome of a failed request, on which exactly-once processing depends."""

    NOT_SENT = "not_sent"
    """No byte of the request was sent; it is safe to send it again."""
    REJECTED = "rejected"
    """The server rejected the request and did nothing."""
    UNKNOWN = "unknown"
    """The server may have processed the request: check before sending it again."""


@frozen(kw_only=True)
class Problem:
    """One problem of a shipment or a request."""

    path: str
    """Path of the field, e.g. ``shipments[3].recipient.zip_code``; empty for the whole request."""
    message: str
    """Description of the problem, by the SDK or the server."""
    index: int | None = None
    """Index of the shipment in the call, from 0, or ``None`` if the problem concerns the request."""
    reference_id: str | None = None
    """Reference of the shipment, or ``None`` if it is unknown."""
    allowed: str = ""
    """Allowed values; empty if they are unknown."""
    warning: bool = False
    """Whether the server may accept the value nevertheless."""
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
        reference = f" ({self.reference_id})" if self.reference_id else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return f"{self.path or 'request'}{reference}: {self.message}{allowed}"


@frozen(kw_only=True)
class ProblemJson:
    """Error document of the server (``application/problem+json``; source: the vendor's schema)."""

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    errors: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Messages by path of the field, in the API's names."""
    others: Mapping[str, Any] = field(factory=dict)
    """Members that the vendor's schema does not contain."""


@frozen(kw_only=True)
class Failure:
    """Details of a failed call, attached to every error."""

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
    """Base class of all errors of the SDK.

    Its text has the operation, the status, the server's message, the correlation id and advice.
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
        """Outcome of the request: ``not_sent``, ``rejected`` or ``unknown``."""
        return self.failure.outcome

    @property
    def operation(self) -> str:
        """Operation of the failed call, e.g. ``shipment_batches.create``; empty if there was no call."""
        return self.failure.operation

    @property
    def status(self) -> int | None:
        """HTTP status of the response, or ``None`` if there was no response."""
        return self.failure.status

    @property
    def correlation_id(self) -> str | None:
        """``X-Correlation-ID`` of the call for the carrier's support, or ``None`` if there was no call."""
        return self.failure.correlation_id

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Individual problems; empty if they are unknown."""
        return self.failure.problems

    @property
    def document(self) -> ProblemJson | None:
        """Error document of the server, or ``None`` if the response was no problem+json."""
        return self.failure.document

    def replica(self) -> CplError:
        """Return a copy of the error without traceback, to be raised in another task."""
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
        message = self.message.rstrip(". ")
        text = f"{head}: {message}" if head else message
        text += "".join(f"; {problem}" for problem in _first(failure.problems, 5))
        if len(failure.problems) > 5:
            text += f"; and {len(failure.problems) - 5} more"
        if failure.correlation_id:
            text += f" [correlation id {failure.correlation_id}]"
        if failure.operation and failure.outcome is Outcome.UNKNOWN:
            text += " (outcome unknown)"
        return f"{text}. {self.next_step}" if self.next_step else text


def _first(problems: Iterable[Problem], count: int) -> list[Problem]:
    return list(problems)[:count]


def _rebuild(kind: type[CplError], message: Message, failure: Failure, advice: str) -> CplError:
    return kind(message, failure=failure, advice=advice)


class ConfigurationError(CplError):
    """A setting is missing or invalid; nothing was sent."""


class AuthenticationError(CplError):
    """The credentials or the token were rejected (400 or 401 for a token request, 401 for other requests)."""

    advice = "Check the client id and the secret, and that they belong to this system (production or testing)"


class PermissionDenied(CplError):
    """The credentials are valid but lack the role for this call (403)."""

    advice = "Ask the carrier for the role that this call needs"


class NotFound(CplError):
    """The requested object does not exist on the server (404)."""

    advice = "Check the number or id, and that it belongs to this system (production or testing)"


class ValidationError(CplError):
    """The check before sending or the server found problems in a request; see ``problems``."""

    advice = "Fix the listed fields; nothing was done"


class RateLimited(CplError):
    """The rate limit was exceeded (429) until the deadline of the call."""

    advice = "Wait, then retry; check whether another program uses the same credentials"


class ServerError(CplError):
    """The server failed (5xx). A write may have been processed: see ``outcome``."""

    advice = "Try again later; before a write is sent again, ask whether it was done"


class TransportError(CplError):
    """There was no response: no connection, a broken connection, or a timeout."""

    advice = "Check the network; before a write with outcome unknown is sent again, ask whether it was done"


class Timeout(TransportError):
    """The deadline of the call passed; the message has the step that took the time."""

    advice = "Increase the timeout; before a write with outcome unknown is sent again, ask whether it was done"


class ProtocolError(CplError):
    """The response of the server is invalid."""

    advice = "Hand the correlation id to the carrier's support; before a write is sent again, ask whether it was done"


class BatchError(CplError):
    """Some items of a batch failed, and the call was made with ``raise_errors``."""

    advice = "Read the items' error messages; the other items of the batch were created"


class JournalError(CplError):
    """The journal of a bulk job cannot be opened or written, or is inconsistent."""
