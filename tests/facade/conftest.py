"""Clients of the facade, and programs that use it in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import cpl_sync
from cpl_async.sandbox import Sandbox
from cpl_sync import Client

PROJECT = str(Path(cpl_sync.__file__).parent.parent)
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make_sync_client() -> Iterator[Callable[..., Client]]:
    """Make clients that are closed at the end of the test."""
    with ExitStack() as stack:

        def make(sandbox: Sandbox | None = None, **settings: Any) -> Client:
            settings = {"client_id": "sandbox", "client_secret": "sandbox", **settings}
            if sandbox is not None:
                settings.setdefault("base_url", sandbox.base_url)
            return stack.enter_context(Client(**settings))

        yield make


@pytest.fixture
def cpl(sandbox: Sandbox, make_sync_client: Callable[..., Client]) -> Client:
    """A client of the fast sandbox."""
    return make_sync_client(sandbox)


def access_to(sandbox: Sandbox) -> dict[str, str]:
    """Return the environment in which a program finds the project, and ``Client.from_env`` a sandbox."""
    access = {"CPL_BASE_URL": sandbox.base_url, "CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox"}
    return access | {"PYTHONPATH": PROJECT}


@pytest.fixture
def program(sandbox: Sandbox, tmp_path: Path) -> Program:
    """Run a program that finds the fast sandbox in its environment, and the facade that is tested here."""
    path = os.pathsep.join([str(tmp_path), PROJECT])

    def run(text: str, *, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(file)],
            cwd=tmp_path,
            env=os.environ | access_to(sandbox) | {"PYTHONPATH": path} | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
        )

    return run
