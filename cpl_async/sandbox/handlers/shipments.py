"""Handlers of shipments: tracking, cancellation, contact data and customs documents."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.multipart import BodyPartReader

from ..codes import code_lists
from ..context import CLIENT, CONTEXT, IGNORES_FILTERS, SandboxContext
from ..problems import translator_for
from ..request_parsing import PARSED, ParsedRequest
from ..responses import limit_and_offset, page, parse_timestamp, validation_problem
from ..store import Parcel, StoredShipment
from .tracking import journey_of, tracked

__all__ = ["OPERATIONS"]

FILE_EXTENSIONS = frozenset({"pdf", "doc", "docx", "xls", "xlsx", "jpg", "jpeg", "png", "odt", "ods", "txt"})
MAX_BYTES = 1_048_576
CONTACT = {"contact": 50, "phone": 30, "email": 50}
"""Maximum length of the fields of ``redirect``."""


async def find(request: web.Request) -> web.Response:
    """Return a page of the parcels that match the filters; each parcel of a set is a separate item."""
    context = request.app[CONTEXT]
    translate = translator_for(request)
    parsed = request[PARSED]
    now = context.clock.now()
    filters = {
        "numbers": parsed.values("ShipmentNumbers"),
        "custs": parsed.values("CustomerReferences"),
        "symbols": parsed.values("VariableSymbols"),
    }
    if parsed.values("InvoiceNumbers"):
        return page(request, [])  # the sandbox has no invoices
    client = request[CLIENT]
    if IGNORES_FILTERS in request:
        filters = {name: [] for name in filters}
    apart = context.settings.parcels_apart
    if any(parsed.text(name) for name in ("ShipmentStates", "DateFrom", "DateTo")):
        matches = [
            pair
            for pair in context.store.find(client, now, filters, None, apart)[1]
            if _matches(*pair, parsed, context, now)
        ]
        return page(request, [tracked(*pair, context, now, translate) for pair in matches])
    total, pairs = context.store.find(client, now, filters, limit_and_offset(request), apart)
    return page(request, [tracked(*pair, context, now, translate) for pair in pairs], total)


def _matches(
    shipment: StoredShipment, parcel: Parcel, parsed: ParsedRequest, context: SandboxContext, now: float
) -> bool:
    state = parsed.text("ShipmentStates")
    if state not in ("", "None") and state not in journey_of(shipment, parcel, context).states(now):
        return False
    accepted = datetime.fromtimestamp(shipment.done, UTC)
    since, until = (parse_timestamp(parsed.text(name)) for name in ("DateFrom", "DateTo"))
    return not ((since and accepted < since) or (until and accepted > until))


def _parcel(request: web.Request) -> tuple[StoredShipment, Parcel] | web.Response:
    """Return the parcel in the path, or the error response if its import has not ended."""
    context = request.app[CONTEXT]
    pair = context.store.parcel(request.match_info["shipmentNumber"], request[CLIENT])
    if pair is None or pair[0].done > context.clock.now():
        return validation_problem(request, "shipmentNumber", "Zásilka neexistuje.", "There is no such shipment.")
    return pair


async def cancel(request: web.Request) -> web.Response:
    """Cancel a parcel that has not been picked up."""
    context = request.app[CONTEXT]
    pair = _parcel(request)
    if isinstance(pair, web.Response):
        return pair
    now = context.clock.now()
    if pair[1].cancelled is not None:
        return validation_problem(
            request, "shipmentNumber", "Zásilka již je zrušena.", "The shipment is cancelled already."
        )
    if journey_of(*pair, context).picked_up(now):
        czech, english = "Zásilka je již v přepravě.", "The shipment is on its way already."
        return validation_problem(request, "shipmentNumber", czech, english)
    context.store.cancel(pair[1].number, now)
    return web.Response(status=200)


async def redirect(request: web.Request) -> web.Response:
    """Add contact data to the recipient of a parcel that has not been delivered."""
    context = request.app[CONTEXT]
    pair = _parcel(request)
    if isinstance(pair, web.Response):
        return pair
    address = request[PARSED].body.get("address") or {}
    contact = {name: address[name] for name in CONTACT if address.get(name)}
    if not contact:
        return validation_problem(request, "address", "Chybí kontakt.", "A contact is missing.")
    for name, text in contact.items():
        if len(text) > CONTACT[name]:
            czech, english = f"Nejvýše {CONTACT[name]} znaků.", f"At most {CONTACT[name]} characters."
            return validation_problem(request, f"address.{name}", czech, english)
    if {"Delivered", "BackToSender", "Canceled"} & journey_of(*pair, context).states(context.clock.now()):
        return validation_problem(
            request, "shipmentNumber", "Zásilka již není na cestě.", "The shipment is no longer on its way."
        )
    context.store.add_contact(pair[1].number, contact)
    return web.Response(status=200)


async def add_documents(request: web.Request) -> web.Response:
    """Store customs documents of a parcel, with the carrier's limits of types and size."""
    context = request.app[CONTEXT]
    kind = request[PARSED].text("documentFileType")
    pair = _parcel(request)
    if isinstance(pair, web.Response):
        return pair
    if kind not in code_lists().document_codes:
        return validation_problem(request, "documentFileType", "Neznámý druh dokumentu.", "Unknown kind of document.")
    if request.content_type != "multipart/form-data":
        return validation_problem(
            request, "files", "Tělo musí být multipart/form-data.", "The body must be multipart/form-data."
        )
    files = await _files(request)
    if not files:
        return validation_problem(request, "files", "Chybí soubory.", "Files are missing.")
    for index, (name, content) in enumerate(files):
        if name.rpartition(".")[2].lower() not in FILE_EXTENSIONS or not content:
            return validation_problem(
                request, f"files[{index}]", "Nepovolený soubor.", "The file is not of a kind that is taken."
            )
    if sum(len(content) for _, content in files) > MAX_BYTES:
        return validation_problem(request, "files", "Nejvýše 1 MB v jednom požadavku.", "At most 1 MB in one request.")
    context.store.add_documents(pair[1].number, kind, files)
    return web.Response(status=200)


async def _files(request: web.Request) -> list[tuple[str, bytes]]:
    """Return the files of a form; empty if the form is invalid."""
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
