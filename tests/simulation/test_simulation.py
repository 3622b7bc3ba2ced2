"""Promises under simulation: random schedules, bounded preemptions, and a crash at every commit.

Each test runs the sweep as a program, so that the order of sets, and with it each run, depends on the seed only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("simloom", reason="simloom needs Python 3.12 or newer")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
TIMEOUT_SECONDS = 900


def simulate(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def test_no_random_schedule_breaks_a_promise() -> None:
    assert "100 seeds, 0 broken" in simulate("sweep", "1", "100")


def test_no_bounded_preemption_breaks_a_promise() -> None:
    assert "50 seeds, 0 broken" in simulate("sweep", "1", "50", "--bounded")


def test_a_crash_at_each_commit_breaks_no_promise() -> None:
    found = re.search(r"(\d+) commits, (\d+) crashes, 0 broken", simulate("crashes"))
    assert found is not None
    assert int(found[1]) > 30
    assert int(found[2]) == 2 * int(found[1])


def test_a_seed_is_the_same_run_in_each_process() -> None:
    digests = {re.findall(r"digest (\w+)", simulate("replay", "4"))[0] for _ in range(2)}
    assert len(digests) == 1
