"""Writes the modules of ``cpl_sync`` from the public names of ``cpl_async``; ``--check`` fails when they are stale.

The facade's calls are not generated yet; what is shared as it is (models, errors, settings) already is.
"""

from __future__ import annotations

import ast
import sys

from generated_file import ROOT, run, tidied

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
    return tidied("\n".join(lines) + "\n", TARGET)


if __name__ == "__main__":
    sys.exit(run(TARGET, generated, __doc__))
