"""Importing costs little, and the public names are what they say."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import cpl_async

ROOT = Path(cpl_async.__file__).parent


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
    assert not loaded_after("import cpl_async.bulk.api, cpl_async.cli.ship") & {
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
    assert several == ["page_cache.py: page"]  # it is no call of the API


def test_the_typed_settings_are_those_of_the_client() -> None:
    taken = inspect.signature(cpl_async.Client).parameters
    assert set(cpl_async.ClientSettings.__annotations__) == taken.keys() - {"client_id", "client_secret", "base_url"}
