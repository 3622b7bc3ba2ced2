"""The separate process that makes a report, so that the event loop is not blocked."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

__all__ = ["run_report_process"]


async def run_report_process(paper: str, data: Path) -> str | None:
    """Make a report beside its data.

    :param paper: ``report`` or ``manifest``.
    :param data: Input file of the process with that name.
    :return: The error, or ``None`` on success.
    """
    command = [sys.executable, "-m", f"{__package__}.{paper}_process", str(data)]
    done = await anyio.run_process(command, check=False, start_new_session=True)  # the engine handles Ctrl-C
    if not done.returncode:
        return None
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return last[0][:300] if last else f"exit status {done.returncode}"
