r"""A web checkout that ships each order exactly once. Its own database is the journal.

    cpl sandbox --port 8080          # in another terminal; paste the three lines that it prints
    python examples/web_checkout.py shop.sqlite3 --port 8000
    curl -X POST localhost:8000/orders/2026-17/ship \
         -d '{"name": "Jan", "street": "Husova 1", "city": "Kolín", "zip": "28002"}'
    curl localhost:8000/orders/2026-17

The order of the steps is what it is about:

1. write down what will be sent and the moment, and commit;
2. send;
3. write down what came back.

Whoever dies between 1 and 3 leaves an order in the state `sending`, and so does an answer that is lost. What became of
it is asked of the carrier before anything is sent again, when the server starts and after each lost answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from cpl_async import Address, Client, CplError, ExternalNumber, LabelSettings, Outcome, Shipment, Verdict

TABLE = """
CREATE TABLE IF NOT EXISTS shipments (
    reference TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,   -- what is sent: the same again if it must be sent again
    state TEXT NOT NULL,       -- new, sending, accepted, shipped, rejected, undecided
    began REAL,                -- when sending began: what is older is not our work
    batch TEXT,
    number TEXT,
    message TEXT NOT NULL DEFAULT ''
)
"""


class Shop:
    """The shop's own database, and what it does with it."""

    def __init__(self, database: sqlite3.Connection, client: Client, settle: float) -> None:
        self.database, self.client, self.settle = database, client, settle
        with self.database:
            self.database.execute(TABLE)

    def row(self, reference: str) -> sqlite3.Row | None:
        """Return an order's shipment."""
        found = self.database.execute("SELECT * FROM shipments WHERE reference = ?", [reference]).fetchone()
        return found if isinstance(found, sqlite3.Row) else None

    def add(self, reference: str, recipient: dict[str, str]) -> None:
        """Write down what will be sent; a second order of this reference changes nothing."""
        with self.database:
            self.database.execute(
                "INSERT OR IGNORE INTO shipments (reference, recipient, state) VALUES (?, ?, 'new')",
                [reference, json.dumps(recipient)],
            )

    async def take(self, reference: str) -> bool:
        """Take an order for sending; of two who try at once, one gets it."""
        now = await self.client.server_time() or datetime.now(UTC)  # what is found is dated by the carrier's clock
        with self.database:
            taken = self.database.execute(
                "UPDATE shipments SET state = 'sending', began = ? WHERE reference = ? AND state = 'new'",
                [now.timestamp(), reference],
            )
        return taken.rowcount == 1

    def note(self, reference: str, state: str, **columns: Any) -> None:
        """Write down how far an order has come."""
        names = ", ".join(f"{name} = ?" for name in ("state", *columns))
        with self.database:
            self.database.execute(
                f"UPDATE shipments SET {names} WHERE reference = ?", [state, *columns.values(), reference]
            )

    async def ship(self, reference: str) -> None:
        """Ship an order, unless that has begun already."""
        try:
            if not await self.take(reference):
                return
        except CplError as error:  # the carrier cannot be reached: nothing was sent
            self.note(reference, "new", message=str(error))
            return
        try:
            batch = await self.client.shipment_batches.create(
                [self.shipment(reference)], labels=LabelSettings(format="Pdf")
            )
        except CplError as error:
            if error.outcome is Outcome.UNKNOWN:
                await self.find_out(reference)
            elif error.outcome is Outcome.NOT_SENT:
                self.note(reference, "new", message=str(error))
            else:
                self.note(reference, "rejected", message=str(error))
            return
        self.note(reference, "accepted", batch=batch.id)
        await self.follow(reference)

    async def follow(self, reference: str) -> None:
        """Wait for the import of what the carrier has taken."""
        row = self.row(reference)
        assert row is not None
        try:
            result = await self.client.shipment_batches.handle(row["batch"]).wait(timeout=900)
        except CplError as error:
            self.note(reference, "accepted", message=str(error))  # asked again when the server starts
            return
        item = result.items[0]
        if item.error:
            self.note(reference, "rejected", message=item.error)
        else:
            self.note(reference, "shipped", number=item.shipment_number, message="")

    async def find_out(self, reference: str) -> None:
        """Ask what became of an order whose answer was lost, and send it again only if it is certainly not there."""
        row = self.row(reference)
        assert row is not None
        canaries = self.database.execute(
            "SELECT reference FROM shipments WHERE state = 'shipped' ORDER BY began DESC LIMIT 2"
        ).fetchall()
        since = datetime.fromtimestamp(row["began"], UTC)
        try:
            [found] = await self.client.reconcile(
                [self.shipment(reference)],
                since=since,
                canaries=[one["reference"] for one in canaries],
                settle_time=self.settle,
            )
        except CplError as error:
            self.note(reference, "sending", message=str(error))
            return
        if found.verdict is Verdict.PRESENT:  # its label is lost with the answer: the carrier tells it to nobody
            self.note(reference, "shipped", number=found.numbers[0], message="shipped without label")
        elif found.verdict is Verdict.ABSENT:
            self.note(reference, "new")
            await self.ship(reference)
        else:
            self.note(reference, "undecided", message=f"a person must look: {found.message}")

    async def go_on(self) -> None:
        """Take up what the last run of the server has left in the middle."""
        rows = self.database.execute("SELECT reference, state FROM shipments").fetchall()
        steps = {"new": self.ship, "sending": self.find_out, "accepted": self.follow}
        await asyncio.gather(*(steps[row["state"]](row["reference"]) for row in rows if row["state"] in steps))

    def shipment(self, reference: str) -> Shipment:
        """Return what is sent for an order: the same each time."""
        row = self.row(reference)
        assert row is not None
        to = json.loads(row["recipient"])
        return Shipment(
            reference_id=reference,
            product_type="PRIV",
            recipient=Address(name=to["name"], street=to["street"], city=to["city"], zip_code=to["zip"], country="CZ"),
            external_numbers=[ExternalNumber(code="CUST", external_number=reference)],  # asked after by this
        )


SHOP = web.AppKey("shop", Shop)


async def ship(request: web.Request) -> web.Response:
    """Take an order, ship it, and say how far it has come."""
    shop, reference = request.app[SHOP], request.match_info["reference"]
    shop.add(reference, await request.json())
    # the customer may go away or press the button twice: shipping goes on, and happens once
    await asyncio.shield(asyncio.ensure_future(shop.ship(reference)))
    return await show(request)


async def show(request: web.Request) -> web.Response:
    """Say how far an order has come."""
    row = request.app[SHOP].row(request.match_info["reference"])
    if row is None:
        raise web.HTTPNotFound
    return web.json_response({name: row[name] for name in ("reference", "state", "number", "message")})


def make_app(database: str, settle: float) -> web.Application:
    """Return the application: one client and one database for its life."""

    async def life(app: web.Application) -> AsyncIterator[None]:
        async with Client.from_config() as client:
            with closing(sqlite3.connect(database)) as connection:
                connection.row_factory = sqlite3.Row
                app[SHOP] = Shop(connection, client, settle)
                going_on = asyncio.create_task(app[SHOP].go_on())
                yield
                going_on.cancel()

    app = web.Application()
    app.cleanup_ctx.append(life)
    app.add_routes([web.post("/orders/{reference}/ship", ship), web.get("/orders/{reference}", show)])
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A checkout that ships each order exactly once.")
    parser.add_argument("database")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--settle-time", type=float, default=900.0, help="seconds until what was created must be visible"
    )
    given = parser.parse_args()
    web.run_app(make_app(given.database, given.settle_time), host="127.0.0.1", port=given.port)
