"""pytest plugin with fixtures that run a sandbox and configure clients to use it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .sandbox import Sandbox

__all__ = ["cpl_sandbox", "cpl_sandbox_session"]

MARK = "cpl_sandbox"
CLOCK_SPEED = 50.0
"""Speed of the sandbox's clock: an import takes about 20 ms."""
FORGIVEN_SECONDS = 0.015
"""Tolerated part of the 40 ms between two requests, because a busy test machine delivers requests late."""
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(**settings): settings of the test's sandbox, as of SandboxSettings, e.g. import_seconds=5",
    )


@pytest.fixture
def cpl_sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """Run a sandbox of the CPL API for one test; ``Client.from_env`` and the command ``cpl`` use it.

    Its clock runs 50 times faster than real time; ``@pytest.mark.cpl_sandbox(speed=1, visible_after=3)`` changes its
    settings. ``cpl_sandbox.advance(86_400)`` advances the clock by a day, ``cpl_sandbox.faults.add(Fault(…))`` injects
    a fault, and ``cpl_sandbox.ledger`` and ``cpl_sandbox.shipments()`` have the received requests and shipments.
    """
    marks = list(request.node.iter_markers(MARK))
    settings: dict[str, Any] = {}
    for mark in reversed(marks):  # the closest marker has precedence
        if mark.args:
            pytest.fail(f"the marker {MARK} takes keyword arguments only, e.g. speed=1", pytrace=False)
        settings |= mark.kwargs
    with _run_sandbox(settings) as sandbox:
        _configure_clients(sandbox, monkeypatch, tmp_path_factory.mktemp("cpl"))
        yield sandbox


@pytest.fixture(scope="session")
def cpl_sandbox_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run one sandbox for all tests of a session that can share it; otherwise like ``cpl_sandbox``."""
    with _run_sandbox({}) as sandbox, pytest.MonkeyPatch.context() as patch:
        _configure_clients(sandbox, patch, tmp_path_factory.mktemp("cpl"))
        yield sandbox


@contextmanager
def _run_sandbox(settings: dict[str, Any]) -> Iterator[Sandbox]:
    """Run a sandbox with a new client id, so that no cached token of an earlier sandbox at the same port is used."""
    try:
        from .sandbox import Sandbox, SandboxSettings
    except ModuleNotFoundError as error:
        pytest.fail(f"{error.name} is not installed: pip install 'cpl-sdk[sandbox]'", pytrace=False)
    client = f"test-{os.getpid()}-{next(_numbers)}"
    arguments: dict[str, Any] = {
        "speed": CLOCK_SPEED,
        "forgiven": FORGIVEN_SECONDS,
        "clients": {client: "secret"},
    } | settings
    try:
        sandbox_settings = SandboxSettings(**arguments)
    except (TypeError, ValueError) as error:
        pytest.fail(f"the marker {MARK}: {error}", pytrace=False)
    with Sandbox(sandbox_settings) as sandbox:
        yield sandbox


def _configure_clients(sandbox: Sandbox, patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Configure clients of this process and its children to use the sandbox, regardless of the machine's settings."""
    for name in [name for name in os.environ if name.startswith("CPL_")]:
        patch.delenv(name)
    client, secret = next(iter(sandbox.settings.clients.items()))
    (folder / "run").mkdir()
    settings = folder / "cpl.toml"
    settings.touch()
    for name, value in {
        "CPL_BASE_URL": sandbox.base_url,
        "CPL_CLIENT_ID": client,
        "CPL_CLIENT_SECRET": secret,
        "CPL_CONFIG": str(settings),
        "CPL_STATE_DIR": str(folder / "state"),
        "CPL_RUNTIME_DIR": str(folder / "run"),
    }.items():
        patch.setenv(name, value)
