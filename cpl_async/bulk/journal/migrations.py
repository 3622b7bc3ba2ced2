"""Brings a journal that an earlier version wrote to the tables of this one, a step for each version."""

from __future__ import annotations

import uuid

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, bindparam, select, update

from .reference_hash import new_secret, reference_hash
from .schema import VERSION, account, batches, jobs, metadata, rows

__all__ = ["migrate"]

ADDED_IN_2 = {
    account: ["secret"],
    jobs: ["kind", "settings", "measures", "purged_at"],
    rows: ["key", "cust", "unclear_since", "unclear_until", "settled_at", "given"],
    batches: ["imported_at"],
}
AT_ONCE = 5000


def migrate(connection: Connection, version: int) -> None:
    """Bring the tables up from a version, in the transaction of this connection."""
    if version < 2:
        _to_2(connection)
    if version < 3:
        _to_3(connection)
    if version < 4:
        _to_4(connection)
    connection.execute(update(account).values(schema_version=VERSION))


def _to_4(connection: Connection) -> None:
    """Add what tells that a journal is gone or went back in time."""
    operations = Operations(MigrationContext.configure(connection))
    for name in ("uid", "counter", "gap_since", "gap_until"):
        operations.add_column(account.name, account.c[name]._copy())
    connection.execute(update(account).values(uid=uuid.uuid4().hex))


def _to_3(connection: Connection) -> None:
    """Add what workers need that share a job."""
    operations = Operations(MigrationContext.configure(connection))
    operations.add_column(jobs.name, jobs.c.watched_until._copy())
    metadata.create_all(connection)


def _to_2(connection: Connection) -> None:
    """Add what reconciliation needs, and the keys of the references that are there.

    What was undecided for a lost answer is asked after from now on: its attempts say since when.
    """
    operations = Operations(MigrationContext.configure(connection))
    for table, names in ADDED_IN_2.items():
        for name in names:
            operations.add_column(table.name, table.c[name]._copy())
    operations.drop_index("rows_by_reference", "rows")
    operations.create_index("rows_by_key", "rows", ["key"])
    operations.create_index("rows_by_cust", "rows", ["cust"])
    metadata.create_all(connection)
    secret = new_secret()
    connection.execute(update(account).values(secret=secret))
    one = rows.c.job == bindparam("j"), rows.c.number == bindparam("n")
    fill = update(rows).where(*one).values(key=bindparam("k"), cust=bindparam("c"))
    found = connection.execute(select(rows.c.job, rows.c.number, rows.c.reference)).all()
    for start in range(0, len(found), AT_ONCE):
        values = [
            {"j": row.job, "n": row.number, "k": reference_hash(row.reference, secret), "c": row.reference or None}
            for row in found[start : start + AT_ONCE]
        ]
        connection.execute(fill, values)
    connection.exec_driver_sql(
        "UPDATE rows SET unclear_since = (SELECT MIN(a.began_at) FROM attempts a WHERE a.batch = rows.batch"
        " AND a.outcome = 'unknown'), unclear_until = (SELECT MAX(a.ended_at) FROM attempts a"
        " WHERE a.batch = rows.batch AND a.outcome = 'unknown') WHERE state = 'undecided'"
    )
