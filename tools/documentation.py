"""The pages of the documentation that are generated from the code when the site is built."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from architecture import flowchart  # noqa: E402 - beside this file

import cpl_async  # noqa: E402 - of this checkout
from cpl_async.models.codec import wire_name  # noqa: E402
from cpl_async.models.constraints import ItemsConstraint, NestedConstraint, NumberConstraint, TextConstraint  # noqa: E402

KINDS = {
    "client": ("Client", "The client, and what it takes.", ("client", "settings")),
    "models": (
        "Models",
        "What is sent and answered; each field is described in [Fields of the API](fields.md) too.",
        ("models",),
    ),
    "errors": ("Errors", "All that can go wrong; each says what is known of the call.", ("errors",)),
    "bulk": ("Bulk", "Many shipments and orders, exactly once.", ("bulk",)),
    "transport": ("Transport", "Options of a call, events, priorities and limits.", ("transport", "ratelimit")),
}
"""Path of a page, with its title, its first line, and the parts of the package whose public names it describes."""
SANDBOX = ("Sandbox", "SandboxSettings", "Fault", "FaultKind", "Role", "LedgerEntry")


def public() -> dict[str, str]:
    """Return the module of each public name of the package."""
    return dict(cpl_async._HOME)


def generated() -> dict[str, str]:
    """Return the generated pages by their path."""
    pages = {"results.md": _below("benchmarks/RESULTS.md"), "changelog.md": _below("CHANGELOG.md")}
    names = public()
    for path, (title, words, parts) in KINDS.items():
        mine = [(module, name) for name, module in names.items() if module.split(".")[0] in parts]
        pages[f"reference/{path}.md"] = _page(
            title, words, [f"cpl_async.{module}.{name}" for module, name in sorted(mine)]
        )
    resources = {module for module in names.values() if module.startswith("resources.")} | {
        f"resources.{path.stem}"
        for path in (ROOT / "cpl_async" / "resources").glob("*.py")
        if path.stem not in ("__init__", "base", "batches", "checks")
    }
    pages["reference/calls.md"] = _page(
        "Calls",
        "Each family of calls is an attribute of the client.",
        [f"cpl_async.{module}" for module in sorted(resources)],
    )
    pages["reference/sandbox.md"] = _page(
        "Sandbox", "A CPL server for this machine.", [f"cpl_async.sandbox.{name}" for name in SANDBOX]
    )
    pages["reference/testing.md"] = _page(
        "Testing, telemetry, hosts",
        "Factories and fixtures for tests, OpenTelemetry, and what several hosts share.",
        [
            "cpl_async.testing",
            "cpl_async.pytest_plugin",
            "cpl_async.telemetry",
            "cpl_async.distributed.redis_limits",
            "cpl_async.celery",
        ],
    )
    pages["reference/fields.md"] = fields_page()
    return pages


def fields_page() -> str:
    """Return the tables of the API's fields and this library's attributes, one for each model."""
    lines = ["# Fields of the API", "", "What a field of the API is called here, and what it may hold.", ""]
    for name, module in sorted(public().items()):
        kind = getattr(cpl_async, name)
        if not (module.startswith("models.") and inspect.isclass(kind) and attrs.has(kind)):
            continue
        rows = [
            [f"`{wire_name(one.name)}`", f"`{one.name}`", _type(one.type), _bounds(one.type)]
            for one in attrs.fields(attrs.resolve_types(kind))
            if one.name != "unreadable"  # an attribute of this library: the unreadable part of an item
        ]
        headings = ["field of the API", "attribute", "type", "what it may hold"]
        width = 4 if any(row[3] for row in rows) else 3
        lines += [f"## {name}", "", _line(headings[:width]), _line(["---"] * width)]
        lines += [*(_line(row[:width]) for row in rows), ""]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _type(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Annotated:
        return _type(typing.get_args(kind)[0])
    parts = typing.get_args(kind)
    if type(None) in parts:
        return " or ".join(_type(part) for part in parts if part is not type(None)) + ", or none"
    if parts and typing.get_origin(kind) in (list, tuple, typing.get_origin(typing.Sequence[int])):
        return f"list of {_type(parts[0])}"
    return f"`{getattr(kind, '__name__', kind)}`"


def _bounds(kind: Any) -> str:
    words: list[str] = []
    stack = [kind]
    while stack:
        part = stack.pop()
        if typing.get_origin(part) is typing.Annotated:
            words += [text for word in typing.get_args(part)[1:] if (text := _words(word))]
        stack += [one for one in typing.get_args(part) if typing.get_origin(one) or one is part]
    return ", ".join(words)


def _words(bound: Any) -> str:
    if isinstance(bound, TextConstraint):
        length = f"{bound.min}–{bound.max}" if bound.min else f"at most {bound.max}"
        return f"{length} characters" if bound.max is not None else ""
    if isinstance(bound, NumberConstraint):
        return " ".join(f"{sign} {value}" for sign, value in (("≥", bound.ge), ("≤", bound.le)) if value is not None)
    if isinstance(bound, ItemsConstraint):
        return f"at most {bound.max}" if bound.max is not None else f"at least {bound.min}"
    if isinstance(bound, NestedConstraint):
        return f"needs {', '.join(f'`{name}`' for name in sorted(bound.required))}" if bound.required else ""
    return ""


def _page(title: str, words: str, names: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", words, *(f"::: {name}" for name in names)]) + "\n"


def _below(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages to the site."""
    for path, text in generated().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Redirect links that leave the documentation to the pages with the same content."""
    markdown = re.sub(r"<!-- imports of (\S+) -->", lambda match: f"```mermaid\n{flowchart(match[1])}\n```", markdown)
    up = "../" * page.file.src_uri.count("/")
    return markdown.replace("](../benchmarks/RESULTS.md)", f"]({up}results.md)")
