"""Handler of access tokens."""

from __future__ import annotations

from aiohttp import web

from ..arrival_time import arrival_time_of
from ..context import CONTEXT, REJECTED_FOR
from ..problems import problem_response, translator_for
from ..request_parsing import read_form

__all__ = ["OPERATIONS"]


async def get_access_token(request: web.Request) -> web.Response:
    """Return a token for valid credentials."""
    context = request.app[CONTEXT]
    translate = translator_for(request)
    form = await read_form(request)
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if form.get("grant_type") != "client_credentials":
        return problem_response(400, "invalid_request", translate("Chybí grant_type.", "grant_type is missing."))
    if not context.limits.token_allowed(client, arrival_time_of(request)):
        request[REJECTED_FOR] = "tokens"
        return problem_response(
            context.settings.over_limit, translate("Příliš mnoho žádostí o token.", "Too many token requests.")
        )
    if not context.tokens.is_valid(client, secret):
        return problem_response(
            context.settings.wrong_credentials,
            "invalid_client",
            translate("Neplatné přihlášení.", "Wrong credentials."),
        )
    return web.json_response(context.tokens.issue(client))


OPERATIONS = {("POST", "/login/getAccessToken"): ("login.get_access_token", get_access_token)}
