"""A patch that breaks a promise of the facade makes the test of this promise fail.

A patch in ``tests/mutations`` begins with the promise that it breaks (``Promise:``) and the test that must fail
(``Red:``). If a patch no longer applies, write it again for the current code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest

from .broken_copy import ROOT, applied, copy_to

ALL = sorted((ROOT / "tests" / "mutations").glob("*.patch"))
TURN = sys.version_info.minor % 3
PATCHES = ALL if os.environ.get("TESTS_MUTATIONS") == "all" else ALL[TURN::3]
"""A third of the patches, which depends on the minor version of Python: three versions try all of them."""
PATIENCE = 25.0
"""Seconds for the test of a broken promise. A test that hangs counts as failed."""
AT_ONCE = 3
"""Number of patches that are tried concurrently; most of their tests wait."""
PASSED, FAILED = 0, 1


def result_of(test: str, folder: Path) -> int:
    """Return the exit status of a test in the broken copy; that of a failure when it hangs."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        "-n",
        "0",
        test,
    ]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return FAILED
    assert process.returncode in (PASSED, FAILED), output
    return process.returncode


def outcome_of(patch: Path, folders: Queue[Path]) -> str:
    """Break a copy, run the test that must notice, and return what is wrong; nothing when it does."""
    head = patch.read_text(encoding="utf-8")
    promise = re.search(r"^Promise: (.+)$", head, re.MULTILINE)
    red = re.search(r"^Red: (\S+)$", head, re.MULTILINE)
    if promise is None or red is None:
        return f"{patch.name} does not name a promise and a test"
    folder = folders.get()
    try:
        if trouble := applied(patch, folder):
            return trouble
        try:
            return "" if result_of(red[1], folder) == FAILED else f"nothing notices that this is broken: {promise[1]}"
        finally:
            applied(patch, folder, reverse=True)
    finally:
        folders.put(folder)


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[Path, Future[str]]]:
    """What comes of each patch that was chosen; some at once, for most of them wait."""
    chosen = {item.callspec.params.get("patch") for item in request.session.items if hasattr(item, "callspec")}
    folders: Queue[Path] = Queue()
    for number in range(AT_ONCE):
        folders.put(copy_to(tmp_path_factory.mktemp(f"broken{number}")))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {patch: pool.submit(outcome_of, patch, folders) for patch in PATCHES if patch in chosen}


pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the promises are those of POSIX systems"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed, which applies the patches"),
]


@pytest.mark.parametrize("patch", ALL, ids=lambda patch: patch.stem)
def test_a_patch_applies_to_the_code(patch: Path) -> None:
    command = ["git", "apply", "--check", "--whitespace=nowarn", str(patch)]
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(ROOT.parent)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_broken_promise_is_noticed(patch: Path, outcomes: dict[Path, Future[str]]) -> None:
    assert outcomes[patch].result() == ""


def test_there_are_mutations() -> None:
    assert len(ALL) > 40
