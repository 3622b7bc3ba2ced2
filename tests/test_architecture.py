"""Imports point one way, importing costs little, and the public names are what they say."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import cpl_async

ROOT = Path(cpl_async.__file__).parent
MAY_IMPORT = {
    "_nearest": set[str](),
    "_clock": set[str](),
    "_version": set[str](),
    "errors": set[str](),
    "folders": set[str](),
    "plain_text": set[str](),
    "models": {"errors"},
    "settings": {"errors"},
    "configuration": {"errors", "folders", "settings"},
    "transport": {"errors", "folders", "models", "settings", "_clock", "_version"},
    "resources": {"transport", "models", "errors", "settings", "_clock"},
    "client": {"bulk", "distributed", "configuration", "resources", "transport", "models", "errors", "settings"},
    "bulk": {"_clock", "resources", "transport", "models", "errors", "settings", "_version", "plain_text", "folders"},
    "sandbox": set[str](),
    "testing": {"models"},
    "distributed": {"_clock", "errors", "transport"},
    "tasks": {"_clock", "bulk", "client", "distributed", "errors", "models", "transport"},
    "telemetry": {"_version", "errors", "transport"},
    "pytest_plugin": {"sandbox"},
    "cli": {
        "bulk",
        "client",
        "configuration",
        "distributed",
        "errors",
        "models",
        "plain_text",
        "resources",
        "settings",
        "sandbox",
        "transport",
        "_version",
    },
    "__init__": {"_version", "bulk", "client", "errors", "models", "resources", "settings", "transport"},
}
"""cli → bulk → client → resources → transport → errors; the bulk engine knows the client by a protocol, and the client
opens the door to it when it is first asked for."""
TASKS = {"celery.py", "worker.py"}
"""Of ``distributed``: they stand above ``bulk``, as the commands do."""


def part_of(path: Path) -> str:
    first, *rest = path.relative_to(ROOT).parts
    return "tasks" if first == "distributed" and TASKS & set(rest) else first.removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Return the parts of the package that a module imports, those for type checkers too."""
    package = ["cpl_async", *path.relative_to(ROOT).parts[:-1]]
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = [*base, *(node.module.split(".") if node.module else [])]
            names = [full] if len(full) > 1 or not base else [[*full, alias.name] for alias in node.names]
            found.update(name[1] for name in names if name[0] == "cpl_async" and len(name) > 1)
            found.update("cpl_sync" for name in names if name[0] == "cpl_sync")
        elif isinstance(node, ast.Import):
            found.update("cpl_sync" for alias in node.names if alias.name.startswith("cpl_sync"))
    return found


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of(path)
    allowed = MAY_IMPORT[part] | {part, "_nearest"}
    assert imports_of(path) <= allowed


def loaded_after(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_next_to_nothing() -> None:
    assert not loaded_after("import cpl_async") & {"aiohttp", "attrs", "cattrs", "orjson", "sqlalchemy", "stamina"}


def test_the_client_loads_only_what_a_call_needs_at_once() -> None:
    late = {"cattrs", "stamina", "sqlalchemy", "pikepdf", "reportlab", "click", "rich", "anyio"}
    assert not loaded_after("from cpl_async import Client") & late


def test_a_job_does_not_load_what_only_old_journals_need() -> None:
    assert not loaded_after("import cpl_async.bulk.door, cpl_async.cli.ship") & {
        "alembic",
        "mako",
        "pikepdf",
        "reportlab",
    }


def test_each_public_name_is_there_and_both_tables_agree() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {node.names[0].name: node.module for node in block.body if isinstance(node, ast.ImportFrom)}
    assert typed == cpl_async._HOME
    assert set(cpl_async.__all__) == {"__version__", *typed}
    for name in cpl_async.__all__:
        assert getattr(cpl_async, name) is not None
    assert set(cpl_async.__all__) <= set(dir(cpl_async))
    with pytest.raises(AttributeError):
        cpl_async.nothing  # noqa: B018 - looking is the test


def test_public_classes_and_calls_say_what_they_are() -> None:
    silent = []
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            silent.append(str(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{path}: {node.name}")
        for function in tree.body:
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and not function.name.startswith("_"):
                silent += [] if ast.get_docstring(function) else [f"{path}: {function.name}"]
    assert silent == []


def test_calls_take_one_argument_by_position_at_most() -> None:
    several = []
    for path in sorted((ROOT / "resources").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                several += [
                    f"{path.name}: {call.name}"
                    for call in node.body
                    if isinstance(call, (ast.FunctionDef, ast.AsyncFunctionDef))
                    and not call.name.startswith("_")
                    and not any(ast.unparse(decorator) == "classmethod" for decorator in call.decorator_list)
                    and len(call.args.args) > 2
                ]
    assert several == ["kept.py: page"]  # it is no call of the API


def test_the_typed_settings_are_those_of_the_client() -> None:
    taken = inspect.signature(cpl_async.Client).parameters
    assert set(cpl_async.ClientSettings.__annotations__) == taken.keys() - {"client_id", "client_secret", "base_url"}
