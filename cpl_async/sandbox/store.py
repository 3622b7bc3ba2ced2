"""Storage of batches, shipments and parcels, in memory or in a file."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from attrs import Factory, field, frozen

from .settings import SandboxSettings

__all__ = ["Parcel", "Store", "StoredDocument", "StoredShipment", "draw_delays", "transaction"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS instance (id TEXT NOT NULL, latest_time REAL NOT NULL DEFAULT 0);
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
    in_set INTEGER NOT NULL, guid TEXT NOT NULL UNIQUE, cancelled REAL, contact TEXT
);
CREATE INDEX IF NOT EXISTS parcels_of_shipment ON parcels (shipment);
CREATE TABLE IF NOT EXISTS documents (
    number TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS dormant (number TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS ranges (
    client TEXT NOT NULL, product TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
);
"""
VERSION = 4
"""Version of the schema; a file with another version is rejected."""
PARCEL_QUERY = """
SELECT s.id, s.batch, s.position, s.reference, s.body, s.starts, s.done, s.visible, s.error_code, s.error_message,
    p.number, p.master, p.place, p.guid, p.in_set, p.cancelled, p.contact
FROM shipments s JOIN parcels p ON p.shipment = s.id
"""
FIRST_NUMBER = 40_900_000_000
"""Start of assigned numbers, with eleven digits like the carrier's."""
FIRST_RESERVED = 70_900_000_000
"""Start of reserved number ranges."""
FILTERS = {
    "custs": "s.cust",
    "numbers": "p.number",
    "symbols": "json_extract(s.body, '$.cashOnDelivery.codVarSym')",
}
"""SQL expressions of the filters of tracking."""
UUID_NAMESPACE = uuid.UUID("6d0a5c1e-40a1-4d3a-9f3e-5a0d5f4c0b11")


@frozen(kw_only=True)
class Parcel:
    """A parcel."""

    number: str
    master: str
    place: int
    """Position in the set, from 1."""
    guid: str
    in_set: int = 1
    """Number of parcels in the set."""
    cancelled: float | None = None
    """Time of the cancellation by the sandbox's clock, or ``None`` if the parcel is not cancelled."""
    contact: dict[str, str] = Factory(dict)
    """Contact data added to the recipient."""


@frozen(kw_only=True)
class StoredDocument:
    """A received customs document."""

    number: str
    type: str
    name: str
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class StoredShipment:
    """An accepted shipment with its import times."""

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
        """Return the import state at a time of the sandbox's clock."""
        if now < self.starts:
            return "Accepted"
        if now < self.done:
            return "InProcess"
        return "Error" if self.error_code else "Complete"


