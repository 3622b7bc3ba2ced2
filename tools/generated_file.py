"""Writes a generated file, or with ``--check`` says whether it is stale: what the generators have in common."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["ROOT", "run", "tidied"]

ROOT = Path(__file__).resolve().parent.parent


def run(target: Path, generated: Callable[[], str], description: str | None) -> int:
    """Write the file, or with ``--check`` on the command line only look; return the exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the file is stale")
    check = parser.parse_args().check
    text = generated()
    name = target.relative_to(ROOT)
    if not check:
        target.write_text(text, encoding="utf-8")
    elif not target.exists() or target.read_text(encoding="utf-8") != text:
        print(f"{name} is stale: run python {Path(sys.argv[0])}", file=sys.stderr)
        return 1
    else:
        print(f"{name} is up to date")
    return 0


def tidied(text: str, target: Path) -> str:
    """Return Python text as the formatter leaves it."""
    for tidy in (["check", "--select", "I,RUF022", "--fix", "--quiet"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *tidy, "--stdin-filename", str(target), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text
