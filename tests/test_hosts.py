"""The tests pass on hosts with fewer programs, and in shells that ignore Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SERVER_TESTS = (
    "distributed/test_redis_shared.py::test_forked_workers_share_one_token_and_one_pacer",
    "distributed/test_redis_token.py",
)
INTERRUPT_TESTS = (
    "cli/test_cancel.py::test_what_was_cancelled_is_told_whatever_happens_next",
    "facade/test_processes.py::test_ctrl_c_in_a_call_cancels_it_and_the_client_still_works",
)


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a child inherits ignored signals on POSIX only")
@pytest.mark.parametrize("tests", [SERVER_TESTS, INTERRUPT_TESTS])
def test_tests_pass_without_servers_and_with_ctrl_c_ignored(tests: tuple[str, ...], tmp_path: Path) -> None:
    pytest.importorskip("celery", reason="Celery is not installed")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "inner"),
    ]
    done = subprocess.run(
        [*command, *(str(TESTS / test) for test in tests)],
        cwd=TESTS.parent,
        env=os.environ | {"PATH": str(tmp_path)},
        preexec_fn=ignore_interrupts,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    counts = dict(re.findall(r"(\d+) (passed|skipped|failed)", done.stdout.splitlines()[-1])[::-1])
    expected = "skipped" if tests is SERVER_TESTS else "passed"
    assert set(counts.values()) == {expected}, done.stdout
