"""One call before and while it is carried: what is asked, with which options, and how far it has come."""

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
"""Correlation id for all calls of a context, e.g. of one web request."""


@define
class ResponseCollector:
    """Collects what the server answers to the calls of a context."""

    last: Response | None = None


COLLECTOR: ContextVar[ResponseCollector | None] = ContextVar("cpl_answers", default=None)


class RequestOptions(TypedDict, total=False):
    """What each request of a call takes besides the call's own arguments."""

    correlation_id: str
    """``X-Correlation-ID`` of the call; else the context's, else a new one."""
    language: str
    """``Accept-Language``, e.g. ``en-GB``; the API's default is ``cs-CZ``."""
    log_level: str
    """``X-LogLevel``: Trace, Debug, Information, Warning, Error or Critical."""
    priority: Priority
    """Class of the request: a person waits, a job creates, or in the background."""


class CallOptions(RequestOptions, total=False):
    """What every call takes besides its own arguments."""

    timeout: float
    """Seconds for the whole call: token, slot, tries and answer."""
    tries: int
    """Most tries where a second one is safe, 1–8; 8 unless given."""
    write_deadline: float | WriteDeadline
    """Deadline in seconds since the epoch from which nothing of the call may leave any more: a process that was stopped
    meanwhile, and goes on, sends nothing. For calls with a body of JSON."""


OPTIONS = frozenset({"correlation_id", "language", "priority", "log_level", "timeout", "tries", "write_deadline"})
"""Names of the options that every call takes."""


@frozen(kw_only=True)
class TransportSettings:
    """How a client talks to its server."""

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
    """Reads the secret again from where it came."""


@define(kw_only=True)
class Call:
    """One call, before it is sent."""

    operation: str
    method: str
    path: str
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    content_type: str = JSON
    files: Sequence[FilePart] = field(default=(), repr=False)
    """In place of a body: the files of a form."""
    writes: bool = False
    references: Sequence[str] = field(default=(), repr=False)
    priority: Priority = Priority.INTERACTIVE
    authorized: bool = True
    url: URL | None = None
    """Full address, where it is not a path of the API."""
    body_matters: bool = True
    """False where the headers say all: a body that breaks off then loses nothing."""
    limit: int = JSON_BYTES
    """Largest number of bytes that the body of the response may have after decompression."""

    def request_context(self, identifier: str) -> RequestContext:
        """Return what an error about this call needs to know.

        :param identifier: its correlation id.
        """
        return RequestContext(
            operation=self.operation, correlation_id=identifier, writes=self.writes, references=self.references
        )


@define
class CallContext:
    """One call under way, through all its tries."""

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
    """Tokens that it was sent with."""

    @property
    def left(self) -> float:
        return self.deadline - monotonic()
