"""What is printed steers no terminal; streams that cannot be written lose nothing, and the exit status is true."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpl_async.cli import output
from cpl_async.plain_text import STEERING
from cpl_async.sandbox import Fault, FaultKind, Sandbox, SandboxSettings

from ..conftest import many_rows, write_rows
from .conftest import Runner, access_to

ATTACK = "no \x1b]0;pwned\x07 \x1b[31mred \x9b31m \x85 \u202egnp.exe \u2066x"
FULL = Path("/dev/full")


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(speed=50.0, forgiven=0.015)) as server:
        yield server


def calls_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_one_module_prints() -> None:
    printing = {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write", "console.print"}
    folder = Path(output.__file__).parent
    for path in folder.rglob("*.py"):
        if path.name not in ("output.py", "init.py"):
            used = printing.intersection(calls_of(ast.parse(path.read_text(encoding="utf-8"))))
            assert not used, (path.name, used)


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_neither_server_nor_rows_steer_the_terminal(cpl: Runner, server: Sandbox, arguments: tuple[str, ...]) -> None:
    body = json.dumps({"title": "x", "errors": {"shipments[0].note": [ATTACK], "shipments[1]": [ATTACK]}})
    server.faults.add(Fault(kind=FaultKind.STATUS, operation="shipment_batches.create", status=400, body=body, times=1))
    rows = many_rows(5)
    rows[3]["note"] = rows[3]["phone"] = ATTACK
    rows[4]["reference_id"] = f"T-{ATTACK}"
    path = write_rows(cpl.folder / f"a{ATTACK.replace('/', '')[:20]}.csv", rows)
    done = cpl("ship", path, "--pilot", "0", *arguments, access=access_to(server), status=1)
    cpl("ship", path, "--check", *arguments, access=access_to(server), status=1)
    cpl("jobs", "list", *arguments, access=access_to(server))
    written = [path.read_text(encoding="utf-8") for path in (cpl.folder / "out").glob("*.[cj]s*")]
    assert len(written) == 3
    assert "pwned" in done.stdout
    for text in (done.stdout, done.stderr, *written):
        assert not STEERING.search(text)
    if arguments:
        assert any(ATTACK[:20] in reason for reason in json.loads(done.stdout)["reasons"])
