"""Error responses in the vendor's format and in the language of the request."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from aiohttp import web

__all__ = ["Translator", "problem_response", "translator_for"]


class Translator:
    """Selector of Czech or English texts by ``Accept-Language``. Default: Czech."""

    def __init__(self, accept_language: str) -> None:
        self.english: bool = accept_language.strip().lower().startswith("en")

    def __call__(self, czech: str, english: str) -> str:
        """Return the text in the language of the request."""
        return english if self.english else czech


def translator_for(request: web.Request) -> Translator:
    """Return the translator for a request."""
    return Translator(request.headers.get("Accept-Language", ""))


def problem_response(
    status: int,
    title: str,
    detail: str = "",
    *,
    errors: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a problem+json response.

    :param status: HTTP status.
    :param title: Title of the problem.
    :param detail: Detail of the problem. Default: none.
    :param errors: Messages by path of the field. Default: none.
    :param headers: Additional headers. Default: none.
    """
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/problem+json", headers=dict(headers or {})
    )
