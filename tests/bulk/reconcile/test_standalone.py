"""The reconciliation of single references without a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cpl_async import (
    Client,
    ValidationError,
)

pytestmark = pytest.mark.usefixtures("own_state")


async def test_a_moment_to_come_is_no_since(client: Client) -> None:
    with pytest.raises(ValidationError, match="is to come"):
        await client.reconcile(["a"], since=datetime.now(UTC) + timedelta(days=2), canaries=["b"])
    with pytest.raises(ValidationError, match="number of seconds"):
        await client.reconcile(["a"], since=datetime.now(UTC), settle_time=float("nan"))
