"""A call: its request, its options, and its state across attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from ssl import SSLContext
from typing import TypedDict

from attrs import define, field, frozen
from yarl import URL

from ..errors import CplError
from ..ratelimit.priority import Priority
from ..system.clock import monotonic
from ..system.secret_values import HiddenText
from .events import EventHook
from .exchange import Exchange
from .multipart import FilePart
from .response_body import JSON_BYTES
from .responses import RequestContext, Response
from .write_deadline import WriteDeadline

__all__ = [
    "COLLECTOR",
    "JSON",
    "OPTIONS",
    "Call",
    "CallContext",
    "CallOptions",
    "RequestOptions",
    "ResponseCollector",
    "TransportSettings",
    "correlation_id",
]

JSON = "application/json"

correlation_id: ContextVar[str | None] = ContextVar("cpl_correlation_id", default=None)
"""Correlation ID for all calls of a context, e.g. of one web request."""


@define
class ResponseCollector:
    """The last response to a call of a context."""

    last: Response | None = None


COLLECTOR: ContextVar[ResponseCollector | None] = ContextVar("cpl_answers", default=None)


class RequestOptions(TypedDict, total=False):
    """Options that every call accepts, besides its own arguments."""

    correlation_id: str
    """``X-Correlation-ID`` of the call. Default: that of the context, or a new one."""
    language: str
    """``Accept-Language``, e.g. ``en-GB``. Default of the API: ``cs-CZ``."""
    log_level: str
    """``X-LogLevel``: Trace, Debug, Information, Warning, Error or Critical."""
    priority: Priority
    """Priority class of the request: interactive, batch or background."""


class CallOptions(RequestOptions, total=False):
    """Options of every call, besides its own arguments."""

    timeout: float
    """Seconds for the whole call: token, permit, attempts and response."""
    tries: int
    """Maximum number of attempts if a retry is safe, 1 to 8. Default: 8."""
    write_deadline: float | WriteDeadline
    """Deadline in seconds since the epoch. Nothing of the call is sent after it, even if the process was suspended in
    between. For calls with a JSON body."""


OPTIONS = frozenset({"correlation_id", "language", "priority", "log_level", "timeout", "tries", "write_deadline"})
"""Names of the options that every call accepts."""


@frozen(kw_only=True)
class TransportSettings:
    """Settings of the connection between a client and its server."""

    timeout: float = 60.0
    correlation_id: str | None = None
    language: str | None = None
    log_level: str | None = None
    max_connections: int = 64
    proxy: str | None = field(default=None, repr=False)
    ssl: SSLContext | None = None
    trust_env: bool = False
    on_event: EventHook | None = None
    read_secret: Callable[[], str] | None = field(default=None, repr=False)
    """Function that reads the secret again from its source."""


@define(kw_only=True)
class Call:
    """A call before it is sent."""

    operation: str
    method: str
    path: str
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    content_type: str = JSON
    files: Sequence[FilePart] = field(default=(), repr=False)
    """Files of a form, instead of a body."""
    writes: bool = False
    references: Sequence[str] = field(default=(), repr=False)
    priority: Priority = Priority.INTERACTIVE
    authorized: bool = True
    url: URL | None = None
    """Full address, if it is not a path of the API."""
    body_matters: bool = True
    """False if the headers are sufficient: a truncated body then loses nothing."""
    limit: int = JSON_BYTES
    """Maximum size of the response body in bytes after decompression."""

    def request_context(self, identifier: str) -> RequestContext:
        """Return the context of this call for error messages.

        :param identifier: Correlation ID of the call.
        """
        return RequestContext(
            operation=self.operation, correlation_id=identifier, writes=self.writes, references=self.references
        )


@define
class CallContext:
    """A call in progress, across all its attempts."""

    call: Call
    request: RequestContext
    priority: Priority
    headers: dict[str, str]
    deadline: float
    tries: int
    write_deadline: WriteDeadline | None = None
    attempt: int = 0
    exchange: Exchange | None = None
    last_error: CplError | None = None
    tokens: list[HiddenText] = field(factory=list)
    """Tokens with which it was sent."""

    @property
    def left(self) -> float:
        return self.deadline - monotonic()
