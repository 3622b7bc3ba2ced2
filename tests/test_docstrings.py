"""What docstrings show runs."""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import cpl_async
from cpl_async import Client, telemetry
from cpl_async.distributed import RedisLimits
from cpl_async.sandbox import Sandbox, SandboxSettings
from cpl_async.testing import make_shipment

ROOT = Path(cpl_async.__file__).parent
BLOCK = re.compile(r"\n\n((?:    .*(?:\n|$)|\n)+)")


def snippets() -> list[tuple[str, str]]:
    """Return each piece of code that a docstring shows, with where it stands; options of the command are none."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        if "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for block in BLOCK.findall(ast.get_docstring(node) or ""):
                code = textwrap.dedent(block).strip()
                if not code.startswith(">>>"):
                    found.append((f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'module')}", code))
    return found


@pytest.mark.parametrize(("place", "code"), snippets())
def test_a_docstrings_snippet_runs(cpl_sandbox: Sandbox, place: str, code: str) -> None:
    async def run() -> None:
        async with Client.from_env() as cpl:
            space: dict[str, Any] = {
                "Client": Client,
                "RedisLimits": RedisLimits,
                "Sandbox": Sandbox,
                "SandboxSettings": SandboxSettings,
                "cpl": cpl,
                "shipments": [make_shipment()],
            }
            result = eval(compile(code, place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), space)
            if inspect.iscoroutine(result):
                await result

    try:
        asyncio.run(run())
    finally:
        telemetry.uninstrument()


def test_there_are_snippets() -> None:
    assert {place.rpartition(" ")[2] for place, _ in snippets()} >= {"Client", "with_raw_response", "Sandbox", "module"}


def test_what_docstrings_answer_is_what_comes() -> None:
    tried = 0
    for path in ROOT.rglob("*.py"):
        if ">>> " in path.read_text(encoding="utf-8"):
            name = ".".join(["cpl_async", *path.relative_to(ROOT).with_suffix("").parts])
            result = doctest.testmod(importlib.import_module(name))
            assert result.failed == 0, name
            tried += result.attempted
    assert tried >= 2
