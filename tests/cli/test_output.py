"""What is printed steers no terminal; streams that cannot be written lose nothing, and the exit status is true."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpl_async.cli import output
from cpl_async.plain_text import CONTROL_CHARACTERS
from cpl_async.sandbox import Fault, FaultKind, Sandbox, SandboxSettings

from ..conftest import many_rows, write_rows
from .conftest import CPL, Runner, access_to

ATTACK = "no \x1b]0;pwned\x07 \x1b[31mred \x9b31m \x85 \u202egnp.exe \u2066x"
posix = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, or no such shell")


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


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_neither_server_nor_rows_steer_the_terminal(cpl: Runner, server: Sandbox, arguments: tuple[str, ...]) -> None:
    body = json.dumps({"title": "x", "errors": {"shipments[0].note": [ATTACK], "shipments[1]": [ATTACK]}})
    server.faults.add(Fault(kind=FaultKind.STATUS, operation="shipment_batches.create", status=400, body=body, times=1))
    rows = many_rows(5)
    rows[3]["note"] = rows[3]["phone"] = ATTACK
    rows[4]["reference_id"] = f"T-{ATTACK}"
    path = write_rows(cpl.folder / f"a{ATTACK.replace('/', '')[:20]}.csv", rows)
    done = cpl("ship", path, "--pilot-rows", "0", *arguments, access=access_to(server), status=1)
    cpl("ship", path, "--check", *arguments, access=access_to(server), status=1)
    cpl("jobs", "list", *arguments, access=access_to(server))
    written = [path.read_text(encoding="utf-8") for path in (cpl.folder / "out").glob("*.[cj]s*")]
    assert len(written) == 3
    assert "pwned" in done.stdout
    for text in (done.stdout, done.stderr, *written):
        assert not CONTROL_CHARACTERS.search(text)
    if arguments:
        assert any(ATTACK[:20] in reason["text"] for reason in json.loads(done.stdout)["reasons"])


def piped(cpl: Runner, server: Sandbox, command: str) -> tuple[int, str, str]:
    """Run a command of the shell; return the exit status of its first part, and what the shell printed."""
    done = subprocess.run(
        ["bash", "-c", f'{command.replace("CPL", " ".join(CPL))}; echo "${{PIPESTATUS[0]}}" >status'],
        cwd=cpl.folder,
        env=cpl.environment | access_to(server),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return int((cpl.folder / "status").read_text()), done.stdout, done.stderr


@pytest.mark.slow
@posix
@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("CPL ship a.csv 2>&1 | head -2", 0),
        ("CPL ship a.csv --json 2>&1 | head -0", 0),
        ("CPL ship a.csv | head -0", 0),
        ("CPL ship a.csv >&- 2>&-", 0),
        ("CPL ship a.csv <&- >&- 2>&-", 0),
        ("CPL ship a.csv 2>/dev/full", 0),
        ("CPL ship a.csv >/dev/full", 1),
        ("CPL ship a.csv --json >/dev/full 2>&1", 1),
    ],
)
def test_a_stream_that_fails_has_a_correct_status(cpl: Runner, server: Sandbox, command: str, status: int) -> None:
    write_rows(cpl.folder / "a.csv", many_rows(8))
    ended, _, errors = piped(cpl, server, command)
    assert ended == status
    assert len(server.shipments()) == 8
    assert {"labels.pdf", "shipments.csv", "summary.json"} <= {path.name for path in (cpl.folder / "out").iterdir()}
    assert json.loads((cpl.folder / "out" / "summary.json").read_text())["shipped"] == 8
    assert "Traceback" not in errors
    if command.endswith(">/dev/full"):
        assert ("the result could not be printed: No space left" in errors) == (status == 1)


@posix
@pytest.mark.parametrize("command", ["CPL codelist countries >/dev/full", "CPL jobs list --json >/dev/full"])
def test_a_result_that_could_not_be_printed_is_a_failure(cpl: Runner, server: Sandbox, command: str) -> None:
    status, _, errors = piped(cpl, server, command)
    assert (status, errors.count("could not be printed")) == (1, 1)


@pytest.mark.slow
@posix
@pytest.mark.parametrize("limit", [12, 20, 22, 24])
def test_too_few_file_descriptors_are_reported_in_a_line(cpl: Runner, server: Sandbox, limit: int) -> None:
    write_rows(cpl.folder / "a.csv", many_rows(8))
    status, _, errors = piped(cpl, server, f"ulimit -n {limit}; CPL ship a.csv")
    assert "Traceback" not in errors, errors
    assert status in (0, 1, 2)
    assert (len(server.shipments()) == 0) >= (status == 2)
    assert "error: " in errors or status == 0, errors
    done = cpl("ship", "a.csv", "--json", access=access_to(server))
    assert json.loads(done.stdout)["shipped"] == len(server.shipments()) == 8


@posix
def test_a_stream_that_blocks_is_waited_for(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stream = output.LastingStream(writing)
    text = b"x" * 1_000_000
    thread = threading.Thread(target=stream.write, args=(text,))
    thread.start()
    received = 0
    while received < len(text):
        received += len(os.read(reading, 65536))
    thread.join(10)
    os.close(reading)
    errors = [stream.error]
    assert stream.write(b"lost") == 4
    errors.append(stream.error)
    os.close(writing)
    assert errors[0] is None
    assert isinstance(errors[1], BrokenPipeError)
