"""Starts servers on loopback for the length of a test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.servers import Redis, answers, free_port

__all__ = ["PYTHON", "answers", "free_port", "redis", "served"]

PYTHON = os.environ.get("TESTS_PYTHON") or sys.executable
"""What pages and examples run in: this environment, or a fresh one with no more in it than they ask for."""
STARTS = 40.0
"""Seconds for a server to be there."""


@contextmanager
def served(command: list[str], folder: Path, environment: dict[str, str], ready: Callable[[], bool]) -> Iterator[None]:
    """Run a server until the end of the block; what it said is shown when it fails."""
    log = folder / f"{Path(command[-1]).name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + STARTS
            while not ready():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError("the server did not end: " + log.read_text()) from None
    for trouble in ("Traceback", "Unclosed", "was never"):
        assert trouble not in log.read_text(), log.read_text()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server of this test's own."""
    server = Redis(tmp_path)
    yield server.url
    server.kill()
