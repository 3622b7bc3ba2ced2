"""No person stands in the local variables of our frames when a call fails, and every line is still in the traceback."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import cpl_async
import cpl_sync
from cpl_async import (
    Address,
    CashOnDelivery,
    Client,
    LabelSettings,
    Order,
    ReturnChannel,
    ReturnChannelType,
    Shipment,
    ValidationError,
)
from cpl_async.models.codec import encode
from cpl_async.models.shipment_batches import CreateShipmentBatch

from ..hostile import HostileServer, hostile_server, response

PERSON = {
    "name": "Josefa Nováková",
    "contact": "Petr Kontaktní",
    "phone": "+420777123987",
    "email": "josefa@osoba.example",
    "street": "Soukromá 17",
    "note": "klíče u souseda",
}
OURS = str(Path(cpl_async.__file__).parents[1] / "cpl_")
Call = Callable[[Any], Any]


def recipient() -> Address:
    return Address(
        name=PERSON["name"], street=PERSON["street"], city="Kolín", zip_code="28002", country="CZ",
        contact=PERSON["contact"], phone=PERSON["phone"], email=PERSON["email"],
    )  # fmt: skip


def parcel() -> Shipment:
    money = CashOnDelivery(cod_price=Decimal(100), cod_currency="CZK", cod_var_sym="1")
    return Shipment(
        reference_id="a", product_type="PRID", note=PERSON["note"], recipient=recipient(), cash_on_delivery=money
    )


def to_email() -> ReturnChannel:
    return ReturnChannel(type=ReturnChannelType("Email"), address=PERSON["email"])


def order() -> Order:
    return Order(reference_id="a", order_type="CollectionOrder", shipment_count=1, send_date=SOON, note=PERSON["note"])


CALLS: dict[str, Call] = {
    "create": lambda cpl: cpl.shipment_batches.create([parcel()], timeout=TIME),
    "send": lambda cpl: cpl.shipment_batches.send(encode(CreateShipmentBatch(shipments=[parcel()])), timeout=TIME),
    "labels": lambda cpl: cpl.shipment_batches.update_labels(
        "b", labels=LabelSettings(format="Pdf"), return_channel=to_email(),
        timeout=TIME,
    ),
    "orders": lambda cpl: cpl.order_batches.create([order()], timeout=TIME),
    "redirect": lambda cpl: cpl.shipments.redirect(
        "1", contact=PERSON["contact"], phone=PERSON["phone"], email=PERSON["email"], timeout=TIME
    ),
    "documents": lambda cpl: cpl.shipments.add_documents(
        "1", files=[("a.pdf", PERSON["name"].encode())], document_file_type="INV", timeout=TIME
    ),
    "cancel": lambda cpl: cpl.orders.cancel(order_reference="a", note=PERSON["note"], timeout=TIME),
    "suggest": lambda cpl: cpl.address_whisper.suggest(street=PERSON["street"], timeout=TIME, tries=1),
    "route": lambda cpl: cpl.routing.get("CZ", street=PERSON["street"], timeout=TIME, tries=1),
    "range": lambda cpl: cpl.customer.create_number_range({"contact": PERSON["contact"]}, timeout=TIME),
    "page": lambda cpl: cpl.shipments.list(timeout=TIME, tries=1),
    "customer": lambda cpl: cpl.customer.get(timeout=TIME, tries=1),
}  # fmt: skip
TIME = 0.3
SOON = datetime.now(UTC) + timedelta(days=1)
REFUSED: dict[str, Call] = {
    "create": lambda cpl: cpl.shipment_batches.create([parcel(), recipient()]),
    "note": lambda cpl: cpl.shipment_batches.create([evolve(parcel(), note="\ud800")]),
    "redirect": lambda cpl: cpl.shipments.redirect("1", phone=PERSON["phone"] * 9, contact=PERSON["contact"]),
    "redirect by number": lambda cpl: cpl.shipments.redirect("1", phone=420777123987),
    "option": lambda cpl: cpl.shipments.redirect("1", phone=PERSON["phone"], timeut=5),
    "argument": lambda cpl: cpl.shipments.redirect("1", PERSON["phone"], contact=PERSON["contact"]),
    "cancel": lambda cpl: cpl.orders.cancel(note=PERSON["note"]),
    "suggest": lambda cpl: cpl.address_whisper.suggest(street=[PERSON["street"]]),
    "route": lambda cpl: cpl.routing.get("CZ", street=b"Soukrom\xc3\xa1 17"),
    "documents": lambda cpl: cpl.shipments.add_documents(
        "1", files=[("a.exe", PERSON["name"].encode())], document_file_type="INV"
    ),
    "a document as text": lambda cpl: cpl.shipments.add_documents(
        "1", files=[("a.pdf", PERSON["name"])], document_file_type="INV"
    ),
    "range": lambda cpl: cpl.customer.create_number_range({"contact": PERSON["contact"], "b": {1, 2}}),
}
PERSONS = (
    *PERSON.values(),
    *(repr(text.encode())[2:-1] for text in PERSON.values()),
    "420777123987",
    "Novák",
    "ovákov",
)
ODD = b'{"accounts": 5, "recipient": {"name": "Josefa Nov\xc3\xa1kov\xc3\xa1"}, "phone": "+420777123987"}'
RESPONSES = {
    "400": response(b'{"title":"no"}', status="400 Bad"),
    "500": response(b"", status="500 Bad"),
    "odd values": response(ODD),
    "cut": response(ODD, length=5000),
    "not JSON": response(ODD[1:]),
    "no answer": b"",
}


def locals_of_our_frames(error: BaseException) -> str:
    """Return what a tool that shows local variables prints of our frames, below this file's."""
    shown, seen = [], set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename.startswith(OURS):
                shown.append(f"{frame.f_code.co_name}: {frame.f_locals!r}")
    return "\n".join(shown)


