"""What the handover manifest is made of: a line on the handover, then one for each shipment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from attrs import asdict, field, frozen

from ...system.atomic_file import replacing
from .json_input import structured

__all__ = ["ManifestHeader", "ManifestRow", "read_manifest_data", "write_manifest_data"]


@frozen(kw_only=True)
class ManifestHeader:
    """Who hands over, to whom and when."""

    job: str
    at: float
    """Seconds since the epoch."""
    sender: list[str]
    """Lines of name and address."""
    carrier: list[str] = field(factory=lambda: ["PPL CZ s.r.o."])
    system: str = "production"
    """``production``, ``testing``, ``sandbox``, or the address; with the second and third the protocol says so."""
    language: str = "cs"
    """``en`` or ``cs``."""
    zone: str | None = None
    """IANA name of the time zone; else that of this machine."""


@frozen(kw_only=True)
class ManifestRow:
    """A shipment that is handed over; of the recipient no more than the place."""

    numbers: list[str]
    """Numbers of all parcels of the set; the first is that of the shipment."""
    reference: str = ""
    town: str = ""
    zip_code: str = ""
    parcels: int = 1
    weight_kg: Decimal | None = None
    """Of the whole set, if it is known."""
    cod: Decimal | None = None
    currency: str = ""


def write_manifest_data(path: Path, handover: ManifestHeader, rows: Iterable[ManifestRow]) -> None:
    """Write what the process that makes the protocol reads, row by row.

    :param rows: in the order of the protocol, read once.
    """
    with replacing(path) as fresh, fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_line(handover))
        file.writelines(map(_line, rows))


def read_manifest_data(path: Path) -> tuple[ManifestHeader, Iterator[ManifestRow]]:
    """Return what is handed over; the rows are read while they are gone through.

    :raises ValueError: when it is no JSON, or a value is missing, unknown or of the wrong kind.
    """
    with path.open(encoding="utf-8") as file:
        handover = structured(file.readline(), ManifestHeader)
    return handover, _rows(path)


def _rows(path: Path) -> Iterator[ManifestRow]:
    with path.open(encoding="utf-8") as file:
        file.readline()
        for line in file:
            yield structured(line, ManifestRow)


def _line(thing: ManifestHeader | ManifestRow) -> str:
    return json.dumps(asdict(thing), ensure_ascii=False, default=str) + "\n"
