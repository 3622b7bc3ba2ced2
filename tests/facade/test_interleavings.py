"""Every interleaving of threads that wake the loop, and of processes that take a permit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("frontrun", reason="frontrun has no wheels for this system")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


def explored(*arguments: str) -> dict[str, tuple[int, str]]:
    """Return by promise how many interleavings were tried, and whether it was kept."""
    # frontrun replaces locks and system calls, so it has a process of its own
    command = [sys.executable, "-m", "frontrun.cli", sys.executable, "-m", "tests.facade.interleavings", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False)
    found = re.findall(r"^([\w-]+): (\d+) interleavings, (\w+)$", done.stdout, re.MULTILINE)
    assert len(found) == 2, done.stdout + done.stderr
    return {name: (int(count), result) for name, count, result in found}


def test_no_interleaving_loses_a_wake_up_or_grants_two_permits() -> None:
    for count, result in explored().values():
        assert result == "kept"
        assert count > 100


def test_broken_promises_are_found() -> None:
    assert {result for _, result in explored("--broken").values()} == {"broken"}
