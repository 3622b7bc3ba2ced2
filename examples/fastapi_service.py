r"""A FastAPI service: one client for the life of the application, and the request's id on every call to the carrier.

    pip install 'cpl-sdk[cli,sandbox]' fastapi uvicorn
    cpl sandbox --port 8080                       # in another terminal; paste the three lines that it prints
    uvicorn fastapi_service:app --app-dir examples
    curl -X POST localhost:8000/shipments -H 'X-Request-ID: order-17' -H 'Content-Type: application/json' \
         -d '{"reference": "2026-17", "name": "Jan", "street": "Husova 1", "city": "Kolín", "zip_code": "28002"}'

A shipment that is sent twice is billed twice: what a lost answer means for a shop is in web_checkout.py.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from cpl_async import (
    Address,
    Client,
    CplError,
    ExternalNumber,
    LabelSettings,
    NotFound,
    Outcome,
    Shipment,
    ValidationError,
    correlation_id,
)


@asynccontextmanager
async def life(app: FastAPI) -> AsyncIterator[None]:
    """Open the client when the application starts: its requests share connections, token and pace."""
    async with Client.from_config() as client:
        app.state.cpl = client
        yield


app = FastAPI(title="Parcels", lifespan=life)


class CarryRequestId:
    """Puts the id of each web request on all calls to the carrier that are made for it, and on the answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        identifier = given if given.isprintable() and 0 < len(given) <= 64 else str(uuid.uuid4())

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", identifier.encode())]
            await send(message)

        marker = correlation_id.set(identifier)
        try:
            await self.app(scope, receive, answer)
        finally:
            correlation_id.reset(marker)


app.add_middleware(CarryRequestId)


def client_of(request: Request) -> Client:
    """Return the application's client."""
    client: Client = request.app.state.cpl
    return client


Carrier = Annotated[Client, Depends(client_of)]


class Parcel(BaseModel):
    """What the shop wants to send."""

    reference: str
    name: str
    street: str
    city: str
    zip_code: str
    country: str = "CZ"


@app.post("/shipments", status_code=202)
async def ship(parcel: Parcel, cpl: Carrier) -> dict[str, str]:
    """Send a parcel; the answer names the batch in which it is imported."""
    shipment = Shipment(
        reference_id=parcel.reference,
        product_type="PRIV",
        recipient=Address(**parcel.model_dump(exclude={"reference"})),
        external_numbers=[ExternalNumber(code="CUST", external_number=parcel.reference)],
    )
    batch = await cpl.shipment_batches.create([shipment], labels=LabelSettings(format="Pdf"))
    return {"batch": batch.id}


@app.get("/batches/{batch_id}")
async def state(batch_id: str, cpl: Carrier) -> dict[str, Any]:
    """Say how far the import of a batch has come."""
    result = await cpl.shipment_batches.get(batch_id)
    return {"settled": result.settled, "numbers": result.numbers, "errors": result.errors}


@app.get("/batches/{batch_id}/label.pdf")
async def label(batch_id: str, cpl: Carrier) -> Response:
    """Hand out the label."""
    found = await cpl.shipment_batches.handle(batch_id).label()
    return Response(found.content, media_type="application/pdf")


@app.get("/shipments/{number}")
async def track(number: str, cpl: Carrier) -> dict[str, Any]:
    """Say where a parcel is."""
    [found] = [tracking async for tracking in cpl.shipments.track([number])]
    if found.shipment is None:
        return {"number": number, "phase": None}
    return {"number": number, "phase": found.shipment.phase, "page": found.shipment.tracking_link()}


@app.exception_handler(CplError)
async def tell(_: Request, error: CplError) -> JSONResponse:
    """Turn what went wrong into an answer that says what is known of it."""
    status = 503
    if isinstance(error, ValidationError):
        status = 422
    elif isinstance(error, NotFound):
        status = 404
    elif error.outcome is Outcome.UNKNOWN:
        status = 504  # it may have been done: ask before anything is sent again
    body = {"error": error.message, "outcome": error.outcome, "problems": [str(problem) for problem in error.problems]}
    return JSONResponse(body, status)
