"""Shows whole exchanges, bodies included, to whoever asked for it in this context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from .answers import Answer
    from .call import Course

__all__ = ["TRACER", "Exchanged", "exchanged"]


@frozen(kw_only=True)
class Exchanged:
    """A request and its answer as they went over the wire, without secret and token."""

    operation: str
    attempt: int
    method: str
    url: str
    sent_headers: Mapping[str, str] = field(repr=False)
    sent: bytes = field(repr=False)
    """Body; empty for a form of files and for a token's request, which holds the secret."""
    sent_type: str
    seconds: float
    status: int | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    """Empty for a token's answer."""
    error: str = ""
    """Why there is no answer."""


TRACER: ContextVar[Callable[[Exchanged], None] | None] = ContextVar("cpl_tracer", default=None)
"""Who is shown the exchanges of a context."""


def exchanged(course: Course, url: str, seconds: float, answer: Answer | None, error: str) -> Exchanged:
    """Return what may be shown of an exchange."""
    call = course.call
    login = course.asked.is_login
    return Exchanged(
        operation=call.operation,
        attempt=course.attempt,
        method=call.method,
        url=url,
        sent_headers=course.headers,
        sent=b"" if login else call.body or b"",
        sent_type=call.content_type if call.body else "",
        seconds=seconds,
        status=answer.status if answer is not None else None,
        headers=answer.headers if answer is not None else {},
        body=answer.body if answer is not None and not login else b"",
        error=error,
    )
