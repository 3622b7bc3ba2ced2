"""Responses to the creation of a batch: its location, or its errors."""

from __future__ import annotations

from aiohttp import web

from ..context import CONTEXT
from ..problems import problem_response, translator_for
from ..request_parsing import Errors

__all__ = ["created_response", "rejected_response"]


def created_response(request: web.Request, location: str) -> web.Response:
    """Return a 201 response with ``Location`` in the configured format."""
    context = request.app[CONTEXT]
    settings = context.settings
    if settings.location_host:
        location = f"https://{settings.location_host}{location}"
    elif settings.absolute_location:
        location = context.base_url + location
    return web.Response(status=201, headers={"Location": location})


def rejected_response(request: web.Request, errors: Errors) -> web.Response:
    """Return a 400 response with errors in the configured format."""
    settings = request.app[CONTEXT].settings
    if settings.one_error_at_a_time:
        errors = dict([next(iter(errors.items()))])
    if settings.capital_paths:
        errors = {path[:1].upper() + path[1:]: messages for path, messages in errors.items()}
    title = translator_for(request)("Neplatná data.", "One or more validation errors occurred.")
    return problem_response(400, title, errors=errors)
