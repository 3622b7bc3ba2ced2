"""Draws which part of the package imports which, from the imports themselves."""

from __future__ import annotations

import ast
from pathlib import Path

__all__ = ["drawing", "imports_of_parts"]

ROOT = Path(__file__).resolve().parent.parent / "cpl_async"
LEFT_OUT = frozenset({"__init__", "_version", "fonts"})
TASKS = {"distributed/celery.py": "tasks", "distributed/worker.py": "tasks"}
"""Of ``distributed``, and yet above ``bulk``, as the commands are."""
WIDTH, HEIGHT, GAP_X, GAP_Y = 124, 44, 26, 62


def imports_of_parts() -> dict[str, set[str]]:
    """Return the parts of the package, and which parts each imports; what is for type checkers only is left out."""
    found: dict[str, set[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        part = TASKS.get(path.relative_to(ROOT).as_posix(), part)
        if part in LEFT_OUT:
            continue
        imports = found.setdefault(part, set())
        package = path.relative_to(ROOT).parts[:-1]
        for node in _walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package[: len(package) - node.level + 1]
                names = [*base, *(node.module or "").split(".")] if node.module else [*base, node.names[0].name]
                if names and names[0] != part:
                    imports.add(names[0])
    return {part: imports & found.keys() for part, imports in found.items()}


def _walk(tree: ast.AST) -> list[ast.AST]:
    """Return the nodes of a module outside of ``if TYPE_CHECKING``."""
    nodes: list[ast.AST] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        nodes += [child, *_walk(child)]
    return nodes


def drawing() -> str:
    """Return an SVG: a box for each part, what imports above what is imported."""
    imports = imports_of_parts()
    imports["client"].discard("bulk")  # the door, which is opened at first use
    shown = {
        part: {other for other in others if not _implied(part, other, imports)} for part, others in imports.items()
    }
    rows: dict[int, list[str]] = {}
    for part in imports:
        rows.setdefault(_depth(part, imports), []).append(part)
    deepest = max(rows)
    wide = max(map(len, rows.values())) * (WIDTH + GAP_X)
    places: dict[str, tuple[float, float]] = {}
    for depth, parts in rows.items():
        left = (wide - len(parts) * (WIDTH + GAP_X) + GAP_X) / 2
        for number, part in enumerate(sorted(parts)):
            places[part] = left + number * (WIDTH + GAP_X), 8 + (deepest - depth) * (HEIGHT + GAP_Y)
    high = 16 + (deepest + 1) * (HEIGHT + GAP_Y) - GAP_Y
    lines = [
        f'<svg viewBox="0 0 {wide} {high}" role="img" aria-label="Parts of the package and their imports" '
        'xmlns="http://www.w3.org/2000/svg" style="max-width:100%;height:auto" font-family="inherit" font-size="15">'
    ]
    for part, others in shown.items():
        for other in sorted(others):
            (x1, y1), (x2, y2) = places[part], places[other]
            start, end = (x1 + WIDTH / 2, y1 + HEIGHT), (x2 + WIDTH / 2, y2)
            bend = (end[1] - start[1]) / 2
            lines.append(
                f'<path d="M{start[0]:.0f} {start[1]:.0f} C{start[0]:.0f} {start[1] + bend:.0f} {end[0]:.0f} '
                f'{end[1] - bend:.0f} {end[0]:.0f} {end[1]:.0f}" fill="none" stroke="#7a8aa0" stroke-opacity=".55"/>'
            )
    for part, (x, y) in places.items():
        lines.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#1f5fa8"/>'
            f'<text x="{x + WIDTH / 2:.0f}" y="{y + HEIGHT / 2 + 5:.0f}" text-anchor="middle" fill="#fff">{part}</text>'
        )
    return "\n".join([*lines, "</svg>"])


def _implied(part: str, other: str, imports: dict[str, set[str]]) -> bool:
    """Return whether an import follows from others: a line for it would only be in the way."""
    return any(other in _below(between, imports) for between in imports[part] - {other})


def _below(part: str, imports: dict[str, set[str]]) -> set[str]:
    return imports[part].union(*(_below(other, imports) for other in imports[part]))


def _depth(part: str, imports: dict[str, set[str]]) -> int:
    return 1 + max((_depth(other, imports) for other in imports[part]), default=-1)
