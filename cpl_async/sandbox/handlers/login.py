"""Access tokens."""

from __future__ import annotations

from aiohttp import web

from ..arrival_time import arrival_of
from ..problems import problem, words_for
from ..request_parsing import form_of
from ..world import REFUSED_FOR, WORLD

__all__ = ["OPERATIONS"]


async def get_access_token(request: web.Request) -> web.Response:
    """Give a token for good credentials."""
    world = request.app[WORLD]
    words = words_for(request)
    form = await form_of(request)
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if form.get("grant_type") != "client_credentials":
        return problem(400, "invalid_request", words("Chybí grant_type.", "grant_type is missing."))
    if not world.limits.token_allowed(client, arrival_of(request)):
        request[REFUSED_FOR] = "tokens"
        return problem(world.settings.over_limit, words("Příliš mnoho žádostí o token.", "Too many token requests."))
    if not world.tokens.knows(client, secret):
        return problem(
            world.settings.wrong_credentials, "invalid_client", words("Neplatné přihlášení.", "Wrong credentials.")
        )
    return web.json_response(world.tokens.issue(client))


OPERATIONS = {("POST", "/login/getAccessToken"): ("login.get_access_token", get_access_token)}
