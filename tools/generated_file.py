"""Shared code of the generators: write generated files, or report with ``--check`` whether they are stale."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["ROOT", "run", "tidied"]

ROOT = Path(__file__).resolve().parent.parent


def run(generated: Callable[[], Mapping[Path, str | None]], description: str | None) -> int:
    """Write the files, or only compare them with ``--check`` on the command line; return the exit status.

    :param generated: Function that returns the text of each file, ``None`` for one that must not exist.
    :param description: Description for the command's help, or ``None`` if there is no description.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    check = parser.parse_args().check
    stale = 0
    for target, text in generated().items():
        name = target.relative_to(ROOT)
        if (target.read_text(encoding="utf-8") if target.exists() else None) == text:
            print(f"{name} is up to date")
        elif check:
            print(f"{name} is stale: run python {Path(sys.argv[0])}", file=sys.stderr)
            stale += 1
        elif text is None:
            target.unlink()
        else:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return 1 if stale else 0


def tidied(text: str, target: Path) -> str:
    """Return Python text as formatted by ruff, without unused imports."""
    for tidy in (["check", "--select", "I,RUF022,F401,UP037", "--fix", "--quiet"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *tidy, "--stdin-filename", str(target), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text
