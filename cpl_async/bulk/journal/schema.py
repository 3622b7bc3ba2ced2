"""The journal's tables, which also hold the state of reconciliation, takeover and distributed work."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class _PlainText(TypeDecorator[str]):
    """Foreign text in a form that every database accepts: PostgreSQL refuses a NUL in it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it is stored."""
        return value.replace("\0", "\ufffd") if value is not None and "\0" in value else value


__all__ = [
    "FINISHED",
    "OLDEST",
    "PLANNING",
    "READY",
    "VERSION",
    "account",
    "attempts",
    "batches",
    "extra_parcels",
    "jobs",
    "metadata",
    "parcels",
    "rows",
    "shards",
]

OLDEST, VERSION = 10, 10
"""The oldest version of the tables that can be migrated, and the version of this program."""
PLANNING, READY, FINISHED = "planning", "ready", "finished"
"""States of a job: its rows are being recorded, it can be run, nothing is left to do."""
metadata: MetaData = MetaData()

account: Table = Table(
    "account",
    metadata,
    Column("schema_version", Integer, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret", LargeBinary),
    Column("uid", String(32)),
    Column("counter", Integer, nullable=False, server_default="0"),
    Column("gap_since", Float),
    Column("gap_until", Float),
)
"""One row. ``counter`` is the number of attempts; between ``gap_since`` and ``gap_until`` there were attempts that
this journal has no record of, since it was restored from a backup."""
jobs: Table = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("kind", String(16), nullable=False, server_default="shipments"),
    Column("settings", Text, nullable=False, server_default="{}"),
    Column("digest", String(64), nullable=False),
    Column("source", _PlainText, nullable=False),
    Column("columns", Text, nullable=False),
    Column("body_tail", LargeBinary, nullable=False),
    Column("label_format", String(10), nullable=False),
    Column("sender", String(64), nullable=False),
    Column("allow_reship", Integer, nullable=False, default=0),
    Column("state", String(20), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("requests", Integer, nullable=False, default=0),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("measures", Text, nullable=False, server_default="{}"),
    Column("purged_at", Float),
    Column("watched_until", Float),
)
rows: Table = Table(
    "rows",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("reference", Text, nullable=False),
    Column("reference_hash", LargeBinary),
    Column("cust_reference", Text),
    Column("reservation_key", Text),
    Column("raw_fields", LargeBinary, nullable=False),
    Column("content_hash", String(32)),
    Column("payload", LargeBinary),
    Column("parcels", Integer, nullable=False, default=1),
    Column("state", String(24), nullable=False),
    Column("problems", Text, nullable=False, default=""),
    Column("conflict", Integer, nullable=False, default=0),
    Column("batch", ForeignKey("batches.id")),
    Column("shipment_number", Text),
    Column("unclear_since", Float),
    Column("unclear_until", Float),
    Column("settled_at", Float),
    Column("run_number", Integer, nullable=False, server_default="0"),
    UniqueConstraint("job", "reservation_key", name="one_row_a_reference"),
    Index("rows_by_reference_hash", "reference_hash"),
    Index("rows_by_cust_reference", "cust_reference"),
    Index("rows_of_batch", "batch"),
    Index("rows_by_state", "job", "state"),
)
batches: Table = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", ForeignKey("jobs.id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("remote_id", Text),
    Column("accepted_at", Float),
    Column("imported_at", Float),
    Index("batches_of_job", "job", "state"),
)
attempts: Table = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", ForeignKey("batches.id"), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("began_at", Float, nullable=False),
    Column("write_deadline", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String(20)),
    Column("status", Integer),
    Column("message", _PlainText),
    Index("attempts_of_batch", "batch"),
)
parcels: Table = Table(
    "parcels",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", String(50), primary_key=True),
    Column("row", Integer, nullable=False),
    Column("master", String(50), nullable=False),
    Column("place", Integer, nullable=False),
    Column("label_url", _PlainText),
    Column("label_file", Text),
    Column("label_page", Integer),
    Index("parcels_of_row", "job", "row"),
)
extra_parcels: Table = Table(
    "extra_parcels",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", String(50), primary_key=True),
    Column("row", Integer, nullable=False),
    Column("reference_hash", LargeBinary),
    Column("master", String(50), nullable=False),
    Column("state", String(16), nullable=False),
    Column("problems", Text, nullable=False, default=""),
    Column("found_at", Float, nullable=False),
    Index("extra_parcels_of_row", "job", "row"),
    Index("extra_parcels_by_reference_hash", "reference_hash"),
)
"""Parcels that exist, or did, besides those that count: what was cancelled to be sent again, and doubles."""
shards: Table = Table(
    "shards",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", ForeignKey("jobs.id"), nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("closing", Integer, nullable=False, default=0),
    Column("state", String(16), nullable=False),
    Column("owner", String(36)),
    Column("worker", Text, nullable=False, default=""),
    Column("lease_until", Float),
    Column("claims", Integer, nullable=False, default=0),
    Column("message", _PlainText, nullable=False, default=""),
    Index("shards_of_job", "job", "state"),
)
"""Shards of a job that several workers share, each leased by one of them; a job of a single run has none."""
