"""What the start and the tutorials show runs as it stands there, piece after piece, and so do their commands."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cpl_async.sandbox import Sandbox

from .conftest import EXAMPLES

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ["index.md", *(f"{path.parent.name}/{path.name}" for path in sorted(DOCS.glob("*/*.md")))]
FENCE = re.compile(r"^( *)```(python|sh)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
NOT_HERE = ("pip install", "cpl init", "cpl doctor")
"""Commands that are tested elsewhere, or would change the machine."""


def pieces(page: str, kind: str) -> list[str]:
    """Return the pieces of a page in one language, in their order."""
    found = FENCE.findall((DOCS / page).read_text(encoding="utf-8"))
    return [textwrap.dedent(text) for _, language, text in found if language == kind]


def ask_flask(space: dict[str, Any]) -> None:
    """Ship and fetch the label as a browser does."""
    browser = space["app"].test_client()
    to = {"name": "Jan", "street": "Husova 1", "city": "Kolín", "zip_code": "28002", "country": "CZ"}
    given = {"json": {"reference": "f-1", "recipient": to}, "headers": {"X-Request-ID": "order-17"}}
    sent = browser.post("/shipments", **given)
    assert sent.status_code == 202
    handle = space["cpl"].shipment_batches.handle(sent.json["batch"])
    assert handle.wait(timeout=60).errors == {}
    assert browser.get(f"/batches/{handle.id}/label.pdf").data.startswith(b"%PDF")
    assert browser.get("/batches/none/label.pdf").status_code == 503
    given["json"] = {"reference": "f-2", "recipient": to | {"country": "XX"}}
    assert browser.post("/shipments", **given).status_code == 422


def call_function(space: dict[str, Any]) -> None:
    """Call the handler as the platform does."""
    assert space["handler"]({"number": "40900000009"}, None) == {"number": "40900000009", "phase": None}


USES: dict[str, Callable[[dict[str, Any]], None]] = {
    "how-to/flask.md": ask_flask,
    "how-to/serverless.md": call_function,
}
"""What is done with what a page has made."""


@pytest.mark.parametrize("page", [page for page in PAGES if pieces(page, "python")])
@pytest.mark.cpl_sandbox(speed=200)
def test_a_page_runs_from_its_top_to_its_end(
    cpl_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {"__name__": "page"}
    for number, text in enumerate(pieces(page, "python"), 1):
        code = compile(text, f"{page}, piece {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, space)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    if (use := USES.get(page)) is not None:
        use(space)
    for name in ("cpl", "shop"):
        if name in space:
            space[name].close()
    if "sandbox" in space:
        space["sandbox"].stop()


@pytest.mark.parametrize("page", [page for page in PAGES if pieces(page, "sh")])
def test_a_pages_commands_run(cpl_sandbox: Sandbox, tmp_path: Path, page: str) -> None:
    (tmp_path / "shipments.csv").write_bytes((EXAMPLES / "shipments.csv").read_bytes())
    folder = str(Path(sys.executable).parent)
    for line in "".join(pieces(page, "sh")).splitlines():
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
