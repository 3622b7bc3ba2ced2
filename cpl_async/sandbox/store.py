"""Keeps what the sandbox was given: batches, shipments and parcels, in memory or in a file."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from attrs import frozen

__all__ = ["Parcel", "Store", "StoredShipment"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS world (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, client TEXT NOT NULL, created REAL NOT NULL, labels TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS shipments (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL, position INTEGER NOT NULL, reference TEXT NOT NULL, cust TEXT,
    body TEXT NOT NULL, starts REAL NOT NULL, done REAL NOT NULL, visible REAL NOT NULL,
    error_code TEXT, error_message TEXT
);
CREATE INDEX IF NOT EXISTS shipments_of_batch ON shipments (batch);
CREATE INDEX IF NOT EXISTS shipments_by_cust ON shipments (cust);
CREATE TABLE IF NOT EXISTS parcels (
    number TEXT PRIMARY KEY, shipment INTEGER NOT NULL, master TEXT NOT NULL, place INTEGER NOT NULL,
    guid TEXT NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS parcels_of_shipment ON parcels (shipment);
"""
JOINED = """
SELECT s.id, s.batch, s.position, s.reference, s.body, s.starts, s.done, s.visible, s.error_code, s.error_message,
    p.number, p.master, p.place, p.guid
FROM shipments s JOIN parcels p ON p.shipment = s.id
"""
FIRST_NUMBER = 40_900_000_000
"""Eleven digits, as the carrier's numbers have."""
SPACE = uuid.UUID("6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11")


@frozen(kw_only=True)
class Parcel:
    """One parcel with a number of its own."""

    number: str
    master: str
    place: int
    """1 for the first of its set."""
    guid: str


@frozen(kw_only=True)
class StoredShipment:
    """A shipment as it was sent, and its import's course."""

    id: int
    batch: str
    position: int
    reference: str
    body: dict[str, Any]
    starts: float
    done: float
    visible: float
    error_code: str | None
    error_message: str | None
    parcels: tuple[Parcel, ...]

    def state(self, now: float) -> str:
        """Return the import's state at a moment of the sandbox's clock."""
        if now < self.starts:
            return "Accepted"
        if now < self.done:
            return "InProcess"
        return "Error" if self.error_code else "Complete"


