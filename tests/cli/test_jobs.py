"""``cpl jobs``: a person sees what was shipped, and settles what nobody else can."""

from __future__ import annotations

import json
import re

import pytest

from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import many_rows, write_rows
from .conftest import Runner, access_to, one_line

RESET = Fault(kind=FaultKind.RESET, operation="shipment_batches.create")


@pytest.mark.slow
def test_a_lost_row_is_found_out_and_settled_by_hand(cpl: Runner, server: Sandbox) -> None:
    access = access_to(server)
    account = {name: value for name, value in access.items() if name != "CPL_CLIENT_SECRET"}
    assert "no jobs yet" in cpl("jobs", "list", access=account).stderr
    server.faults.add(RESET)
    path = write_rows(cpl.folder / "a.csv", many_rows(3))
    done = cpl("ship", path, "--name", "monday", "--settle-time", "0.5", status=1, access=access)
    assert "Run the same command again" in done.stdout
    listed = cpl("jobs", "list", access=account).stdout
    assert "monday" in listed
    shown = json.loads(cpl("jobs", "show", "monday", "--json", access=account).stdout)
    assert (shown["rows"], shown["undecided"], shown["not_sent"]) == (3, 3, 0)
    shown = cpl("jobs", "show", "monday", access=account).stdout
    assert "journal.sqlite3" in shown
    assert re.search(r"created at +\d{4}-\d\d-\d\d \d\d:\d\d CES?T\n", shown)
    assert "no control shipment" in cpl("jobs", "undecided", "monday", access=account).stdout
    for reference in ("T-00001", "T-00002"):
        cpl("jobs", "resolve", "monday", reference, "--resend", access=account)
    cpl("jobs", "resolve", "monday", "T-00003", "--shipped-as", "40999999999", access=account)
    path.unlink()
    summary = json.loads(cpl("jobs", "resume", "monday", "--json", status=1, access=access).stdout)
    assert (summary["shipped"], summary["shipped_without_label"]) == (2, 1)
    assert (cpl.folder / "out" / "labels.pdf").exists()
    answer = cpl("jobs", "cancel", "monday", "--yes", status=1, access=access)
    assert "40999999999" in answer.stderr
    assert "give --yes" in cpl("jobs", "purge", "monday", status=2, access=account).stderr
    assert "not settled" in cpl("jobs", "purge", "monday", "--yes", status=2, access=account).stderr
    cpl("jobs", "purge", "monday", "--yes", "--force", access=account)
    assert "purged" in cpl("jobs", "list", access=account).stdout


@pytest.mark.slow
def test_an_unknown_job_or_decision_is_refused(cpl: Runner, server: Sandbox) -> None:
    access = access_to(server)
    assert "no job" in one_line(cpl("jobs", "show", "monday", status=2, access=access))
    cpl("ship", write_rows(cpl.folder / "a.csv", many_rows(1)), "--name", "monday", access=access)
    assert "did you mean monday" in one_line(cpl("jobs", "show", "mondy", status=2, access=access))
    refused = cpl("jobs", "resolve", "monday", "T-00001", "--abandon", status=2, access=access)
    assert "is not undecided: it is shipped" in one_line(refused)
    assert "exactly one" in one_line(cpl("jobs", "resolve", "monday", "T-00001", status=2, access=access))
    assert "give --yes" in cpl("jobs", "cancel", "monday", status=2, access=access).stderr


@pytest.mark.parametrize("command", ["list", "show", "resume", "undecided", "resolve", "purge", "cancel"])
def test_each_command_has_an_example(cpl: Runner, command: str) -> None:
    assert f"cpl jobs {command}" in cpl("jobs", command, "--help").stdout


def test_jobs_of_a_sandbox_beside_the_output(cpl: Runner) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(2))
    cpl("ship", path, "--sandbox", "--name", "try")
    assert "try" in cpl("jobs", "list", "--sandbox", "out").stdout
    cpl("jobs", "cancel", "try", "--yes", "--sandbox", "out")


def test_an_address_that_is_not_the_apis_is_named(cpl: Runner, server: Sandbox) -> None:
    access = access_to(server)
    token = Fault(kind=FaultKind.STATUS, operation="login.get_access_token", status=404, times=9)
    server.faults.add(token)
    done = cpl("ship", write_rows(cpl.folder / "a.csv", many_rows(3)), "--name", "monday", status=2, access=access)
    assert "trying again" not in done.stderr
    assert f"is {server.base_url} the address of the API?" in done.stderr
    listed = cpl("jobs", "undecided", "monday", access=access)
    assert "nothing is undecided" in listed.stderr
    assert "3 rows certainly not sent" in listed.stderr
