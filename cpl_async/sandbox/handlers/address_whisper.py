"""Suggestions of addresses, from real towns and common names of streets."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiohttp import web

from ..request_parsing import PARSED
from ..responses import json_response
from ..towns import Town, streets, towns

__all__ = ["OPERATIONS"]

MAX_SUGGESTIONS = 20


async def suggest(request: web.Request) -> web.Response:
    """Answer addresses that begin as what was typed; nothing was typed, nothing is suggested."""
    parsed = request[PARSED]
    street, zip_code, city = (parsed.text(name).strip() for name in ("Street", "ZipCode", "City"))
    if not (street or zip_code or city):
        return json_response([])
    return json_response(list(islice(_suggestions(street, zip_code.replace(" ", ""), city), MAX_SUGGESTIONS)))


def _suggestions(street: str, zip_code: str, city: str) -> Iterator[dict[str, Any]]:
    name, _, number = street.rpartition(" ")
    if not number[:1].isdigit():
        name, number = street, ""
    for town in towns()["CZ"]:
        if not _plain(town.name).startswith(_plain(city)) or not town.zip_code.startswith(zip_code):
            continue
        for known in streets()["CZ"] if street else streets()["CZ"][:3]:
            if _plain(known).startswith(_plain(name)):
                yield _address(town, known, number)


def _address(town: Town, street: str, typed: str) -> dict[str, Any]:
    chance = random.Random(f"{town.name} {street}")
    house, _, reference = typed.partition("/")
    house = house or str(chance.randint(1, 1500))
    reference = reference or str(chance.randint(1, 90))
    letter = reference[-1] if reference[-1:].isalpha() else None
    return {
        "city": town.name,
        "place": town.name,
        "street": street,
        "houseNumber": house,
        "referenceNumber": reference.rstrip("abcdefghijklmnopqrstuvwxyz"),
        "referenceNumberChar": letter,
        "evidenceNumber": False,
        "zipCode": town.zip_code,
        "admCode": str(chance.randint(10_000_000, 29_999_999)),
        "valid": True,
        "fullStreet": f"{street} {house}/{reference}",
    }


def _plain(text: str) -> str:
    """Return a text without accents and case, as people type it."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


OPERATIONS = {("GET", "/addressWhisper"): ("address_whisper.suggest", suggest)}
