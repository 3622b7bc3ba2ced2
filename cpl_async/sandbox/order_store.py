"""Storage of accepted orders."""

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
    """An accepted order with its import and collection times."""

    id: int
    batch: str
    reference: str
    customer_reference: str | None
    body: dict[str, Any]
    starts: float
    done: float
    due: float
    """Time at which the courier comes, by the sandbox's clock."""
    error_code: str | None
    error_message: str | None
    cancelled: float | None

    @property
    def number(self) -> str:
        """Order number assigned by the carrier."""
        return f"OBJ{FIRST_NUMBER + self.id}"

    def import_state(self, now: float) -> str:
        """Return the import state at a time of the sandbox's clock."""
        if now < self.starts:
            return "Accepted"
        if now < self.done:
            return "InProcess"
        return "Error" if self.error_code else "Complete"


class OrderStore:
    """Store of orders in SQLite; not thread-safe."""

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
        """Store a batch and return its id.

        :param client: Client id.
        :param created: Creation time by the sandbox's clock.
        :param orders: Orders as JSON objects of the API.
        :param delays: Seconds until the import of each order starts and ends.
        :param due: Time at which the courier comes for each order.
        :param errors: Code and message of an import error of each order, or ``None`` if the import succeeds.
        """
        count = self._db.execute("SELECT COUNT(*) FROM orders").fetchone()[0]
        batch = str(uuid.uuid5(UUID_NAMESPACE, f"batch {self._seed} {count} {created}"))
        rows = []
        for order, (starts, done), due_time, error in zip(orders, delays, due, errors, strict=True):
            code, message = error or (None, None)
            body = orjson.dumps(order).decode()
            rows.append(
                (batch, client, order["referenceId"], order.get("customerReference"), body, created + starts,
                 created + done, due_time, code, message)
            )  # fmt: skip
        with transaction(self._db):
            self._db.executemany(
                "INSERT INTO orders (batch, client, reference, customer_reference, body, starts, done, due, "
                "error_code, error_message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return batch

    def of_batch(self, batch: str, client: str) -> list[StoredOrder]:
        """Return the orders of a client's batch in the order of the request."""
        return list(self._orders("batch = ? AND client = ?", (batch, client)))

    def shown(self, client: str, now: float) -> list[StoredOrder]:
        """Return the orders that are visible in tracking, oldest first."""
        return list(self._orders("client = ? AND error_code IS NULL AND done <= ?", (client, now)))

    def all(self) -> list[StoredOrder]:
        """Return all accepted orders, for assertions in tests."""
        return list(self._orders("1", ()))

    def cancel(self, order: StoredOrder, now: float, note: str | None) -> None:
        """Mark an order as cancelled."""
        self._db.execute("UPDATE orders SET cancelled = ?, note = ? WHERE id = ?", (now, note, order.id))

    def _orders(self, where: str, values: Sequence[Any]) -> Iterator[StoredOrder]:
        query = (
            "SELECT id, batch, reference, customer_reference, body, starts, done, due, error_code, error_message, "  # noqa: S608 - conditions are constants
            f"cancelled FROM orders WHERE {where} ORDER BY id"
        )
        for row in self._db.execute(query, values):
            yield StoredOrder(
                id=row[0], batch=row[1], reference=row[2], customer_reference=row[3], body=orjson.loads(row[4]),
                starts=row[5], done=row[6], due=row[7], error_code=row[8], error_message=row[9], cancelled=row[10],
            )  # fmt: skip
