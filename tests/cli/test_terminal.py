"""Texts of the server and closed outputs do no harm to a terminal."""

from __future__ import annotations

import json
import subprocess

import pytest

from cpl_async.plain_text import plain
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import many_rows, write_rows
from .conftest import CPL, Runner, access_to


@pytest.mark.slow
def test_old_letters_and_a_closed_output_end_in_no_traceback(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    cpl.environment["PYTHONIOENCODING"] = "ascii"
    done = subprocess.run(
        [*CPL, "customer"], capture_output=True, env=cpl.environment | access_to(server), cwd=cpl.folder, timeout=30
    )
    assert done.returncode == 0
    assert b"Hlavn? sklad" in done.stdout
    closed = subprocess.run(
        f"{' '.join(CPL)} codelist countries >&-", shell=True, capture_output=True, text=True,
        env=cpl.environment | access_to(server), cwd=cpl.folder, timeout=30,
    )  # fmt: skip
    assert "Traceback" not in closed.stderr


def test_a_server_cannot_steer_the_terminal_with_its_refusals(cpl: Runner, server: Sandbox) -> None:
    body = json.dumps({"title": "no \x1b]0;pwned\x07 \x1b[31mred"})
    server.faults.add(Fault(kind=FaultKind.STATUS, operation="orders.cancel", status=400, body=body))
    done = cpl("order", "cancel", "--reference", "x", access=access_to(server), status=1)
    assert "pwned" in done.stderr
    assert "\x1b]" not in done.stderr


@pytest.mark.slow
def test_a_response_cannot_control_the_terminal(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    cpl("redirect", shipped[0], "--contact", "a\x1b[2J\u202e", access=access_to(server))
    cpl("ship", write_rows(cpl.folder / "b.csv", many_rows(4)[3:]), access=access_to(server))
    assert plain("a\x1b[2J\u202e\n") == "a [2J  "
    reading = subprocess.Popen(
        f"{' '.join(CPL)} codelist countries | head -1", shell=True, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL, env=cpl.environment | access_to(server), cwd=cpl.folder,
    )  # fmt: skip
    assert "Traceback" not in reading.communicate(timeout=30)[1]
