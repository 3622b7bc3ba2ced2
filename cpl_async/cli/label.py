"""``cpl label``: the label of one parcel again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from attrs import frozen

from ..bulk import Journal, JournalLocation
from ..client import Client
from ..errors import ConfigurationError
from ..models.data import Label
from ..models.references import normal_reference
from ..plain_text import plain
from ..resources.label_sanitizer import ActiveLabel, printable
from ..system.atomic_file import named, replacing
from .access import journal_of
from .connection import Connection, connected
from .tables import show

__all__ = ["label"]

ENDINGS = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/svg+xml": ".svg",
}


@frozen
class Saved:
    """A label that was saved."""

    number: str
    file: str
    bytes: int


@click.command(short_help="Fetch the label of one parcel again.")
@click.argument("parcel", metavar="NUMBER_OR_REFERENCE")
@click.option("--batch", help="Id of its batch, for a parcel that `cpl ship` did not send from here.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write. Default: label-NUMBER with its ending.")
@connected
def label(connection: Connection, parcel: str, batch: str | None, out: Path | None) -> None:
    """Fetch the label of one parcel again, by its shipment number or its reference.

    The API finds no label by a number, so the parcel is looked up in the journal of what `cpl ship` sent from this
    machine, or in the batch that --batch names. Labels can be had for 30 days.

    \b
    Examples:
      cpl label 2026-00001
      cpl label 40900000001 --out label.pdf
    """
    if connection.sandbox:
        raise click.UsageError("a new sandbox has no labels: name a running one with --base-url")
    if out is not None and not out.absolute().parent.is_dir():
        raise click.UsageError(f"the folder of {out} does not exist")
    account = connection.chosen.account()
    addresses = asyncio.run(_in_journal(journal_of(account), parcel)) if batch is None else {}
    if batch is None and not addresses:
        raise ConfigurationError(
            f"no label of {parcel} is in the journal of {account.client_id} at {account.base_url}: "
            "name its batch with --batch"
        )
    found = connection.run(lambda client: _fetch(client, parcel, batch, addresses))
    saved = []
    for number, file in found.items():
        path = out or Path(f"label-{named(number)}{ENDINGS.get(file.content_type.partition(';')[0], '.zpl')}")
        if out is not None and len(found) > 1:
            path = out.with_stem(f"{out.stem}-{named(number)}")
        try:
            content = printable(file.content, None)
        except ActiveLabel as error:
            raise ConfigurationError(f"the label of {number} is not saved: {error}") from None
        with replacing(path) as fresh:
            fresh.write_bytes(content)
        saved.append(Saved(number, plain(str(path)), len(content)))
    columns = {"number": lambda one: one.number, "file": lambda one: one.file, "bytes": lambda one: one.bytes}
    show(saved, columns, as_json=connection.as_json)


async def _in_journal(place: JournalLocation, parcel: str) -> dict[str, str]:
    """Return the addresses of the labels of a parcel, or of all parcels of a reference, by number."""
    if not place.may_exist:
        return {}
    async with Journal.open(place) as journal:
        return await journal.row_queries.labels_of(parcel)


async def _fetch(client: Client, parcel: str, batch: str | None, addresses: dict[str, str]) -> dict[str, Label]:
    if batch is not None:
        addresses, reference = {}, normal_reference(parcel)
        for item in (await client.shipment_batches.get(batch)).items:
            parts = [item, *item.related_items]
            for part in parts:
                named = parcel == part.shipment_number or reference == normal_reference(item.reference_id or "")
                if named and part.shipment_number and part.label_url:
                    addresses[part.shipment_number] = part.label_url
        if not addresses:
            raise ConfigurationError(f"the batch {batch} has no finished parcel {parcel}")
    return {number: await client.data.get(address) for number, address in addresses.items()}
