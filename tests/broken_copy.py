"""A copy of the project that a patch breaks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["ROOT", "applied", "copy_to"]

ROOT = Path(__file__).parent.parent


def copy_to(folder: Path) -> Path:
    """Copy the project, to be broken."""
    rubbish = shutil.ignore_patterns("__pycache__", ".mypy_cache", ".ruff_cache", "mutations")
    for package in ("cpl_async", "cpl_sync", "tests", "tools", "examples", "benchmarks"):
        shutil.copytree(ROOT / package, folder / package, ignore=rubbish)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def applied(patch: Path, folder: Path, *, reverse: bool = False) -> str:
    """Apply a patch, or take it back; return what is wrong with it."""
    command = ["git", "apply", "--whitespace=nowarn", *(["--reverse"] if reverse else []), str(patch)]
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return f"{patch.name} no longer fits the code: {done.stderr}" if done.returncode else ""
