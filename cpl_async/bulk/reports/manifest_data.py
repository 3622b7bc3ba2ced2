"""The data of the handover manifest: a line on the handover, then one for each shipment."""

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
    """The sender, the carrier and the time of a handover."""

    job: str
    at: float
    """Seconds since the epoch."""
    sender: list[str]
    """Lines of name and address."""
    carrier: list[str] = field(factory=lambda: ["PPL CZ s.r.o."])
    system: str = "production"
    """``production``, ``testing``, ``sandbox``, or the address; the manifest shows the second and the third."""
    language: str = "cs"
    """``en`` or ``cs``. Default: ``cs``."""
    zone: str | None = None
    """IANA name of the time zone. Default: that of this machine."""


@frozen(kw_only=True)
class ManifestRow:
    """A shipment that is handed over, with only the place of its recipient."""

    numbers: list[str]
    """Numbers of all parcels of the set; the first is that of the shipment."""
    reference: str = ""
    town: str = ""
    zip_code: str = ""
    parcels: int = 1
    weight_kg: Decimal | None = None
    """Weight of the whole set in kilograms, or ``None`` if it is not known."""
    cod: Decimal | None = None
    currency: str = ""


def write_manifest_data(path: Path, handover: ManifestHeader, rows: Iterable[ManifestRow]) -> None:
    """Write the input of the process that makes the manifest, row by row.

    :param rows: Rows in the order of the manifest, read once.
    """
    with replacing(path) as fresh, fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_line(handover))
        file.writelines(map(_line, rows))


def read_manifest_data(path: Path) -> tuple[ManifestHeader, Iterator[ManifestRow]]:
    """Return header and rows of a manifest; the rows are read during iteration.

    :raises ValueError: It is not JSON, or a value is missing, unknown or of the wrong kind.
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
