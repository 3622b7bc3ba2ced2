"""Runs what makes a paper in a process of its own, so that the loop goes on meanwhile."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

__all__ = ["run_report_process"]


async def run_report_process(paper: str, data: Path) -> str | None:
    """Make a paper beside its data.

    :param paper: ``report`` or ``manifest``.
    :param data: what it is made of, as the module of that name reads it.
    :return: why it could not be made; ``None`` when it was made.
    """
    command = [sys.executable, "-m", f"{__package__}.{paper}_process", str(data)]
    done = await anyio.run_process(command, check=False, start_new_session=True)  # Ctrl-C is for the engine to handle
    if not done.returncode:
        return None
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return last[0][:300] if last else f"exit status {done.returncode}"
