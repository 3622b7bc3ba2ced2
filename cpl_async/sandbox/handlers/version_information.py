"""News of the sandbox, made up: so that a program can show what real news look like."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..problems import words_for
from ..responses import moment, page
from ..world import WORLD

__all__ = ["OPERATIONS"]

DAY = 86_400.0


async def find(request: web.Request) -> web.Response:
    """Answer the news in the caller's language, the most urgent first."""
    words = words_for(request)
    now = request.app[WORLD].clock.now()
    outage: tuple[str, str] = ("Plánovaná odstávka (vymyšlená)", "Planned outage (made up)")
    news: tuple[str, str] = ("Nová výdejní místa (vymyšlená)", "New pickup points (made up)")
    shown: list[dict[str, Any]] = [
        {
            "title": words(*outage),
            "description": words("V noci nebude služba dostupná.", "The service will not be available at night."),
            "informationType": "Outage",
            "priority": 1,
            "version": "sandbox",
            "validFrom": moment(now + DAY),
            "validTo": moment(now + DAY + 7200),
        },
        {
            "title": words(*news),
            "description": words("Přibylo přes pět tisíc míst.", "More than five thousand points were added."),
            "informationType": "News",
            "priority": 5,
            "version": "sandbox",
            "validFrom": moment(now - DAY),
            "validTo": None,
        },
    ]
    common = {"language": words("cs-CZ", "en-GB"), "url": None, "created": moment(now - DAY)}
    return page(request, [entry | common for entry in shown])


OPERATIONS = {("GET", "/versionInformation"): ("version_information.list", find)}
