"""Shipments as tracking shows them; cancelling them, contacts and customs documents."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.multipart import BodyPartReader

from ..codes import code_lists
from ..problems import words_for
from ..request_parsing import ASKED, Asked
from ..responses import page, part_of, read_moment, refusal
from ..store import Parcel, StoredShipment
from ..world import CLIENT, FAULT, WORLD, World
from .tracking import journey_of, tracked

__all__ = ["OPERATIONS"]

ENDINGS = frozenset({"pdf", "doc", "docx", "xls", "xlsx", "jpg", "jpeg", "png", "odt", "ods", "txt"})
MOST_BYTES = 1_048_576
CONTACT = {"contact": 50, "phone": 30, "email": 50}
"""Most characters of what ``redirect`` adds."""


async def find(request: web.Request) -> web.Response:
    """Answer the parcels that match the filters, one page of them; each parcel of a set by itself."""
    world = request.app[WORLD]
    words = words_for(request)
    asked = request[ASKED]
    now = world.clock.now()
    filters = {
        "numbers": asked.many("ShipmentNumbers"),
        "custs": asked.many("CustomerReferences"),
        "symbols": asked.many("VariableSymbols"),
    }
    if asked.many("InvoiceNumbers"):
        return page(request, [])  # the sandbox writes no invoices
    client = request[CLIENT]
    if FAULT in request:
        filters = {name: [] for name in filters}
    apart = world.settings.parcels_apart
    if any(asked.text(name) for name in ("ShipmentStates", "DateFrom", "DateTo")):
        found = [
            pair
            for pair in world.store.find(client, now, filters, None, apart)[1]
            if _matches(*pair, asked, world, now)
        ]
        return page(request, [tracked(*pair, world, now, words) for pair in found])
    total, pairs = world.store.find(client, now, filters, part_of(request), apart)
    return page(request, [tracked(*pair, world, now, words) for pair in pairs], total)


def _matches(shipment: StoredShipment, parcel: Parcel, asked: Asked, world: World, now: float) -> bool:
    state = asked.text("ShipmentStates")
    if state not in ("", "None") and state not in journey_of(shipment, parcel, world).states(now):
        return False
    accepted = datetime.fromtimestamp(shipment.done, UTC)
    since, until = (read_moment(asked.text(name)) for name in ("DateFrom", "DateTo"))
    return not ((since and accepted < since) or (until and accepted > until))


def _parcel(request: web.Request) -> tuple[StoredShipment, Parcel] | web.Response:
    """Return the parcel that the path names, if it can be seen already."""
    world = request.app[WORLD]
    found = world.store.parcel(request.match_info["shipmentNumber"], request[CLIENT])
    if found is None or found[0].done > world.clock.now():
        return refusal(request, "shipmentNumber", "Zásilka neexistuje.", "There is no such shipment.")
    return found


async def cancel(request: web.Request) -> web.Response:
    """Cancel a parcel that was not picked up yet."""
    world = request.app[WORLD]
    found = _parcel(request)
    if isinstance(found, web.Response):
        return found
    now = world.clock.now()
    if found[1].cancelled is not None:
        return refusal(request, "shipmentNumber", "Zásilka již je zrušena.", "The shipment is cancelled already.")
    if journey_of(*found, world).picked_up(now):
        czech, english = "Zásilka je již v přepravě.", "The shipment is on its way already."
        return refusal(request, "shipmentNumber", czech, english)
    world.store.cancel(found[1].number, now)
    return web.Response(status=200)


async def redirect(request: web.Request) -> web.Response:
    """Add a contact to the recipient of a parcel that is still on its way."""
    world = request.app[WORLD]
    found = _parcel(request)
    if isinstance(found, web.Response):
        return found
    address = request[ASKED].body.get("address") or {}
    contact = {name: address[name] for name in CONTACT if address.get(name)}
    if not contact:
        return refusal(request, "address", "Chybí kontakt.", "A contact is missing.")
    for name, text in contact.items():
        if len(text) > CONTACT[name]:
            czech, english = f"Nejvýše {CONTACT[name]} znaků.", f"At most {CONTACT[name]} characters."
            return refusal(request, f"address.{name}", czech, english)
    if {"Delivered", "BackToSender", "Canceled"} & journey_of(*found, world).states(world.clock.now()):
        return refusal(request, "shipmentNumber", "Zásilka již není na cestě.", "The shipment is no longer on its way.")
    world.store.add_contact(found[1].number, contact)
    return web.Response(status=200)


async def add_documents(request: web.Request) -> web.Response:
    """Keep customs documents of a parcel: kinds and size as the carrier takes them."""
    world = request.app[WORLD]
    kind = request[ASKED].text("documentFileType")
    found = _parcel(request)
    if isinstance(found, web.Response):
        return found
    if kind not in code_lists().document_codes:
        return refusal(request, "documentFileType", "Neznámý druh dokumentu.", "Unknown kind of document.")
    if request.content_type != "multipart/form-data":
        return refusal(request, "files", "Tělo musí být multipart/form-data.", "The body must be multipart/form-data.")
    files = await _files(request)
    if not files:
        return refusal(request, "files", "Chybí soubory.", "Files are missing.")
    for index, (name, content) in enumerate(files):
        if name.rpartition(".")[2].lower() not in ENDINGS or not content:
            return refusal(request, f"files[{index}]", "Nepovolený soubor.", "The file is not of a kind that is taken.")
    if sum(len(content) for _, content in files) > MOST_BYTES:
        return refusal(request, "files", "Nejvýše 1 MB v jednom požadavku.", "At most 1 MB in one request.")
    world.store.add_documents(found[1].number, kind, files)
    return web.Response(status=200)


async def _files(request: web.Request) -> list[tuple[str, bytes]]:
    """Return the files of a form; none where it cannot be read."""
    files = []
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "files":
                name = (part.filename or "").encode("utf-8", "replace").decode()
                files.append((name, bytes(await part.read())))
    except (ValueError, AssertionError, HttpProcessingError):
        return []
    return files


OPERATIONS = {
    ("GET", "/shipment"): ("shipments.list", find),
    ("POST", "/shipment/{shipmentNumber}/cancel"): ("shipments.cancel", cancel),
    ("POST", "/shipment/{shipmentNumber}/redirect"): ("shipments.redirect", redirect),
    ("POST", "/shipment/{shipmentNumber}/documents"): ("shipments.add_documents", add_documents),
}
