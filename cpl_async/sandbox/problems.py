"""Answers that say no, in the vendor's form and in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from aiohttp import web

__all__ = ["Translator", "problem_response", "translator_for"]


class Translator:
    """Chooses between Czech and English by ``Accept-Language``; Czech is the default."""

    def __init__(self, accept_language: str) -> None:
        self.english: bool = accept_language.strip().lower().startswith("en")

    def __call__(self, czech: str, english: str) -> str:
        """Return the text in the caller's language."""
        return english if self.english else czech


def translator_for(request: web.Request) -> Translator:
    """Return the language of a request."""
    return Translator(request.headers.get("Accept-Language", ""))


def problem_response(
    status: int,
    title: str,
    detail: str = "",
    *,
    errors: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return an answer as problem+json."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/problem+json", headers=dict(headers or {})
    )
