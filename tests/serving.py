"""Starts servers on loopback for the length of a test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["PYTHON", "answers", "free_port", "redis", "redis_command", "served"]

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


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def answers(port: int) -> Callable[[], bool]:
    def look() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return look


def redis_command(port: int, folder: Path) -> list[str]:
    """Return what starts a Redis on loopback that remembers nothing."""
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server of this test's own."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    with served(redis_command(port, tmp_path), tmp_path, {}, answers(port)):
        yield f"redis://127.0.0.1:{port}/0"
