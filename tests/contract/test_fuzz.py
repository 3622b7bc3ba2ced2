"""Hostile responses end in a value or a `CplError`. ``python -m benchmarks.fuzz`` tries 100,000 of them."""

from __future__ import annotations

import pytest

from benchmarks.fuzz import fuzz


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_hostile_response_ends_in_a_value_or_an_error_of_ours(seed: int) -> None:
    found = await fuzz(1000, seed)
    assert found.problems == []
    assert found.values > 100
    assert {"ProtocolError", "ValidationError", "ServerError", "TransportError"} <= found.errors.keys()
