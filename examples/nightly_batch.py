"""Ship the day's orders at night, from the shop's database; run it again after any stop, and it goes on.

    python examples/nightly_batch.py shop.sqlite3 labels

For cron or a timer of systemd. The exit status is 0 when all orders are shipped with their labels, 1 when a person
must look, 2 when nothing could be done. Each day's orders are a job of their own in the journal of `cpl`, so an order
is sent once however often this runs, and whatever stops it; `cpl jobs list` shows the jobs.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from cpl_sync import Client, CplError

TABLE = """
CREATE TABLE IF NOT EXISTS orders (
    reference TEXT PRIMARY KEY, day TEXT NOT NULL,
    name TEXT, street TEXT, city TEXT, zip_code TEXT, country TEXT, phone TEXT, email TEXT, cash REAL,
    state TEXT NOT NULL DEFAULT 'new', shipment_number TEXT, label TEXT, message TEXT
)
"""
WANTED = "SELECT * FROM orders WHERE day = ? AND state NOT IN ('shipped', 'cancelled') ORDER BY reference"
COLUMNS = {"reference": "reference_id", "cash": "cod_price"}
"""Columns of the shop whose names are not those of `cpl ship`; the others are recognised."""


def orders_of(database: sqlite3.Connection, day: str) -> Iterator[dict[str, str]]:
    """Yield the orders of a day that are not shipped, as they are read: memory stays flat."""
    for row in database.execute(WANTED, [day]):
        yield {name: str(row[name]) for name in row.keys() if row[name] is not None and name in KEPT}  # noqa: SIM118


KEPT = ("reference", "name", "street", "city", "zip_code", "country", "phone", "email", "cash")


def ship(database: sqlite3.Connection, labels: Path) -> int:
    """Ship all days that have something to ship; return how many orders need a person."""
    open_ones = 0
    days = [
        row["day"] for row in database.execute("SELECT DISTINCT day FROM orders WHERE state <> 'shipped' ORDER BY day")
    ]
    with Client.from_config() as cpl:
        for day in days:
            rows = orders_of(database, day)
            for result in cpl.bulk.ship(rows, name=f"orders-{day}", columns=COLUMNS, label_dir=labels):
                open_ones += not result.is_shipped
                places = " ".join(f"{parcel.file}#{parcel.page}" for parcel in result.parcels if parcel.file)
                with database:  # written at once: a stop loses nothing, and the next run is told the same again
                    database.execute(
                        "UPDATE orders SET state = ?, shipment_number = ?, label = ?, message = ? WHERE reference = ?",
                        [result.state, result.shipment_number, places, result.message, result.reference],
                    )
    return open_ones


def main() -> int:
    """Run, and say in a line what became of it."""
    if len(sys.argv) != 3:
        print("usage: nightly_batch.py DATABASE LABELS", file=sys.stderr)
        return 2
    with closing(sqlite3.connect(sys.argv[1])) as database:
        database.row_factory = sqlite3.Row
        database.execute(TABLE)
        try:
            open_ones = ship(database, Path(sys.argv[2]))
        except CplError as error:
            print(f"nothing more can be shipped now: {error}", file=sys.stderr)
            return 2
        counts = database.execute("SELECT state, COUNT(*) AS n FROM orders GROUP BY state ORDER BY state")
        print(", ".join(f"{row['n']} {row['state']}" for row in counts) or "no orders")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
