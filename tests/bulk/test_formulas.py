"""Text that a spreadsheet would run is made harmless, and read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl_async.bulk.formulas import harmless, original


@pytest.mark.parametrize(
    "text", ["=cmd|calc", "=1+1", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-1+1+cmd", "+abc", "\t=1", "-", "+"]
)
def test_formulas_are_guarded(text: str) -> None:
    assert harmless(text) == "'" + text
    assert original(harmless(text)) == text


@pytest.mark.parametrize(
    "text", ["+420777000001", "+420 777 000 001", "-5", "-5,50", "a=b", "", "Praha", "'quoted'", "1249.00"]
)
def test_all_else_is_left_alone(text: str) -> None:
    assert harmless(text) == text
    assert original(text) == text


@given(st.text(alphabet="'=+-@1a \t"))
def test_nothing_is_lost_on_the_way(text: str) -> None:
    assert original(harmless(text)) == text
    guarded = harmless(text)
    assert guarded[:1] not in ("=", "@", "\t")
