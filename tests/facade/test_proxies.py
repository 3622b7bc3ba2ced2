"""Both sides of the facade are the same: names, signatures, docstrings and types."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cpl_async
import cpl_sync
from cpl_async.sandbox import Sandbox
from cpl_sync import Client

from ..conftest import shipment

ROOT = Path(cpl_async.__file__).parent.parent
"""The folder of the packages: this project, or ``site-packages`` if the wheel is installed."""
PROJECT = Path(__file__).parent.parent.parent
CLASSES = ["client.Client"] + [
    f"resources.{path.stem}.{node.name}"
    for path in sorted((ROOT / "cpl_sync" / "resources").glob("*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
]
BY_HAND = {"blocking_call.py", "calling_thread.py", "loop_thread.py", "portal.py", "proxies.py", "tracebacks.py"}
ASYNC = {"__aenter__": "__enter__", "__aexit__": "__exit__"}


def class_of(package: str, name: str) -> type:
    import importlib

    module, _, kind = name.rpartition(".")
    found = getattr(importlib.import_module(f"{package}.{module}"), kind)
    assert isinstance(found, type)
    return found


def public(kind: type) -> dict[str, Any]:
    """Return what a class offers: calls, properties, attributes."""
    names = {name for name in dir(kind) if not name.startswith("_") or name in ASYNC or name in ASYNC.values()}
    return {ASYNC.get(name, name): inspect.getattr_static(kind, name) for name in names}


def ordinary(annotation: object) -> str:
    """Return an annotation of the core as the facade must have it; written apart from the generator."""
    text = str(annotation)
    text = re.sub(r"^AsyncGenerator\[(.*), None\]$", r"Generator[\1, None, None]", text)
    text = re.sub(r" \| AsyncIterable\[[^]]*\]", "", text)
    text = text.replace("bool | Awaitable[bool]", "bool")
    return re.sub(r"Awaitable\[((?:[^][]|\[[^][]*\])*)\]", r"\1", text)


def calls() -> Iterator[Any]:
    for name in CLASSES:
        for call in public(class_of("cpl_sync", name)):
            yield pytest.param(name, call, id=f"{name}.{call}")


def test_the_public_names_are_the_same_and_models_the_very_same() -> None:
    assert set(cpl_sync.__all__) == set(cpl_async.__all__)
    for name in cpl_sync.__all__:
        twin = getattr(cpl_sync, name)
        if name in ("Client", "ShipmentBatch", "OrderBatch"):
            assert twin.__module__.startswith("cpl_sync."), name
        else:
            assert twin is getattr(cpl_async, name), name
    assert set(cpl_sync.__all__) <= set(dir(cpl_sync))
    with pytest.raises(AttributeError, match="nothing"):
        cpl_sync.nothing  # noqa: B018 - looking is the test


def test_importing_the_facade_loads_next_to_nothing() -> None:
    program = "import sys, cpl_sync; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"aiohttp", "asyncio", "attrs", "cattrs", "stamina", "uvloop"}


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_offers_what_the_cores_offers(name: str) -> None:
    core, twin = class_of("cpl_async", name), class_of("cpl_sync", name)
    attributes = {field.name for field in getattr(core, "__attrs_attrs__", ()) if not field.name.startswith("_")}
    names = {name for name in public(core) if name not in ("operation", "item_noun", "list_of")} | attributes
    assert set(public(twin)) == names
    assert twin.__doc__ is not None
    assert twin.__doc__.split("\n")[0] == str(core.__doc__).split("\n")[0]


@pytest.mark.parametrize(("name", "call"), sorted(calls()))
def test_each_call_has_the_same_signature_and_docstring(name: str, call: str) -> None:
    core, twin = class_of("cpl_async", name), public(class_of("cpl_sync", name))[call]
    attributes = {field.name: field for field in getattr(core, "__attrs_attrs__", ())}
    if call in attributes:  # of a handle
        assert twin.fget.__annotations__["return"] == attributes[call].type
        assert twin.fget.__doc__
        return
    source = public(core)[call]
    if isinstance(twin, property):
        assert isinstance(source, property)
        twin, source = twin.fget, source.fget
    elif isinstance(source, classmethod):
        assert isinstance(twin, classmethod)
        twin, source = twin.__func__, source.__func__
    assert not inspect.iscoroutinefunction(twin)
    if source.__doc__ is None:
        assert twin.__doc__ is None
    elif ">>>" not in source.__doc__ and "await " not in source.__doc__:
        assert twin.__doc__ == source.__doc__
    ours, theirs = inspect.signature(twin), inspect.signature(source)
    assert list(ours.parameters) == list(theirs.parameters)
    for parameter, twin_parameter in zip(theirs.parameters.values(), ours.parameters.values(), strict=True):
        assert twin_parameter.kind == parameter.kind
        assert twin_parameter.default == parameter.default
        found = str(twin_parameter.annotation)
        assert found == ordinary(parameter.annotation) or name.endswith("Batch"), parameter
    expected = ordinary(theirs.return_annotation)
    assert ours.return_annotation == {"R": "ShipmentBatchResult" if "shipment" in name else "OrderBatchResult"}.get(
        expected, expected
    )


def test_docstrings_hold_no_await() -> None:
    for path in (ROOT / "cpl_sync").rglob("*.py"):
        if path.read_text(encoding="utf-8").startswith("# generated"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\bawait \w|\basync (with|for|def)\b", text), path
            for node in ast.walk(ast.parse(text)):
                assert not isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)), path


def test_a_generated_method_does_nothing_but_hand_over() -> None:
    """One call each: no branch, no loop, nothing that could differ from the core."""
    for path in (ROOT / "cpl_sync" / "resources").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for kind in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            for method in (node for node in kind.body if isinstance(node, ast.FunctionDef)):
                body = method.body[1:] if ast.get_docstring(method) else method.body
                assert len(body) == 1, f"{path.name}: {method.name}"
                assert isinstance(body[0], (ast.Return, ast.Expr)), f"{path.name}: {method.name}"


def test_generated_modules_say_so_and_check_finds_what_is_stale(tmp_path: Path) -> None:
    for folder in (ROOT / "cpl_async", ROOT / "cpl_sync", PROJECT / "tools"):
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for path in (tmp_path / "cpl_sync").rglob("*.py"):
        head = path.read_text(encoding="utf-8").splitlines()[0]
        source = path.relative_to(tmp_path / "cpl_sync")
        if path.name not in BY_HAND:
            assert head == f"# generated from cpl_async/{source} by tools/generate_sync.py, do not edit"

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(tmp_path / "tools" / "generate_sync.py"), "--check"]
        return subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})

    assert check().returncode == 0
    orders = tmp_path / "cpl_async" / "resources" / "orders.py"
    orders.write_text(
        orders.read_text(encoding="utf-8").replace("limit: int = 100", "limit: int = 50"), encoding="utf-8"
    )
    (tmp_path / "cpl_sync" / "resources" / "gone.py").write_text("", encoding="utf-8")
    done = check()
    assert done.returncode == 1
    stale = re.findall(r"^(\S+) is stale", done.stderr, re.MULTILINE)
    assert sorted(stale) == ["cpl_sync/resources/gone.py", "cpl_sync/resources/orders.py"]


def types_in(program: Path) -> list[str]:
    """Return what pyright says of each ``reveal_type`` of a program, and its errors."""
    pyright = pytest.importorskip("pyright.cli", reason="pyright is not installed")
    command = [sys.executable, "-m", pyright.__name__.partition(".")[0], "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, str(program)], capture_output=True, text=True, cwd=ROOT)
    diagnostics = json.loads(done.stdout)["generalDiagnostics"]
    return [f"{entry['range']['start']['line']}: {entry['message']}" for entry in diagnostics]


def test_pyright_sees_the_same_types_on_both_sides() -> None:
    programs = Path(__file__).parent / "programs"
    ours, theirs = types_in(programs / "typed_sync.py"), types_in(programs / "typed_async.py")
    assert len(ours) >= 30
    assert ours == [line.replace("await ", "") for line in theirs]


def test_families_handles_and_raw_responses_are_the_facades(cpl: Client) -> None:
    batch = cpl.shipment_batches.create([shipment("r1"), shipment("r2")])
    assert isinstance(batch, cpl_sync.ShipmentBatch)
    assert batch == cpl.shipment_batches.handle(batch.id, references=batch.references)
    assert hash(batch) == hash(cpl.shipment_batches.handle(batch.id, references=batch.references))
    assert repr(batch) == f"ShipmentBatch(id={batch.id!r})"
    result = batch.wait()
    assert isinstance(result, cpl_async.ShipmentBatchResult)
    raw = cpl.with_raw_response(cpl.shipment_batches.create, [shipment("r3")])
    assert isinstance(raw.value, cpl_sync.ShipmentBatch)
    assert raw.status == 201
    assert raw.value.wait().settled
    assert [label.content[:4] for label in batch.labels()] == [b"%PDF"]
    kept = cpl.codelists.cached(ttl=60)
    assert type(kept) is type(cpl.codelists)
    assert [entry.code for entry in kept.iterate(kept.products)] == [entry.code for entry in kept.products()]
    assert cpl.with_raw_response(lambda: cpl.shipments.list(limit=1)).status == 200


def test_a_client_is_a_context_manager(sandbox: Sandbox) -> None:
    environment = {"CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox", "CPL_BASE_URL": sandbox.base_url}

    class Mine(Client):
        """A client with a word more."""

        def version(self) -> str | None:
            return self.info.get().version

    with Mine.from_env(environment, timeout=5.0) as cpl:
        assert type(cpl) is Mine
        assert cpl.open() is cpl
        assert cpl.version() == cpl.info.get().version
        assert "open" in repr(cpl)
    assert "closed" in repr(cpl)


@pytest.mark.parametrize("package", [cpl_async, cpl_sync])
def test_a_client_is_not_pickled(package: ModuleType) -> None:
    import copy
    import pickle

    make: Callable[..., Any] = package.Client
    client = make(client_id="a", client_secret="b")
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            copied(client)
