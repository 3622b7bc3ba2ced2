"""Text that a spreadsheet would run is made harmless, and read back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpl_async.bulk.options import FOR_EXCEL, FOR_PROGRAMS, TableStyle
from cpl_async.bulk.output.folder import _table
from cpl_async.bulk.readers.formula_escape import harmless, original
from cpl_async.bulk.readers.source import Source


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.text(alphabet="'=+@-;,\"a1 č"), min_size=6, max_size=6), st.sampled_from([FOR_PROGRAMS, FOR_EXCEL]))
def test_every_text_of_a_table_is_read_back_as_it_was(tmp_path: Path, texts: list[str], style: TableStyle) -> None:
    columns = ["reference_id", "name", "street", "city", "zip_code", "country"]
    texts = [text.strip() or "a" for text in texts]
    with _table(tmp_path / "a.csv", columns, style) as add:
        add(texts)
    (row,) = Source(tmp_path / "a.csv").rows()
    assert list(row.values.values()) == texts
