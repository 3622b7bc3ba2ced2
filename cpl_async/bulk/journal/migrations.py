"""Migrations of a journal: one step for each version of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, update

from .schema import account

__all__ = ["STEPS", "migrate", "operations_on"]

Step = Callable[[Connection], None]
STEPS: Mapping[int, Step] = {}
"""Version of the tables to the step that leads to it. Version 10 is the first one."""


def migrate(connection: Connection, version: int, target: int, steps: Mapping[int, Step] = STEPS) -> None:
    """Bring the tables from one version to another, in the transaction of this connection.

    :param connection: Connection to the journal.
    :param version: Version of its tables.
    :param target: Version that they have afterwards, at least ``version``.
    :param steps: Steps by the version that each leads to. Default: those of this release.
    :raises KeyError: A step is missing.
    """
    for number in range(version + 1, target + 1):
        steps[number](connection)
    connection.execute(update(account).values(schema_version=target))


def operations_on(connection: Connection) -> Operations:
    """Return the operations that change tables, for a step."""
    return Operations(MigrationContext.configure(connection))
