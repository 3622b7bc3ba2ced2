"""Handler of made-up news items."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..context import CONTEXT
from ..problems import translator_for
from ..responses import page, timestamp

__all__ = ["OPERATIONS"]

DAY = 86_400.0


async def find(request: web.Request) -> web.Response:
    """Return news items in the language of the request, the most urgent first."""
    translate = translator_for(request)
    now = request.app[CONTEXT].clock.now()
    outage: tuple[str, str] = ("Plánovaná odstávka (vymyšlená)", "Planned outage (made up)")
    news: tuple[str, str] = ("Nová výdejní místa (vymyšlená)", "New pickup points (made up)")
    shown: list[dict[str, Any]] = [
        {
            "title": translate(*outage),
            "description": translate("V noci nebude služba dostupná.", "The service will not be available at night."),
            "informationType": "Outage",
            "priority": 1,
            "version": "sandbox",
            "validFrom": timestamp(now + DAY),
            "validTo": timestamp(now + DAY + 7200),
        },
        {
            "title": translate(*news),
            "description": translate("Přibylo přes pět tisíc míst.", "More than five thousand points were added."),
            "informationType": "News",
            "priority": 5,
            "version": "sandbox",
            "validFrom": timestamp(now - DAY),
            "validTo": None,
        },
    ]
    common = {"language": translate("cs-CZ", "en-GB"), "url": None, "created": timestamp(now - DAY)}
    return page(request, [entry | common for entry in shown])


OPERATIONS = {("GET", "/versionInformation"): ("version_information.list", find)}
