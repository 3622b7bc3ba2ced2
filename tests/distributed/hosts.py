"""Several hosts that share a journal, in folders of one test."""

from __future__ import annotations

import hashlib
from pathlib import Path

from attrs import evolve

from benchmarks.servers import PostgreSQL
from cpl_async import Client

from ..bulk.shipping import Shipping

__all__ = ["on_host"]


def on_host(name: str, folder: Path, client: Client, database: PostgreSQL) -> Shipping:
    """Return what ships on one of several hosts that share a journal."""
    (folder / name).mkdir(exist_ok=True)
    shipping = Shipping(folder / name, client)
    account = hashlib.sha256(str(folder).encode()).hexdigest()[:8]  # ports come again, and with them a schema's name
    shipping.place = evolve(shipping.place, folder=folder / name / account, url=database.url)
    return shipping
