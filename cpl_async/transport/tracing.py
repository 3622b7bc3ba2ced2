"""Traces of whole exchanges, bodies included, for the tracer of the current context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from .call import CallContext
    from .redaction import Redactor
    from .responses import Response

__all__ = ["TRACER", "ExchangeTrace", "trace_of"]


@frozen(kw_only=True)
class ExchangeTrace:
    """A request and its response as sent over the wire, without secret and token."""

    operation: str
    attempt: int
    method: str
    url: str
    sent_headers: Mapping[str, str] = field(repr=False)
    sent: bytes = field(repr=False)
    """Body of the request; empty for a form of files and for a token request, which contains the secret."""
    sent_type: str
    seconds: float
    status: int | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    """Body of the response; empty for a token response."""
    content_type: str = ""
    """Content type of the response body."""
    error: str = ""
    """Why there is no response."""


TRACER: ContextVar[Callable[[ExchangeTrace], None] | None] = ContextVar("cpl_tracer", default=None)
"""Tracer that receives the exchanges of a context."""


def trace_of(
    course: CallContext, url: str, seconds: float, answer: Response | None, error: str, redactor: Redactor
) -> ExchangeTrace:
    """Return the part of an exchange that may be shown."""
    call = course.call
    login = course.request.is_login
    content_type = answer.headers.get("Content-Type", "") if answer is not None else ""
    return ExchangeTrace(
        operation=call.operation,
        attempt=course.attempt,
        method=call.method,
        url=redactor.text(url),
        sent_headers=redactor.headers(course.headers),
        sent=b"" if login else _body(call.body or b"", call.content_type, redactor),
        sent_type=call.content_type if call.body else "",
        seconds=seconds,
        status=answer.status if answer is not None else None,
        headers=_headers(answer, redactor),
        body=_body(answer.body, content_type, redactor) if answer is not None and not login else b"",
        content_type=content_type,
        error=error,
    )


def _headers(answer: Response | None, redactor: Redactor) -> Mapping[str, str]:
    """Return the headers of a response; values of a repeated header are joined."""
    headers: dict[str, str] = {}
    for name, value in (answer.headers if answer is not None else {}).items():
        name, value = redactor.text(name), redactor.text(value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body(body: bytes, content_type: str, redactor: Redactor) -> bytes:
    """Return a text or JSON body with its secrets hidden. Of other bodies only the size is shown."""
    is_text = "json" in content_type or content_type.startswith("text/")
    return redactor.body(body) if is_text else body