class Store:
    """Store of the sandbox in SQLite; not thread-safe."""

    def __init__(self, file: Path | None, seed: int) -> None:
        self._seed = seed
        self.db: sqlite3.Connection = sqlite3.connect(
            file or ":memory:", check_same_thread=False, isolation_level=None, timeout=1.0
        )
        self._db = self.db
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # two sandboxes with one file would assign the same numbers
        try:
            used = self._scalar("SELECT COUNT(*) FROM sqlite_master") > 0
        except sqlite3.Error as error:
            self._db.close()
            raise OSError(f"{file} cannot be opened, another sandbox may be using it: {error}") from None
        if used and self._scalar("PRAGMA user_version") != VERSION:
            self._db.close()
            raise OSError(f"{file} has the state of another version of the sandbox: remove it, or use another file")
        self._db.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA user_version={VERSION};" + SCHEMA
        )
        if self._db.execute("SELECT COUNT(*) FROM instance").fetchone()[0] == 0:
            self._db.execute("INSERT INTO instance (id) VALUES (?)", (uuid.uuid4().hex,))
        self.instance_id: str = self._db.execute("SELECT id FROM instance").fetchone()[0]
        """Unique id of this store, which distinguishes it from an earlier sandbox at the same URL."""

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def latest_time(self) -> float:
        """Latest saved time of the sandbox's clock."""
        return float(self._db.execute("SELECT latest_time FROM instance").fetchone()[0])

    def save_time(self, now: float) -> None:
        """Save the time of the sandbox's clock, so that it does not go backwards after a restart."""
        self._db.execute("UPDATE instance SET latest_time = ? WHERE latest_time < ?", (now, now))

    def add_batch(
        self,
        client: str,
        created: float,
        labels: dict[str, Any],
        shipments: Sequence[dict[str, Any]],
        delays: Sequence[tuple[float, float, float]],
        errors: Sequence[tuple[str, str] | None],
    ) -> str:
        """Store a batch, assign numbers to its parcels, and return its id.

        :param client: Client id.
        :param created: Creation time by the sandbox's clock.
        :param labels: Label settings as a JSON object of the API.
        :param shipments: Shipments as JSON objects of the API.
        :param delays: Seconds until the import of each shipment starts, ends, and is visible in tracking.
        :param errors: Code and message of an import error of each shipment, or ``None`` if the import succeeds.
        """
        batches = self._scalar("SELECT COUNT(*) FROM batches")
        batch = str(uuid.uuid5(UUID_NAMESPACE, f"batch {self._seed} {batches} {created}"))
        number = FIRST_NUMBER + self._scalar("SELECT COUNT(*) FROM parcels") + 1
        shipment_id = self._scalar("SELECT COALESCE(MAX(id), 0) FROM shipments") + 1
        shipment_rows: list[tuple[Any, ...]] = []
        parcel_rows: list[tuple[Any, ...]] = []
        for position, (body, delay, error) in enumerate(zip(shipments, delays, errors, strict=True)):
            starts, done, visible = (created + seconds for seconds in delay)
            code, message = error or (None, None)
            shipment_rows.append(
                (shipment_id, batch, position, body["referenceId"], _cust(body), orjson.dumps(body).decode(),
                 starts, done, visible, code, message)
            )  # fmt: skip
            count = _parcels(body)
            customer_numbers = _customer_numbers(body)
            numbers = [customer_numbers.get(place) or str(number + place) for place in range(count)]
            number += count
            for place, parcel_number in enumerate(numbers, 1):
                guid = str(uuid.uuid5(UUID_NAMESPACE, f"label {self._seed} {parcel_number}"))
                parcel_rows.append((parcel_number, shipment_id, numbers[0], place, count, guid))
            shipment_id += 1
        dormant = [(value,) for body in shipments if (value := (body.get("dormant") or {}).get("shipmentNumber"))]
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?)", (batch, client, created, orjson.dumps(labels).decode())
            )
            self._db.executemany("INSERT INTO shipments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", shipment_rows)
            self._db.executemany("INSERT INTO parcels VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)", parcel_rows)
            self._db.executemany("INSERT INTO dormant VALUES (?)", dormant)
        return batch

    def labels_of(self, batch: str, client: str) -> dict[str, Any] | None:
        """Return the label settings of a client's batch, or ``None`` if the batch does not exist."""
        row = self._db.execute("SELECT labels FROM batches WHERE id = ? AND client = ?", (batch, client)).fetchone()
        return None if row is None else dict(orjson.loads(row[0]))

    def set_labels(self, batch: str, labels: dict[str, Any]) -> None:
        """Change the label settings of a batch."""
        self._db.execute("UPDATE batches SET labels = ? WHERE id = ?", (orjson.dumps(labels).decode(), batch))

    def shipments_of(self, batch: str) -> list[StoredShipment]:
        """Return the shipments of a batch in the order of the request."""
        return list(self._shipments("WHERE s.batch = ? ORDER BY s.position, p.place", (batch,)))

    def shipment_with_label(self, guid: str, client: str) -> tuple[StoredShipment, Parcel] | None:
        """Return the shipment and parcel of a label id, or ``None`` if the id is unknown."""
        where = (
            "WHERE s.id = (SELECT shipment FROM parcels WHERE guid = ?) "
            "AND s.batch IN (SELECT id FROM batches WHERE client = ?) ORDER BY p.place"
        )
        for shipment in self._shipments(where, (guid, client)):
            for parcel in shipment.parcels:
                if parcel.guid == guid:
                    return shipment, parcel
        return None

    def find(
        self,
        client: str,
        now: float,
        filters: dict[str, list[str]],
        page: tuple[int, int] | None = None,
        apart: float = 0.0,
    ) -> tuple[int, list[tuple[StoredShipment, Parcel]]]:
        """Return the number of parcels that are visible in tracking, and one page of them, oldest first.

        :param client: Client id.
        :param now: Current time of the sandbox's clock.
        :param filters: Values of ``numbers``, ``custs`` and ``symbols``; an empty list matches all parcels.
        :param page: Limit and offset. Default: all parcels.
        :param apart: Seconds by which the parcels of a set become visible one after another. Default: 0.
        """
        where = (
            "WHERE s.batch IN (SELECT id FROM batches WHERE client = ?) AND s.error_code IS NULL "
            "AND s.visible + (p.place - 1) * ? <= ? "
        )
        values: list[Any] = [client, apart, now]
        for name, condition in FILTERS.items():
            if filters.get(name):
                where += f"AND {condition} IN ({_placeholders(filters[name])}) "
                values += filters[name]
        total = self._db.execute(f"SELECT COUNT(*) FROM ({PARCEL_QUERY} {where})", values).fetchone()[0]  # noqa: S608 - constants only
        limit, offset = page or (-1, 0)
        query = f"{PARCEL_QUERY} {where} ORDER BY s.id, p.place LIMIT ? OFFSET ?"
        rows = self._db.execute(query, [*values, limit, offset])
        return int(total), [(_shipment(row, []), _parcel(row)) for row in rows]

    def parcel(self, number: str, client: str) -> tuple[StoredShipment, Parcel] | None:
        """Return a client's parcel by number, or ``None`` if it does not exist."""
        pairs = self.find(client, float("inf"), {"numbers": [number]})[1]
        return pairs[0] if pairs else None

    def cancel(self, number: str, now: float) -> None:
        """Mark a parcel as cancelled."""
        self._db.execute("UPDATE parcels SET cancelled = ? WHERE number = ?", (now, number))

    def add_contact(self, number: str, contact: dict[str, str]) -> None:
        """Merge contact data into the recipient of a parcel."""
        row = self._db.execute("SELECT contact FROM parcels WHERE number = ?", (number,)).fetchone()
        merged = (orjson.loads(row[0]) if row[0] else {}) | contact
        self._db.execute("UPDATE parcels SET contact = ? WHERE number = ?", (orjson.dumps(merged).decode(), number))

    def connect(self, numbers: Sequence[str]) -> None:
        """Combine parcels into one set, in this order."""
        with transaction(self._db):
            for place, number in enumerate(numbers, 1):
                self._db.execute(
                    "UPDATE parcels SET master = ?, place = ?, in_set = ? WHERE number = ?",
                    (numbers[0], place, len(numbers), number),
                )

    def add_documents(self, number: str, kind: str, files: Sequence[tuple[str, bytes]]) -> None:
        """Store customs documents."""
        rows = [(number, kind, name, content) for name, content in files]
        self._db.executemany("INSERT INTO documents VALUES (?, ?, ?, ?)", rows)

    def documents(self) -> list[StoredDocument]:
        """Return all received customs documents."""
        rows = self._db.execute("SELECT number, type, name, content FROM documents ORDER BY rowid")
        return [StoredDocument(number=row[0], type=row[1], name=row[2], content=row[3]) for row in rows]

    def reserve(self, client: str, product: str, count: int) -> tuple[int, int]:
        """Reserve a range of numbers for a product, and return the first and the last number."""
        first = max(FIRST_RESERVED, self._scalar("SELECT COALESCE(MAX(last), 0) FROM ranges")) + 1
        self._db.execute("INSERT INTO ranges VALUES (?, ?, ?, ?)", (client, product, first, first + count - 1))
        return first, first + count - 1

    def used_references(self, client: str, shipments: Sequence[dict[str, Any]]) -> list[int]:
        """Return the indexes of shipments with a reference that the client has already used."""
        references = [shipment["referenceId"] for shipment in shipments]
        query = (
            f"SELECT DISTINCT reference FROM shipments WHERE reference IN ({_placeholders(references)}) "  # noqa: S608 - placeholders only
            "AND error_code IS NULL AND batch IN (SELECT id FROM batches WHERE client = ?)"
        )
        used = {row[0] for row in self._db.execute(query, [*references, client])}
        return [index for index, reference in enumerate(references) if reference in used]

    def can_use(self, client: str, number: str, product: str) -> bool:
        """Return whether a number is in a range reserved by the client for a product, and is unused."""
        if not number.isascii() or not number.isdigit() or len(number) > 15 or number != str(int(number)):
            return False
        query = "SELECT COUNT(*) FROM ranges WHERE client = ? AND product = ? AND ? BETWEEN first AND last"
        reserved = self._db.execute(query, (client, product, int(number))).fetchone()[0]
        query = (
            "SELECT (SELECT COUNT(*) FROM parcels WHERE number = ?) + (SELECT COUNT(*) FROM dormant WHERE number = ?)"
        )
        used = self._db.execute(query, (number, number)).fetchone()[0]
        return bool(reserved) and not used

    def all_shipments(self) -> list[StoredShipment]:
        """Return all accepted shipments, for assertions in tests."""
        return list(self._shipments("ORDER BY s.id, p.place", ()))

    def _shipments(self, where: str, values: Sequence[Any]) -> Iterator[StoredShipment]:
        query = f"{PARCEL_QUERY} {where}"  # the conditions are constants, all values are bound
        current: tuple[Any, ...] | None = None
        parcels: list[Parcel] = []
        for row in self._db.execute(query, values):
            if current is not None and row[0] != current[0]:
                yield _shipment(current, parcels)
                parcels = []
            current = row
            parcels.append(_parcel(row))
        if current is not None:
            yield _shipment(current, parcels)

    def _scalar(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def draw_delays(rng: random.Random, settings: SandboxSettings) -> tuple[float, float, float]:
    """Draw the seconds until an import starts, ends, and is visible in tracking."""
    done = settings.import_seconds * rng.uniform(0.6, 1.6)
    starts = done * rng.uniform(0.1, 0.5)
    if settings.stuck and rng.random() < settings.stuck:
        done += settings.stuck_seconds
    visibility_delay = settings.visible_after
    if settings.visible_tail:
        visibility_delay *= rng.paretovariate(settings.visible_tail)
    return starts, done, done + visibility_delay


def _shipment(row: tuple[Any, ...], parcels: list[Parcel]) -> StoredShipment:
    return StoredShipment(
        id=row[0], batch=row[1], position=row[2], reference=row[3], body=orjson.loads(row[4]), starts=row[5],
        done=row[6], visible=row[7], error_code=row[8], error_message=row[9], parcels=tuple(parcels),
    )  # fmt: skip


def _parcel(row: tuple[Any, ...]) -> Parcel:
    return Parcel(
        number=row[10], master=row[11], place=row[12], guid=row[13], in_set=row[14], cancelled=row[15],
        contact=orjson.loads(row[16]) if row[16] else {},
    )  # fmt: skip


def _customer_numbers(body: dict[str, Any]) -> dict[int, str]:
    """Return the numbers set by the customer, by index of the parcel from 0."""
    items = (body.get("shipmentSet") or {}).get("shipmentSetItems") or []
    numbers = {place: str(item["shipmentNumber"]) for place, item in enumerate(items) if item.get("shipmentNumber")}
    if body.get("shipmentNumber"):
        numbers.setdefault(0, str(body["shipmentNumber"]))
    return numbers


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Run statements in a transaction."""
    database.execute("BEGIN")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _cust(body: dict[str, Any]) -> str | None:
    return next((str(n["externalNumber"]) for n in body.get("externalNumbers") or [] if n.get("code") == "CUST"), None)


def _parcels(body: dict[str, Any]) -> int:
    return int((body.get("shipmentSet") or {}).get("numberOfShipments") or 1)


def _placeholders(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