def check(error: BaseException) -> None:
    shown = locals_of_our_frames(error)
    assert shown or isinstance(error, TypeError)  # arguments that do not fit a call of the facade
    assert [person for person in PERSONS if person in shown] == [], shown


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as running:
        yield running


@pytest.mark.parametrize("name", CALLS)
async def test_no_person_is_among_the_locals_when_the_server_fails(server: HostileServer, name: str) -> None:
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        for kind, raw in RESPONSES.items():
            server.scripts["base"] = raw
            try:
                await CALLS[name](client)
            except Exception as error:
                check(error)
            else:
                assert kind not in ("400", "500")


@pytest.mark.parametrize("name", CALLS)
async def test_no_person_is_among_the_locals_when_a_call_is_cancelled(server: HostileServer, name: str) -> None:
    server.scripts["base"] = b"HTTP/1.1 200 OK\r\n"
    server.keeps_open = True
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        task: asyncio.Task[Any] = asyncio.ensure_future(_awaited(CALLS[name](client)))
        while not server.calls:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
    check(caught.value)


async def _awaited(call: Awaitable[Any]) -> Any:
    return await call


@pytest.mark.parametrize("name", REFUSED)
async def test_no_person_is_among_the_locals_when_a_call_is_refused(server: HostileServer, name: str) -> None:
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of several kinds
            await REFUSED[name](client)
    check(caught.value)
    assert server.calls == 0


@pytest.mark.parametrize("name", [*CALLS, *REFUSED])
async def test_no_person_is_among_the_locals_of_the_facade(server: HostileServer, name: str) -> None:
    server.scripts["base"] = RESPONSES["400"]

    def calls() -> None:
        with cpl_sync.Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
            for call in (CALLS.get(name), REFUSED.get(name)):
                if call is not None:
                    with pytest.raises(Exception) as caught:  # noqa: PT011
                        call(client)
                    check(caught.value)

    await asyncio.to_thread(calls)


async def test_a_list_that_cannot_be_read_leaves_no_person_behind(server: HostileServer) -> None:
    server.scripts["base"] = response(b'[{"recipient": "Josefa Nov\xc3\xa1kov\xc3\xa1"}]'.replace(b"[{", b'"['))
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            [item async for item in client.shipments.iterate(tries=1)]
    check(caught.value)


async def test_the_callers_own_frames_stay_as_they_are(server: HostileServer) -> None:
    def fail() -> None:
        mine = "kept"
        raise KeyError(mine)

    server.scripts["base"] = RESPONSES["400"]
    async with Client(client_id="a", client_secret="b", base_url=server.base_url()) as client:
        try:
            fail()
        except KeyError:
            with pytest.raises(ValidationError) as caught:
                await client.shipments.cancel("1")
    context = caught.value.__context__
    assert isinstance(context, KeyError)
    assert [frame.f_locals.get("mine") for frame, _ in traceback.walk_tb(context.__traceback__)][-1] == "kept"
