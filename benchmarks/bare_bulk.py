"""The lower bound for shipping a file: a bare aiohttp and orjson loop, without checks, journal, retries or resume.

It reads the same file, makes the same requests at the same interval and saves the labels; merging them is a separate
process, as in this library. It is not for production: a lost response loses the parcels of its batch.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import orjson

T = TypeVar("T")
TAIL = {"format": "Pdf", "completeLabelSettings": {"isCompleteLabelRequested": True, "pageSize": "Default"}}
DISTANCE = 0.041
LABELS = 200
PARCELS_A_FILE = 1000


def in_pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most ``size`` items."""
    left = iter(items)
    while piece := list(islice(left, size)):
        yield piece


def body_of(row: dict[str, str]) -> dict[str, Any]:
    """Return the shipment of a row, as the client sends it."""
    recipient = {
        "name": row["name"],
        "street": row["street"],
        "city": row["city"],
        "zipCode": row["zip_code"],
        "country": row["country"],
        "phone": row["phone"],
        "email": row["email"],
    }
    parcels = int(row["parcels"])
    body: dict[str, Any] = {
        "referenceId": row["reference_id"],
        "productType": row["product_type"],
        "recipient": recipient,
        "shipmentSet": {
            "numberOfShipments": parcels,
            "shipmentSetItems": [{"weighedShipmentInfo": {"weight": float(row["weight_kg"])}}] * parcels,
        },
        "externalNumbers": [{"code": "CUST", "externalNumber": row["reference_id"]}],
    }
    if row["note"]:
        body["note"] = row["note"]
    if row["parcel_shop_code"]:
        body["specificDelivery"] = {"parcelShopCode": row["parcel_shop_code"]}
    if row["cod_price"]:
        price = {"codPrice": float(row["cod_price"]), "codCurrency": row["cod_currency"]}
        body["cashOnDelivery"] = {**price, "codVarSym": row["cod_var_sym"]}
    if row["insurance_price"]:
        price = {"insurancePrice": float(row["insurance_price"]), "insuranceCurrency": row["insurance_currency"]}
        body["insurance"] = price
    return body


class Loop:
    """The bare loop."""

    def __init__(self, session: aiohttp.ClientSession, folder: Path) -> None:
        self.session, self.folder = session, folder
        self.base = os.environ["CPL_BASE_URL"]
        self.headers: dict[str, str] = {}
        self.next = 0.0
        self.requests = 0

    async def call(self, method: str, path: str, **given: Any) -> tuple[bytes, str]:
        """Make one request when its permit is due, and repeat it while it is rate-limited; return body and location."""
        while True:
            now = time.monotonic()
            self.next = max(self.next + DISTANCE, now)
            self.requests += 1
            await asyncio.sleep(self.next - now)
            async with self.session.request(method, self.base + path, **given) as answer:
                body = await answer.read()
                if answer.status != 429:
                    assert answer.ok, body
                    return body, answer.headers.get("Location", "")

    async def log_in(self) -> None:
        """Fetch a token."""
        access = {
            "grant_type": "client_credentials",
            "client_id": os.environ["CPL_CLIENT_ID"],
            "client_secret": os.environ["CPL_CLIENT_SECRET"],
            "scope": "myapi2",
        }
        body, _ = await self.call("POST", "/login/getAccessToken", data=access)
        self.headers = {"Authorization": f"Bearer {orjson.loads(body)['access_token']}"}

    async def ship(self, number: int, rows: Iterable[dict[str, str]]) -> int:
        """Send one batch, wait for its import and save its labels; return its number of parcels."""
        body = orjson.dumps({"shipments": [body_of(row) for row in rows], "labelSettings": TAIL})
        headers = self.headers | {"Content-Type": "application/json"}
        _, location = await self.call("POST", "/shipment/batch", data=body, headers=headers)
        batch = location.rsplit("/", 1)[-1]
        await asyncio.sleep(1.0)
        parcels = await self.imported(batch)
        for offset in range(0, parcels, LABELS):
            page = {"limit": str(LABELS), "offset": str(offset), "orderBy": "ShipmentNumber"}
            labels, _ = await self.call("GET", f"/shipment/batch/{batch}/label", params=page, headers=self.headers)
            (self.folder / f"{number:04}-{offset:04}.pdf").write_bytes(labels)
        return parcels

    async def imported(self, batch: str) -> int:
        """Wait until an import has finished; return the number of its parcels."""
        while True:
            body, _ = await self.call("GET", f"/shipment/batch/{batch}", headers=self.headers)
            items = orjson.loads(body)["items"]
            if all(item["importState"] == "Complete" for item in items):
                return len(items) + sum(len(item["relatedItems"] or ()) for item in items)
            await asyncio.sleep(0.2)


async def ship(file: Path, folder: Path, at_once: int = 4) -> dict[str, float]:
    """Ship a file; return the figures of the run."""
    began = time.monotonic()
    parcels = 0
    with file.open(encoding="utf-8", newline="") as text:
        waiting = enumerate(in_pieces(csv.DictReader(text), 1000))
        async with aiohttp.ClientSession() as session:
            loop = Loop(session, folder)
            await loop.log_in()

            async def work() -> None:
                nonlocal parcels
                for number, rows in waiting:
                    done = await loop.ship(number, rows)
                    parcels += done

            async with asyncio.TaskGroup() as tasks:
                for _ in range(at_once):
                    tasks.create_task(work())
    return {"seconds": time.monotonic() - began, "requests": loop.requests, "parcels": parcels}


def join(folder: Path) -> None:
    """Merge the labels in a folder, a thousand per file."""
    import pikepdf

    number, parts, joint = 0, [], pikepdf.new()
    for file in sorted(folder.glob("????-*.pdf")):
        parts.append(pikepdf.open(io.BytesIO(file.read_bytes())))  # must live until the merged file is saved
        for page in parts[-1].pages:
            if len(joint.pages) == PARCELS_A_FILE:
                _save(joint, folder, number)
                number, parts, joint = number + 1, parts[-1:], pikepdf.new()
            joint.pages.append(page)
    _save(joint, folder, number)


def _save(joint: Any, folder: Path, number: int) -> None:
    import pikepdf

    joint.save(folder / f"labels-{number:04}.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)


def main() -> None:
    """Run ``bare_bulk ship FILE FOLDER`` or ``bare_bulk join FOLDER``, and write the figures to standard output."""
    what, *paths = sys.argv[1:]
    figures: dict[str, float] = {}
    if what == "ship":
        Path(paths[1]).mkdir()
        figures = asyncio.run(ship(Path(paths[0]), Path(paths[1])))
    else:
        join(Path(paths[0]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(figures | {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
