"""Handler of address suggestions, built from real towns and common street names."""

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
    """Return addresses that start with the given text, none for empty text."""
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
        for street_name in streets()["CZ"] if street else streets()["CZ"][:3]:
            if _plain(street_name).startswith(_plain(name)):
                yield _address(town, street_name, number)


def _address(town: Town, street: str, house_number: str) -> dict[str, Any]:
    rng = random.Random(f"{town.name} {street}")
    house, _, reference = house_number.partition("/")
    house = house or str(rng.randint(1, 1500))
    reference = reference or str(rng.randint(1, 90))
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
        "admCode": str(rng.randint(10_000_000, 29_999_999)),
        "valid": True,
        "fullStreet": f"{street} {house}/{reference}",
    }


def _plain(text: str) -> str:
    """Return a text in lower case and without accents, for comparison."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


OPERATIONS = {("GET", "/addressWhisper"): ("address_whisper.suggest", suggest)}
