"""Draw the packages and their imports as Mermaid flowcharts, from the import graph of the code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import grimp

__all__ = ["flowchart"]

LEFT_OUT = frozenset({"_nearest", "_version", "errors", "plain_text"})
"""Low-level modules that nearly every package imports, omitted from the flowcharts."""
MODULES_OF_BULK = frozenset({"files", "metrics", "options", "progress", "records", "shutdown", "client_protocols"})
"""Modules at the root of ``bulk`` that its packages share."""


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("cpl_async", exclude_type_checking_imports=True)


def flowchart(package: str) -> str:
    """Return a flowchart of the children of a package; an arrow means "imports".

    :param package: Dotted name, e.g. ``cpl_async.bulk``.
    """
    imports = _reduced(_imports_of_children(package))
    lines = ["flowchart TD"]
    lines += [f"    {child}" for child in sorted(imports)]
    lines += [f"    {child} --> {other}" for child in sorted(imports) for other in sorted(imports[child])]
    return "\n".join(lines)


def _imports_of_children(package: str) -> dict[str, set[str]]:
    graph = _graph()
    children = [child.rpartition(".")[2] for child in graph.find_children(package)]
    shown = [child for child in children if child not in LEFT_OUT | MODULES_OF_BULK]
    imports: dict[str, set[str]] = {child: set() for child in shown}
    for importer in shown:
        for imported in shown:
            if importer != imported and graph.direct_import_exists(
                importer=f"{package}.{importer}", imported=f"{package}.{imported}", as_packages=True
            ):
                imports[importer].add(imported)
    return imports


def _reduced(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Drop each import that follows from others: its arrow would add no information."""
    below: dict[str, set[str]] = {}

    def reach(child: str) -> set[str]:
        if child not in below:
            below[child] = imports[child].union(*(reach(other) for other in imports[child]))
        return below[child]

    return {
        child: {other for other in others if not any(other in reach(between) for between in others - {other})}
        for child, others in imports.items()
    }
