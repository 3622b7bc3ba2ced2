"""The latest figures of each benchmark, kept in RESULTS.md."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["keep"]

FILE = Path(__file__).parent / "RESULTS.md"
HEAD = "# Results\n\nWritten by the benchmarks themselves; the machine is shared, so look at the ratios.\n"


def keep(name: str, lines: list[str]) -> None:
    """Print the lines and write them to the benchmark's section of the file."""
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}"
    part = "\n".join([f"## {name}", "", f"_{stamp}_", "", *lines, ""])
    print(part)
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else HEAD
    pattern = re.compile(rf"## {re.escape(name)}\n.*?(?=\n## |\Z)", re.DOTALL)
    text = (
        pattern.sub(lambda _: part.rstrip("\n") + "\n", text)
        if pattern.search(text)
        else text.rstrip("\n") + "\n\n" + part
    )
    FILE.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
