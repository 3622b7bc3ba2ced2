"""What README, docs and examples say is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cpl_async.bulk.columns import COLUMNS
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from .pictures import codes_in

ROOT = Path(__file__).parent.parent
SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


def run(arguments: list[str | Path], folder: Path, sandbox: Sandbox | None = None) -> subprocess.CompletedProcess[str]:
    access = {}
    if sandbox is not None:
        access = {"CPL_BASE_URL": sandbox.base_url, "CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox"}
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=folder,
        env=os.environ | access | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.parametrize("number", [0, 1])
def test_the_readmes_snippets_run(sandbox: Sandbox, tmp_path: Path, number: int) -> None:
    text = SNIPPET.findall((ROOT / "README.md").read_text(encoding="utf-8"))[number]
    done = run(["-c", text], tmp_path, sandbox)
    assert done.returncode == 0, done.stderr
    if number == 0:
        assert done.stdout.strip() == "40900000001 Complete"
        assert codes_in((tmp_path / "label.pdf").read_bytes()) == [["40900000001"]]


def test_the_example_ships_one_parcel(sandbox: Sandbox, tmp_path: Path) -> None:
    done = run([ROOT / "examples" / "one_parcel.py", "x-1"], tmp_path, sandbox)
    assert done.returncode == 0, done.stderr
    file = tmp_path / done.stdout.strip()
    assert codes_in(file.read_bytes()) == [[file.stem.removeprefix("label-")]]


def test_the_example_says_what_is_known_of_a_lost_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
    done = run([ROOT / "examples" / "one_parcel.py", "x-1"], tmp_path, sandbox)
    assert done.returncode == 1
    assert "outcome unknown" in done.stderr
    assert "1 parcels with this reference" in done.stderr
    assert len(sandbox.shipments()) == 1


def test_the_docs_name_every_column() -> None:
    text = (ROOT / "docs" / "shipping-a-file.md").read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"`{column}`" not in text] == []


def test_the_readmes_test_command_is_what_ci_runs() -> None:
    readme, ci = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".ci/run"))
    assert "-m pytest\n```" in readme
    assert ci.rstrip().endswith("-m pytest")


@pytest.mark.parametrize("path", ["README.md", "docs/client.md", "docs/sandbox.md", "docs/shipping-a-file.md"])
def test_links_lead_somewhere(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("https://"):
            assert ((ROOT / path).parent / target).exists(), target
