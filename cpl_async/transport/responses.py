"""Responses are parsed into errors, batch IDs and pages without I/O, so all of it is tested without a server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol

import orjson
from attrs import define, evolve, field

from ..errors import (
    AuthenticationError,
    CplError,
    Failure,
    NotFound,
    Outcome,
    PermissionDenied,
    Problem,
    ProblemJson,
    ProtocolError,
    RateLimited,
    ServerError,
    ValidationError,
)
from ..system.clock import wall
from .redaction import Redactor

__all__ = [
    "RequestContext",
    "Response",
    "batch_id_of",
    "error_of",
    "is_page_of_html",
    "json_of",
    "limit_of",
    "mapping_of",
    "protocol_error",
    "retry_after_of",
    "total_of",
]

MAX_MESSAGE_LENGTH = 500
MAX_TEXT_LENGTH = 16 * 1024
"""Number of bytes of a non-JSON error that are searched for its message."""
MAX_CORRELATION_ID_LENGTH = 1000
"""Maximum length of a correlation ID in characters."""
CULPRIT = re.compile(r"(?:shipments|orders)\[([0-9]+)\]", re.IGNORECASE)
OUR_FAULT = {400, 405, 406, 409, 411, 413, 414, 415, 422, 431}


@define(kw_only=True)
class Response:
    """A response as it was received."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    correlation_id: str = ""
    """Correlation ID of its request."""
    is_complete: bool = True
    """Whether the body is complete; otherwise it exceeded the limit of its kind and was truncated."""


@define(kw_only=True)
class RequestContext:
    """Data of a request that its error message needs."""

    operation: str
    correlation_id: str
    writes: bool
    references: Sequence[str] = field(default=(), repr=False)
    is_login: bool = False
    redactor: Redactor | None = field(default=None, repr=False)
    """Redactor for the secrets that a server may repeat."""


def error_of(answer: Response, asked: RequestContext, now: datetime | None = None) -> CplError:
    """Return the error for a response with a status of 300 or more."""
    status = answer.status
    identifier = _correlation_id(answer)
    if asked.redactor is not None:
        # Longer than the text that is shown, since half of a secret at the end would not be found.
        body = answer.body if _is_object(answer) else answer.body[:MAX_TEXT_LENGTH]
        answer = evolve(answer, body=asked.redactor.body(body))
        identifier = identifier and asked.redactor.text(identifier)
    document = _document_of(answer)
    words, problems = _message_of(answer, document, asked.references)
    kind, outcome = _kind_of(status, asked)
    failure = Failure(
        operation=asked.operation,
        status=status,
        words=words,
        correlation_id=identifier or asked.correlation_id,
        outcome=outcome,
        retry_after=retry_after_of(answer.headers, now),
        problems=problems,
        document=document,
        references=tuple(asked.references),
    )
    return kind(words, failure=failure)


def _kind_of(status: int, asked: RequestContext) -> tuple[type[CplError], Outcome]:
    if status == 401 or (asked.is_login and status in (400, 403)):
        return AuthenticationError, Outcome.REJECTED
    if status in (403, 404, 429):
        return {403: PermissionDenied, 404: NotFound, 429: RateLimited}[status], Outcome.REJECTED
    if status in OUR_FAULT:
        return ValidationError, Outcome.REJECTED
    if status >= 500 or status == 408:  # a gateway's 408 does not show whether the server behind it ran the request
        return ServerError, Outcome.UNKNOWN
    if 400 <= status < 500:
        return ProtocolError, Outcome.REJECTED
    return ProtocolError, Outcome.UNKNOWN if asked.writes else Outcome.REJECTED


def _is_object(answer: Response) -> bool:
    return answer.body.lstrip()[:1] == b"{"


def _document_of(answer: Response) -> ProblemJson | None:
    """Return a response in the form of problem+json, whatever its content type is."""
    if not _is_object(answer):
        return None
    try:
        data = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    texts = {name: _text(data.pop(name, None)) or None for name in ("type", "title", "detail", "instance")}
    status, errors = data.pop("status", None), data.pop("errors", None)
    return ProblemJson(
        **texts,
        status=status if isinstance(status, int) else None,
        errors={
            str(name): tuple(_text(message) for message in (messages if isinstance(messages, list) else [messages]))
            for name, messages in (errors.items() if isinstance(errors, dict) else ())
        },
        others=data,
    )


