"""Keeps the orders that the sandbox was given."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from attrs import frozen

from .store import transaction

__all__ = ["OrderStore", "StoredOrder"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL, client TEXT NOT NULL, reference TEXT NOT NULL,
    customer_reference TEXT, body TEXT NOT NULL, starts REAL NOT NULL, done REAL NOT NULL, due REAL NOT NULL,
    error_code TEXT, error_message TEXT, cancelled REAL, note TEXT
);
CREATE INDEX IF NOT EXISTS orders_of_batch ON orders (batch);
CREATE INDEX IF NOT EXISTS orders_by_reference ON orders (client, reference);
"""
FIRST_NUMBER = 9_000_000
UUID_NAMESPACE = uuid.UUID("0d3f0f0c-6d0c-4a3f-8f57-1d8f6a0b7c22")


@frozen(kw_only=True)
class StoredOrder:
    """An order as it was sent, and its course."""

    id: int
    batch: str
    reference: str
    customer_reference: str | None
    body: dict[str, Any]
    starts: float
    done: float
    due: float
    """When the courier comes, by the sandbox's clock."""
    error_code: str | None
    error_message: str | None
    cancelled: float | None

    @property
    def number(self) -> str:
        """Number that the carrier gave it."""
        return f"OBJ{FIRST_NUMBER + self.id}"

    def import_state(self, now: float) -> str:
        """Return the import's state at a moment of the sandbox's clock."""
        if now < self.starts:
            return "Accepted"
        if now < self.done:
            return "InProcess"
        return "Error" if self.error_code else "Complete"


class OrderStore:
    """The sandbox's memory of orders; used by one thread at a time."""

    def __init__(self, database: sqlite3.Connection, seed: int) -> None:
        self._db = database
        self._seed = seed
        self._db.executescript(SCHEMA)

    def add_batch(
        self,
        client: str,
        created: float,
        orders: Sequence[dict[str, Any]],
        delays: Sequence[tuple[float, float]],
        due: Sequence[float],
        errors: Sequence[tuple[str, str] | None],
    ) -> str:
        """Keep a batch and return its id.

        :param delays: for each order the seconds until its import starts and is done.
        :param due: for each order when the courier comes.
        :param errors: for each order the code and message of an error at import.
        """
        count = self._db.execute("SELECT COUNT(*) FROM orders").fetchone()[0]
        batch = str(uuid.uuid5(UUID_NAMESPACE, f"batch {self._seed} {count} {created}"))
        rows = []
        for order, (starts, done), comes, error in zip(orders, delays, due, errors, strict=True):
            code, message = error or (None, None)
            body = orjson.dumps(order).decode()
            rows.append(
                (batch, client, order["referenceId"], order.get("customerReference"), body, created + starts,
                 created + done, comes, code, message)
            )  # fmt: skip
        with transaction(self._db):
            self._db.executemany(
                "INSERT INTO orders (batch, client, reference, customer_reference, body, starts, done, due, "
                "error_code, error_message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return batch

    def of_batch(self, batch: str, client: str) -> list[StoredOrder]:
        """Return the orders of a client's batch in the order in which they were sent."""
        return list(self._orders("batch = ? AND client = ?", (batch, client)))

    def shown(self, client: str, now: float) -> list[StoredOrder]:
        """Return the orders that tracking shows, oldest first."""
        return list(self._orders("client = ? AND error_code IS NULL AND done <= ?", (client, now)))

    def all(self) -> list[StoredOrder]:
        """Return every order that was ever accepted, for a test to audit."""
        return list(self._orders("1", ()))

    def cancel(self, order: StoredOrder, now: float, note: str | None) -> None:
        """Note that an order is cancelled."""
        self._db.execute("UPDATE orders SET cancelled = ?, note = ? WHERE id = ?", (now, note, order.id))

    def _orders(self, where: str, values: Sequence[Any]) -> Iterator[StoredOrder]:
        query = (
            "SELECT id, batch, reference, customer_reference, body, starts, done, due, error_code, error_message, "  # noqa: S608 - conditions are our own texts
            f"cancelled FROM orders WHERE {where} ORDER BY id"
        )
        for row in self._db.execute(query, values):
            yield StoredOrder(
                id=row[0], batch=row[1], reference=row[2], customer_reference=row[3], body=orjson.loads(row[4]),
                starts=row[5], done=row[6], due=row[7], error_code=row[8], error_message=row[9], cancelled=row[10],
            )  # fmt: skip
