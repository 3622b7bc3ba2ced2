"""Writes the modules of ``cpl_sync`` from the public names of ``cpl_async``; ``--check`` fails when they are stale.

The facade's calls are not generated yet; what is shared as it is (models, errors, settings) already is.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "cpl_async" / "__init__.py"
TARGET = ROOT / "cpl_sync" / "names.py"
SHARED = ("errors", "models.", "settings")
"""Modules of which the facade gives the very same classes."""


def generated() -> str:
    """Return the text of the generated module."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    names = [
        (node.module, node.names[0].name)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(SHARED)
    ]
    lines = [
        "# generated from cpl_async/__init__.py by tools/generate_sync.py, do not edit",
        '"""Models, errors and settings: the very same classes as those of ``cpl_async``."""',
        "",
        "from __future__ import annotations",
        "",
        *(f"from cpl_async.{module} import {name}" for module, name in names),
        "",
        f"__all__ = {sorted(name for _, name in names)!r}",
    ]
    text = "\n".join(lines) + "\n"
    for tidy in (["check", "--select", "I,RUF022", "--fix", "--quiet"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *tidy, "--stdin-filename", str(TARGET), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text


def main() -> int:
    """Write the module, or with ``--check`` say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a module is stale")
    options = parser.parse_args()
    text = generated()
    if not options.check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print(f"{TARGET.relative_to(ROOT)} is stale: run python tools/generate_sync.py", file=sys.stderr)
        return 1
    print("the generated modules are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