def _message_of(
    answer: Response, document: ProblemJson | None, references: Sequence[str]
) -> tuple[str, tuple[Problem, ...]]:
    body = answer.body.lstrip()
    if document is not None:
        words = ": ".join(part for part in (document.title, document.detail) if part)
        problems = _problems_of(document.errors, references)
        if words or problems:
            return (words or "refused")[:MAX_MESSAGE_LENGTH], problems
    phrase = _phrase(answer.status)
    if body[:1] == b"<":
        heading = re.search(rb"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
        inside = heading.group(1).decode("utf-8", "replace").strip() if heading else ""
        return f"{phrase} (a page of HTML, as a gateway sends{': ' + inside[:100] if inside else ''})", ()
    text = " ".join(body[:2000].decode("utf-8", "replace").split())
    return (f"{phrase}: {text}"[:MAX_MESSAGE_LENGTH] if text else phrase), ()


def _problems_of(errors: Mapping[str, Sequence[str]], references: Sequence[str]) -> tuple[Problem, ...]:
    from ..models.codec import pythonic_path

    problems = []
    for name, messages in errors.items():
        path = name.removeprefix("$.")
        found = CULPRIT.match(path)
        index = int(found.group(1)) if found else None
        if index is not None and references and index >= len(references):
            index = None  # it is not the index of a shipment in the request
        reference = references[index] if index is not None and references else None
        for message in messages:
            problems.append(
                Problem(
                    path=pythonic_path(path),
                    message=message[:MAX_MESSAGE_LENGTH],
                    index=index,
                    reference_id=reference,
                )
            )
    return tuple(problems)


def _text(value: Any) -> str:
    """Return a value as text; lists and objects as JSON, since Python's ``repr`` would escape them once more."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    return orjson.dumps(value).decode() if isinstance(value, (list, dict)) else str(value)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def _correlation_id(answer: Response) -> str | None:
    """Return the ID that the server sends back, or ``None`` if there is no ID that can be shown and resent."""
    value = answer.headers.get("X-Correlation-ID", "")
    return value if value.isprintable() and 0 < len(value) <= MAX_CORRELATION_ID_LENGTH else None


def retry_after_of(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds of ``Retry-After``, a number or a date, or ``None`` if there is no such header."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if re.fullmatch("[0-9]+", text):
        return float(text)
    moment = _date(text)
    if moment is None:
        return None
    # The server's own time is preferred: the local clock may be wrong, or frozen by a test.
    now = now or _date(headers.get("Date", "")) or datetime.fromtimestamp(wall(), UTC)
    return max(0.0, (moment - now).total_seconds())


def _date(text: str) -> datetime | None:
    """Return the time in a header, or ``None`` if it contains no time."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Request(Protocol):
    """Data of a request for the error about an unreadable response."""

    operation: str
    writes: bool
    references: Sequence[str]


def batch_id_of(answer: Response, asked: Request) -> str:
    """Return the ID of a new batch: the last segment of ``Location``, whose host and form are not checked.

    :raises ProtocolError: There is no usable ``Location``. The batch was created, so the outcome is unknown.
    """
    location = answer.headers.get("Location", "")
    last = location.split("?", 1)[0].split("#", 1)[0].rstrip("/").rpartition("/")[2]
    if re.fullmatch(r"[A-Za-z0-9._~-]{1,100}", last) and last.strip("."):
        return last
    what = "without a Location header" if not location else "with a Location header that names no batch"
    raise protocol_error(f"answered {answer.status} {what}, so the batch's id is not known", answer, asked)


def json_of(answer: Response, asked: Request) -> Any:
    """Return the parsed body, or ``None`` if it is empty.

    :raises ProtocolError: The body is not JSON.
    """
    if not answer.body.strip():
        return None
    try:
        return orjson.loads(answer.body)
    except (orjson.JSONDecodeError, MemoryError):
        raise protocol_error(f"answered {answer.status} with a body that is not JSON", answer, asked) from None


def mapping_of(answer: Response) -> dict[str, Any]:
    """Return a response of undocumented form as a dict. Never fails, because the request was processed."""
    if not answer.body.strip():
        return {}
    try:
        data = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        data = answer.body.decode("utf-8", "replace")
    return data if isinstance(data, dict) else {"answer": data}


def protocol_error(words: str, answer: Response, asked: Request) -> ProtocolError:
    """Return the error for an unreadable response."""
    outcome = Outcome.UNKNOWN if asked.writes else Outcome.REJECTED
    return ProtocolError(
        words,
        failure=Failure(
            operation=asked.operation,
            status=answer.status,
            words=words,
            correlation_id=_correlation_id(answer) or answer.correlation_id or None,
            outcome=outcome,
            references=tuple(asked.references),
        ),
    )


def total_of(answer: Response) -> int | None:
    """Return the number of items in the whole list, or ``None`` if the response does not contain it."""
    text = answer.headers.get("X-Paging-Total-Items-Count", "").strip()
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else None


def limit_of(answer: Response) -> int | None:
    """Return the maximum number of items on a page, or ``None`` if the response does not contain it."""
    text = answer.headers.get("X-Paging-Limit", "").strip()
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else None


def is_page_of_html(answer: Response) -> bool:
    """Return whether the response is a page of a gateway or a log-in page. The API itself sends no HTML."""
    if answer.body[:1] in (b"{", b"["):  # nearly all responses, so the check is fast
        return False
    kind = answer.headers.get("Content-Type", "").lower()
    return "html" in kind or answer.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))
