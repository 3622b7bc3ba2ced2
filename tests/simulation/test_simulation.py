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

from ..broken_copy import ROOT, applied, copy_to
from .ablation import Safeguard, safeguards

pytest.importorskip("simloom", reason="simloom needs Python 3.12 or newer")
pytestmark = pytest.mark.slow

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
    said = simulate("crashes", "--recoveries", "40")
    found = re.search(r"(\d+) commits, (\d+) in recoveries, (\d+) runs, 0 broken", said)
    assert found is not None, said
    commits, recoveries, runs = map(int, found.groups())
    assert commits > 30
    assert recoveries > 20 * commits
    assert runs == 2 * commits + 40


def test_a_seed_is_the_same_run_in_each_process() -> None:
    digests = {re.findall(r"digest (\w+)", simulate("replay", "4"))[0] for _ in range(2)}
    assert len(digests) == 1


def test_missing_safeguards_are_found() -> None:
    assert "safeguards" in simulate("ablate", "--recorded")


@pytest.mark.parametrize("safeguard", safeguards(), ids=lambda safeguard: safeguard.patch.stem)
def test_the_patch_of_a_safeguard_applies_to_the_code(safeguard: Safeguard, tmp_path: Path) -> None:
    assert applied(safeguard.patch, copy_to(tmp_path)) == ""
    assert safeguard.seed > 0
