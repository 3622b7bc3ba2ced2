"""Responses of the sandbox's handlers: JSON, pages with totals, timestamps and validation problems."""

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
    """Return a JSON response."""
    return web.Response(body=orjson.dumps(data), content_type="application/json", headers=dict(headers or {}))


def page(request: web.Request, items: Sequence[Any], total: int | None = None) -> web.Response:
    """Return a response with one page of a list.

    :param items: All items of the list, or only those of the page if there is a ``total``.
    :param total: Number of items in the list. Default: the number of ``items``.
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
    """Return limit and offset of a request."""
    parsed = request[PARSED]
    return int(parsed.value("Limit")), int(parsed.value("Offset"))


def timestamp(at: float | None) -> str | None:
    """Return a time of the sandbox's clock as an ISO 8601 timestamp, or ``None`` if there is no time."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def parse_timestamp(text: str) -> datetime | None:
    """Return the timestamp in a parameter, by default in UTC, or ``None`` if the text is empty."""
    if not text:
        return None
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def validation_problem(request: web.Request, path: str, czech: str, english: str) -> web.Response:
    """Return a 400 response about one field, in the language of the request."""
    translate = translator_for(request)
    title = translate("Neplatná data.", "One or more validation errors occurred.")
    return problem_response(400, title, errors={path: [translate(czech, english)]})
