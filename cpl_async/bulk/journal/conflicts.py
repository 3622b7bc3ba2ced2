"""The search for rows whose reference another job has sent, or may have sent, so that none is shipped again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from ...messages import Message, message
from ..records import SETTLED_ELSEWHERE, WITHOUT_LABEL, RowState
from .schema import jobs, rows

__all__ = ["conflict_message", "conflicting_rows"]

SURELY_SHIPPED = (RowState.SHIPPED, *WITHOUT_LABEL)


def conflicting_rows(*which: ColumnElement[bool]) -> Select[Any, Any, Any, Any, Any, Any, Any, Any]:
    """Return a query for the planned rows among ``which`` whose reference belongs to another job."""
    other, mine = rows.alias("other"), jobs.alias("mine")
    state = func.coalesce(other.c.state, "")  # an index serves the key; the state would scan all rows of all jobs
    return (
        select(
            rows.c.number,
            rows.c.line,
            rows.c.reference,
            rows.c.content_hash,
            other.c.content_hash.label("other_hash"),
            other.c.shipment_number,
            jobs.c.name,
            other.c.state.label("other_state"),
        )
        .join(other, and_(other.c.reference_hash == rows.c.reference_hash, other.c.job != rows.c.job))
        .join(jobs, jobs.c.id == other.c.job)
        .join(mine, and_(mine.c.id == rows.c.job, mine.c.kind == jobs.c.kind))
        .where(*which, rows.c.state == RowState.PLANNED, state.in_(SETTLED_ELSEWHERE))
        .order_by(rows.c.number)
    )


def conflict_message(row: Any) -> Message:
    """Return the reason why a row of that query is not sent."""
    shipped = "shipped" if row.other_state in SURELY_SHIPPED else "maybe_shipped"
    if row.shipment_number:
        shipped = "shipped_as"
    differs = "" if row.other_hash in (row.content_hash, None) else "_differs"
    number = {"number": row.shipment_number} if row.shipment_number else {}
    problem = message(f"conflict.{shipped}{differs}", reference=row.reference, job=row.name, **number)
    return problem.of("reference_id")
