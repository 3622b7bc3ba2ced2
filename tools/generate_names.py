"""Write the public names of ``cpl_async`` into its ``__init__``; ``--check`` fails if they are stale.

Public are all names in the ``__all__`` of the modules of ``models``, all errors, the filters of lists, and the few
names in ``OTHERS``.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from generated_file import ROOT, run, tidied

PACKAGE = ROOT / "cpl_async"
TARGET = PACKAGE / "__init__.py"
INTERNAL = {"validation", "codec", "constraints", "code_rules", "items", "references"}
"""Modules of ``models`` without public names."""
OTHERS = {
    "bulk.reconcile.standalone": ["Reconciled"],
    "bulk.api": ["BulkOptions", "FileOptions"],
    "bulk.records": ["FoundShipment", "Resolution"],
    "bulk.reconcile.evidence": ["Verdict"],
    "bulk.jobs": ["BulkJob", "JobCancelled", "UndecidedRow"],
    "bulk.output.folder": ["JobSummary"],
    "bulk.progress": ["Phase", "Progress"],
    "bulk.runs.row_results": ["OrderResult", "ParcelLabel", "ShipResult"],
    "bulk.reconcile.canceller": ["CancelResult"],
    "client": ["Client", "ClientSettings", "RawResponse"],
    "models.references": ["normal_reference"],
    "resources.order_batches": ["OrderBatch"],
    "resources.shipment_batches": ["ShipmentBatch"],
    "settings": ["PRODUCTION", "TESTING"],
    "transport.call": ["CallOptions", "correlation_id"],
    "transport.events": ["Event", "EventKind"],
    "ratelimit.priority": ["Priority"],
    "ratelimit.registry": ["HostLimits", "ProcessLimits"],
}


def names_in(path: Path) -> list[str]:
    """Return the names in the ``__all__`` of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def homes() -> dict[str, list[str]]:
    """Return the public names of each module."""
    found = {"errors": names_in(PACKAGE / "errors.py")} | {module: list(names) for module, names in OTHERS.items()}
    for path in (PACKAGE / "models").glob("*.py"):
        names = [name for name in names_in(path) if not name.isupper() and name != "OpenCode"]
        if names and path.stem not in INTERNAL:
            found[f"models.{path.stem}"] = names
    for path in (PACKAGE / "resources").glob("*.py"):
        if filters := [name for name in names_in(path) if name.endswith("Filters")]:
            found.setdefault(f"resources.{path.stem}", []).extend(filters)
    return {module: sorted(names) for module, names in sorted(found.items())}


def generated() -> str:
    """Return the text of ``__init__.py`` with the current names."""
    text = TARGET.read_text(encoding="utf-8")
    known = homes()
    imports = [f"    from .{module} import {name} as {name}" for module, names in known.items() for name in names]
    table = [f"    {module!r}: {tuple(names)!r}," for module, names in known.items()]
    public = sorted(["__version__", *(name for names in known.values() for name in names)])
    lines = [
        "if TYPE_CHECKING:",
        *imports,
        "",
        "_HOMES = {",
        *table,
        "}",
        "_HOME = {name: module for module, names in _HOMES.items() for name in names}",
        "",
        f"__all__ = {public!r}",
    ]
    head, tail = text[: text.index("if TYPE_CHECKING:")], text[text.index("\n\ndef __getattr__") :]
    return tidied(head + "\n".join(lines) + "\n" + tail, TARGET)


if __name__ == "__main__":
    sys.exit(run(lambda: {TARGET: generated()}, __doc__))
