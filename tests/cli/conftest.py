"""Runs the command as a person does: in a process and a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cpl_async.sandbox import Sandbox, SandboxSettings

from ..conftest import PATIENT, many_rows, write_rows

CPL = [sys.executable, "-m", "cpl_async.cli"]


class Runner:
    """Runs the command in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: subprocess.Popen[str] | None = None
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CPL_")}
        self.environment |= {"CPL_STATE_DIR": str(folder / "state"), "PYTHONWARNINGS": "error"}
        self.environment["CPL_RUNTIME_DIR"] = os.environ["CPL_RUNTIME_DIR"]

    def __call__(
        self, *arguments: str | Path, status: int = 0, access: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*CPL, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | (access or {}),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def start(self, *arguments: str | Path, access: dict[str, str] | None = None) -> subprocess.Popen[str]:
        self.started = subprocess.Popen(
            [*CPL, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | (access or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        return self.started

    def end(self) -> None:
        """End what was started and is still running, since its test failed."""
        if self.started is not None and self.started.poll() is None:
            self.started.kill()
            self.started.communicate()


@pytest.fixture
def cpl(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    runner.end()


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(speed=20, forgiven=PATIENT)) as sandbox:
        yield sandbox


def access_to(sandbox: Sandbox) -> dict[str, str]:
    return {"CPL_BASE_URL": sandbox.base_url, "CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox"}


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    return lines[0]


@pytest.fixture
def shipped(cpl: Runner, server: Sandbox) -> list[str]:
    """Ship three rows and return their numbers."""
    path = write_rows(cpl.folder / "a.csv", many_rows(3))
    cpl("ship", path, access=access_to(server))
    return [parcel.number for shipment in server.shipments() for parcel in shipment.parcels]


def asked(cpl: Runner, server: Sandbox, *arguments: Any, status: int = 0) -> Any:
    """Return what a command prints as JSON."""
    return json.loads(cpl(*arguments, "--json", access=access_to(server), status=status).stdout)
