"""Good answers and refusals as the families of the sandbox give them: JSON, pages with totals, moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from .problems import problem_response, translator_for
from .request_parsing import PARSED

__all__ = ["json_response", "limit_and_offset", "page", "parse_timestamp", "timestamp", "validation_problem"]


def json_response(data: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer as JSON."""
    return web.Response(body=orjson.dumps(data), content_type="application/json", headers=dict(headers or {}))


def page(request: web.Request, items: Sequence[Any], total: int | None = None) -> web.Response:
    """Return one page of a list.

    :param items: all of them; or the page's alone, where ``total`` is given.
    """
    limit, offset = limit_and_offset(request)
    shown = list(items[offset : offset + limit]) if total is None else list(items)
    headers = {
        "X-Paging-Total-Items-Count": str(len(items) if total is None else total),
        "X-Paging-Offset": str(offset),
        "X-Paging-Limit": str(limit),
    }
    return json_response(shown, headers)


def limit_and_offset(request: web.Request) -> tuple[int, int]:
    """Return the limit and offset that a request asks for."""
    parsed = request[PARSED]
    return int(parsed.value("Limit")), int(parsed.value("Offset"))


def timestamp(at: float | None) -> str | None:
    """Return a moment of the sandbox's clock as the API writes it."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def parse_timestamp(text: str) -> datetime | None:
    """Return a moment that a request holds; without an offset it is taken as UTC."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def validation_problem(request: web.Request, path: str, czech: str, english: str) -> web.Response:
    """Return a 400 that names one field, in the caller's language."""
    translate = translator_for(request)
    title = translate("Neplatná data.", "One or more validation errors occurred.")
    return problem_response(400, title, errors={path: [translate(czech, english)]})
