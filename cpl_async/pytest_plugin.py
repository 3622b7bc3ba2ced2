"""The plugin of pytest: a sandbox for a test or for the whole session, with the environment that clients read."""

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
"""Of the sandbox's clock: an import takes some 20 ms."""
FORGIVEN_SECONDS = 0.015
"""Seconds of the 40 ms between two requests: a busy machine that runs tests delivers late."""
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(**settings): settings of the test's sandbox, as of SandboxSettings, e.g. import_seconds=5",
    )


@pytest.fixture
def cpl_sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """A sandbox of the CPL API for one test; ``Client.from_env`` and the command ``cpl`` find it.

    Its clock runs 50 times as fast; ``@pytest.mark.cpl_sandbox(speed=1, visible_after=3)`` sets it up otherwise. Then
    ``cpl_sandbox.advance(86_400)`` lets a day go by, ``cpl_sandbox.faults.add(Fault(…))`` plays a fault, and
    ``cpl_sandbox.ledger`` and ``cpl_sandbox.shipments()`` say what the server has seen.
    """
    marks = list(request.node.iter_markers(MARK))
    settings: dict[str, Any] = {}
    for mark in reversed(marks):  # the nearest one last
        if mark.args:
            pytest.fail(f"the mark {MARK} takes keywords only, e.g. speed=1", pytrace=False)
        settings |= mark.kwargs
    with _run_sandbox(settings) as sandbox:
        _configure_clients(sandbox, monkeypatch, tmp_path_factory.mktemp("cpl"))
        yield sandbox


@pytest.fixture(scope="session")
def cpl_sandbox_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests of the session that do not mind each other; otherwise like ``cpl_sandbox``."""
    with _run_sandbox({}) as sandbox, pytest.MonkeyPatch.context() as patch:
        _configure_clients(sandbox, patch, tmp_path_factory.mktemp("cpl"))
        yield sandbox


@contextmanager
def _run_sandbox(settings: dict[str, Any]) -> Iterator[Sandbox]:
    """Run a sandbox that knows one client, another one each time: nobody has a token of an earlier one at its port."""
    try:
        from .sandbox import Sandbox, SandboxSettings
    except ModuleNotFoundError as error:
        pytest.fail(f"{error.name} is not installed: pip install 'cpl-sdk[sandbox]'", pytrace=False)
    client = f"test-{os.getpid()}-{next(_numbers)}"
    wanted: dict[str, Any] = {
        "speed": CLOCK_SPEED,
        "forgiven": FORGIVEN_SECONDS,
        "clients": {client: "secret"},
    } | settings
    try:
        made = SandboxSettings(**wanted)
    except (TypeError, ValueError) as error:
        pytest.fail(f"the mark {MARK}: {error}", pytrace=False)
    with Sandbox(made) as sandbox:
        yield sandbox


def _configure_clients(sandbox: Sandbox, patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make clients of this process and of those that it starts use the sandbox, whatever this machine is set up for."""
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