class Store:
    """The sandbox's memory; used by one thread at a time."""

    def __init__(self, file: Path | None, seed: int) -> None:
        self._seed = seed
        self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

        if self._db.execute("SELECT COUNT(*) FROM world").fetchone()[0] == 0:
            self._db.execute("INSERT INTO world VALUES (?)", (uuid.uuid4().hex,))
        self.world: str = self._db.execute("SELECT id FROM world").fetchone()[0]
        """Tells this sandbox's memory from that of any other, also of one that was at this address before."""

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add_batch(
        self,
        client: str,
        created: float,
        labels: dict[str, Any],
        shipments: Sequence[dict[str, Any]],
        delays: Sequence[tuple[float, float, float]],
        errors: Sequence[tuple[str, str] | None],
    ) -> str:
        """Keep a batch and give its parcels numbers; return its id.

        :param delays: for each shipment the seconds until its import starts, is done, and can be found.
        :param errors: for each shipment the code and message of an error at import.
        """
        count = self._one("SELECT COUNT(*) FROM batches")
        batch = str(uuid.uuid5(SPACE, f"batch {self._seed} {count} {created}"))
        number = FIRST_NUMBER + self._one("SELECT COUNT(*) FROM parcels") + 1
        shipment_id = self._one("SELECT COALESCE(MAX(id), 0) FROM shipments") + 1
        shipment_rows: list[tuple[Any, ...]] = []
        parcel_rows: list[tuple[Any, ...]] = []
        for position, (body, delay, error) in enumerate(zip(shipments, delays, errors, strict=True)):
            starts, done, visible = (created + seconds for seconds in delay)
            code, message = error or (None, None)
            shipment_rows.append(
                (shipment_id, batch, position, body["referenceId"], _cust(body), orjson.dumps(body).decode(),
                 starts, done, visible, code, message)
            )  # fmt: skip
            master = str(number)
            for place in range(1, _parcels(body) + 1):
                guid = str(uuid.uuid5(SPACE, f"label {self._seed} {number}"))
                parcel_rows.append((str(number), shipment_id, master, place, guid))
                number += 1
            shipment_id += 1
        self._db.execute("BEGIN")
        self._db.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?)", (batch, client, created, orjson.dumps(labels).decode())
        )
        self._db.executemany("INSERT INTO shipments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", shipment_rows)
        self._db.executemany("INSERT INTO parcels VALUES (?, ?, ?, ?, ?)", parcel_rows)
        self._db.execute("COMMIT")
        return batch

    def labels_of(self, batch: str, client: str) -> dict[str, Any] | None:
        """Return the label settings of a client's batch; ``None`` when there is no such batch."""
        row = self._db.execute("SELECT labels FROM batches WHERE id = ? AND client = ?", (batch, client)).fetchone()
        return None if row is None else dict(orjson.loads(row[0]))

    def set_labels(self, batch: str, labels: dict[str, Any]) -> None:
        """Change the label settings of a batch."""
        self._db.execute("UPDATE batches SET labels = ? WHERE id = ?", (orjson.dumps(labels).decode(), batch))

    def shipments_of(self, batch: str) -> list[StoredShipment]:
        """Return the shipments of a batch in the order in which they were sent."""
        return list(self._shipments("WHERE s.batch = ? ORDER BY s.position, p.place", (batch,)))

    def shipment_with_label(self, guid: str, client: str) -> tuple[StoredShipment, Parcel] | None:
        """Return the shipment and parcel whose label has this id."""
        where = (
            "WHERE s.id = (SELECT shipment FROM parcels WHERE guid = ?) "
            "AND s.batch IN (SELECT id FROM batches WHERE client = ?) ORDER BY p.place"
        )
        for shipment in self._shipments(where, (guid, client)):
            for parcel in shipment.parcels:
                if parcel.guid == guid:
                    return shipment, parcel
        return None

    def find(self, client: str, now: float, filters: dict[str, list[str]]) -> list[tuple[StoredShipment, Parcel]]:
        """Return the parcels that tracking shows, oldest first.

        :param filters: values of ``numbers``, ``custs`` and ``symbols``; an empty list asks for all.
        """
        where = (
            "WHERE s.batch IN (SELECT id FROM batches WHERE client = ?) AND s.error_code IS NULL AND s.visible <= ? "
            "{more} ORDER BY s.id, p.place"
        )
        values: list[Any] = [client, now]
        more = ""
        if filters.get("custs"):
            more += f"AND s.cust IN ({_marks(filters['custs'])}) "
            values += filters["custs"]
        if filters.get("numbers"):
            more += f"AND s.id IN (SELECT shipment FROM parcels WHERE number IN ({_marks(filters['numbers'])})) "  # noqa: S608 - only question marks
            values += filters["numbers"]
        if filters.get("symbols"):
            more += f"AND json_extract(s.body, '$.cashOnDelivery.codVarSym') IN ({_marks(filters['symbols'])}) "
            values += filters["symbols"]
        wanted = set(filters.get("numbers") or [])
        return [
            (shipment, parcel)
            for shipment in self._shipments(where.format(more=more), values)
            for parcel in shipment.parcels
            if not wanted or parcel.number in wanted
        ]

    def all_shipments(self) -> list[StoredShipment]:
        """Return every shipment that was ever accepted, for a test to audit."""
        return list(self._shipments("ORDER BY s.id, p.place", ()))

    def _shipments(self, where: str, values: Sequence[Any]) -> Iterator[StoredShipment]:
        query = f"{JOINED} {where}"  # the conditions are our own texts, all values are bound
        current: tuple[Any, ...] | None = None
        parcels: list[Parcel] = []
        for row in self._db.execute(query, values):
            if current is not None and row[0] != current[0]:
                yield _shipment(current, parcels)
                parcels = []
            current = row
            parcels.append(Parcel(number=row[10], master=row[11], place=row[12], guid=row[13]))
        if current is not None:
            yield _shipment(current, parcels)

    def _one(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def delays_for(chance: random.Random, middle: float, visible_after: float) -> tuple[float, float, float]:
    """Draw how long one import takes: until it starts, is done, and can be found, in seconds."""
    done = middle * chance.uniform(0.6, 1.6)
    return done * chance.uniform(0.1, 0.5), done, done + visible_after


def _shipment(row: tuple[Any, ...], parcels: list[Parcel]) -> StoredShipment:
    return StoredShipment(
        id=row[0], batch=row[1], position=row[2], reference=row[3], body=orjson.loads(row[4]), starts=row[5],
        done=row[6], visible=row[7], error_code=row[8], error_message=row[9], parcels=tuple(parcels),
    )  # fmt: skip


def _cust(body: dict[str, Any]) -> str | None:
    return next((str(n["externalNumber"]) for n in body.get("externalNumbers") or [] if n.get("code") == "CUST"), None)


def _parcels(body: dict[str, Any]) -> int:
    return int((body.get("shipmentSet") or {}).get("numberOfShipments") or 1)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
