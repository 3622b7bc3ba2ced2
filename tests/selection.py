"""Tests that the README's command leaves to CI: those that start servers, and slow ones."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ["add_markers", "is_left_to_ci", "runs_everything"]

LEFT_TO_CI = ("servers", "slow")
"""Markers of tests that run with ``--everything``, with ``-m``, or if their node id is given."""
SERVERS = {
    ("benchmarks.servers", "Redis"),
    ("benchmarks.servers", "PostgreSQL"),
    ("benchmarks.servers", "PgBouncer"),
    ("tests.bulk.browser", "chromium"),
}
"""Module and name of each callable that starts a program which ``pip`` does not install."""
SLOW = (
    "tests/bulk/journal/test_continuity.py::test_a_damaged_journal_is_an_error_or_harmless",
    "tests/bulk/reconcile/test_rival_rows.py::test_a_job_that_runs_elsewhere_makes_hits_doubtful",
    "tests/bulk/pipeline/test_unusual_responses.py::test_an_address_of_a_label_costs_that_label_only",
)
"""Slow tests without a marker of their own. Put ``@pytest.mark.slow`` on a test instead of adding it here."""


def runs_everything(config: pytest.Config) -> bool:
    """Return whether no test is left to CI in this run."""
    return bool(config.option.everything or config.option.markexpr or any("::" in argument for argument in config.args))


def is_left_to_ci(item: pytest.Item) -> bool:
    """Return whether the test has a marker of ``LEFT_TO_CI``."""
    return any(item.get_closest_marker(name) for name in LEFT_TO_CI)


def add_markers(item: pytest.Item) -> None:
    """Add ``slow`` to the tests of ``SLOW``, and ``servers`` if the test, a fixture or a helper starts a server."""
    if not isinstance(item, pytest.Function):
        return
    if item.nodeid.partition("[")[0] in SLOW:
        item.add_marker("slow")
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    seen: set[types.FunctionType] = set()
    if any(_starts_server(function, seen) for function in [item.function, *(defined[-1].func for defined in fixtures)]):
        item.add_marker("servers")


def _starts_server(function: Any, seen: set[types.FunctionType]) -> bool:
    function = getattr(function, "__wrapped__", function)
    if not isinstance(function, types.FunctionType) or function in seen:
        return False
    seen.add(function)
    for name in _names_in(function.__code__):
        used = function.__globals__.get(name)
        used = getattr(used, "__wrapped__", used)
        module = getattr(used, "__module__", None) or ""
        if (module, getattr(used, "__name__", "")) in SERVERS:
            return True
        if module.startswith("tests.") and _starts_server(used, seen):
            return True
    return False


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)
