"""What the start and the tutorials show runs as it stands there, piece after piece, and so do their commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from cpl_async.sandbox import Sandbox

from .conftest import EXAMPLES
from .serving import PYTHON, redis

__all__ = ["redis"]  # a fixture

DOCS = Path(__file__).parent.parent / "docs"
README_ASKS = "../README.md"
PAGES = ["index.md", *(f"{path.parent.name}/{path.name}" for path in sorted(DOCS.glob("*/*.md")))]
FENCE = re.compile(r"^( *)```(python|sh)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
NOT_HERE = ("pip install", "cpl init", "cpl doctor")
"""Commands that are tested elsewhere, or would change the machine."""


def pieces(page: str, kind: str) -> list[str]:
    """Return the pieces of a page in one language, in their order."""
    found = FENCE.findall((DOCS / page).read_text(encoding="utf-8"))
    return [textwrap.dedent(text) for _, language, text in found if language == kind]


def marked(page: str) -> Any:
    """Return a page as a parameter, marked if its pieces need a Redis."""
    needs_redis = any("REDIS_URL" in piece for piece in pieces(page, "python"))
    return pytest.param(page, marks=[pytest.mark.servers] if needs_redis else [])


@pytest.mark.slow
@pytest.mark.parametrize("page", [marked(page) for page in PAGES if pieces(page, "python")])
@pytest.mark.cpl_sandbox(speed=200)
def test_a_page_runs_from_its_top_to_its_end(
    cpl_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, page: str
) -> None:
    if any("REDIS_URL" in piece for piece in pieces(page, "python")):
        monkeypatch.setenv("REDIS_URL", request.getfixturevalue("redis"))
    given = tmp_path / "pieces.json"
    given.write_text(json.dumps(pieces(page, "python")), encoding="utf-8")
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("run_page.py"), page, given],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", [*(page for page in PAGES if pieces(page, "sh")), "observing.md", README_ASKS])
def test_a_pages_commands_run(cpl_sandbox: Sandbox, tmp_path: Path, page: str) -> None:
    (tmp_path / "shipments.csv").write_bytes((EXAMPLES / "shipments.csv").read_bytes())
    folder = str(Path(PYTHON).parent)
    shown = pieces(page, "sh")[-1:] if page == README_ASKS else pieces(page, "sh")
    for line in "".join(shown).splitlines():
        if not line.startswith(NOT_HERE):
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=tmp_path,
                env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
                capture_output=True,
                encoding="utf-8",
                timeout=120,
            )
            found = {"cpl track": 1}.get(line[:9], 0)  # a new sandbox knows no parcel yet
            assert done.returncode == found, f"{line}\n{done.stdout}{done.stderr}"
