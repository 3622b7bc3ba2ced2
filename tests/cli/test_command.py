"""The command as a person uses it: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from cpl_async.sandbox import Fault, FaultKind, Sandbox, SandboxSettings

from ..conftest import EXAMPLES, example_rows, many_rows, write_rows
from .conftest import CPL, Runner, access_to, one_line


def test_the_main_job_on_the_sandbox(cpl: Runner) -> None:
    done = cpl("ship", EXAMPLES / "shipments.csv", "--sandbox", "--out", "out")
    assert re.search(r"37 shipped, with label\n +0 shipped without label\n +0 rejected\n +0 undecided", done.stdout)
    assert "41 parcels, 2 batches" in done.stdout
    again = cpl("ship", EXAMPLES / "shipments.csv", "--sandbox", "--out", "out")
    assert "was finished before: nothing was sent" in again.stdout
    assert (cpl.folder / "out-sandbox" / "journal.sqlite3").exists()


def test_mistakes_are_named_with_row_and_column(cpl: Runner) -> None:
    rows = example_rows()[:4]
    rows[1]["zip_code"] = ""
    rows[3]["product_type"] = "XXXX"
    path = write_rows(cpl.folder / "a.csv", rows, sorted(rows[0]))
    done = cpl("ship", path, "--sandbox", status=1)
    assert "row 2 (line 3), column zip_code: is empty" in done.stderr
    assert "row 4 (line 5), column product_type: Unknown product XXXX." in done.stderr


def test_json_is_all_that_is_printed(cpl: Runner) -> None:
    done = cpl("ship", EXAMPLES / "shipments-with-errors.csv", "--sandbox", "--json", status=1)
    summary = json.loads(done.stdout)
    assert {
        "rows": 12,
        "shipped": 2,
        "shipped_without_label": 0,
        "rejected": 10,
        "undecided": 0,
    }.items() <= summary.items()
    assert {"batches", "requests", "seconds"} <= summary.keys()
    assert json.loads((cpl.folder / "out" / "summary.json").read_text()) == summary


def test_check_sends_nothing_and_leaves_nothing(cpl: Runner) -> None:
    done = cpl("ship", EXAMPLES / "shipments-with-errors.csv", "--check", status=1)
    assert "12 rows checked: 4 good, 8 with mistakes. Nothing was sent." in done.stdout
    assert "row 8 (line 9), column reference_id: 2026-00001 is used twice, first in row 1 (line 2)" in done.stdout
    assert list(cpl.folder.iterdir()) == []
    good = cpl("ship", EXAMPLES / "shipments.csv", "--check", "--json")
    assert json.loads(good.stdout) == {"rows": 37, "good": 37, "rejected": 0}


def test_strict_sends_nothing(cpl: Runner) -> None:
    done = cpl("ship", EXAMPLES / "shipments-with-errors.csv", "--sandbox", "--strict", status=1)
    assert "4 undecided, of which 4 not sent" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02binary", "is not text"),
        (b"\xff\xfe\xfd", "is not text"),
        (b"reference_id,name\n1,A\n", "lacks the columns street, city, zip_code, country"),
        (b"reference_id,product_type,name,street,city,zip_code,country\n", "has a heading but no rows"),
    ],
)
def test_input_that_cannot_be_read_is_one_clear_line(cpl: Runner, content: bytes, words: str) -> None:
    (cpl.folder / "a.csv").write_bytes(content)
    for arguments in (["--sandbox"], ["--check"]):
        assert words in one_line(cpl("ship", "a.csv", *arguments, status=2))


def test_a_folder_a_missing_file_and_one_that_cannot_be_read(cpl: Runner) -> None:
    (cpl.folder / "folder").mkdir()
    (cpl.folder / "loop.csv").symlink_to("loop.csv")
    assert "is a folder" in one_line(cpl("ship", "folder", "--sandbox", status=2))
    assert "No such file" in one_line(cpl("ship", "none.csv", "--sandbox", status=2))
    assert "Too many levels of symbolic links" in one_line(cpl("ship", "loop.csv", "--sandbox", status=2))


def test_a_forbidden_file_is_one_clear_line(cpl: Runner) -> None:
    forbidden = write_rows(cpl.folder / "a.csv", many_rows(1))
    forbidden.chmod(0)
    if os.access(forbidden, os.R_OK):
        pytest.skip("this user may read everything")
    assert "Permission denied" in one_line(cpl("ship", "a.csv", "--sandbox", status=2))


def test_an_output_that_cannot_be_written_is_one_clear_line(cpl: Runner) -> None:
    write_rows(cpl.folder / "a.csv", many_rows(1))
    (cpl.folder / "file").write_text("")
    assert "cannot be written" in one_line(cpl("ship", "a.csv", "--sandbox", "--out", "file", status=2))
    assert "cannot be written" in one_line(cpl("ship", "a.csv", "--sandbox", "--out", "file/below", status=2))
    assert "cannot be written" in one_line(cpl("ship", "a.csv", "--sandbox", "--out", "/proc/none", status=2))


def test_an_output_that_would_overwrite_the_input_is_refused(cpl: Runner) -> None:
    path = write_rows(cpl.folder / "shipments.csv", many_rows(1))
    before = path.read_bytes()
    assert "would overwrite the input" in one_line(cpl("ship", "shipments.csv", "--sandbox", "--out", ".", status=2))
    assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["--a4", "--label-format", "png"],
        ["--position", "2"],
        ["--a4", "--position", "5"],
        ["--label-format", "doc"],
        ["--sandbox", "--test-system"],
        ["--batch-size", "1001"],
        ["--secret", "x"],
    ],
)
def test_wrong_usage_ends_with_two(cpl: Runner, arguments: list[str]) -> None:
    cpl("ship", EXAMPLES / "shipments.csv", *arguments, status=2)


def test_credentials_never_come_from_the_command_line(cpl: Runner, server: Sandbox) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(1))
    assert "no client id" in one_line(cpl("ship", path, status=2))
    assert "no client secret" in one_line(cpl("ship", path, "--client-id", "sandbox", status=2))
    (cpl.folder / "secret").write_text("sandbox\n")
    cpl("ship", path, "--client-id", "sandbox", "--secret-file", "secret", "--base-url", server.base_url)
    assert len(server.shipments()) == 1
    journals = list((cpl.folder / "state").rglob("journal.sqlite3"))
    assert len(journals) == 1
    assert "secret-file" in cpl("ship", "--help").stdout


def test_wrong_credentials_end_with_two_and_send_nothing(cpl: Runner, server: Sandbox) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(2))
    done = cpl("ship", path, status=2, access=access_to(server) | {"CPL_CLIENT_SECRET": "geheim-4711"})
    assert "sending ended early" in done.stderr
    assert "Check the client id and the secret" in done.stderr
    assert "geheim" not in done.stderr + done.stdout
    assert server.shipments() == []


def test_plain_http_to_another_host_is_refused(cpl: Runner) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(1))
    done = cpl(
        "ship",
        path,
        "--client-id",
        "a",
        "--base-url",
        "http://api.example",
        status=2,
        access={"CPL_CLIENT_SECRET": "b"},
    )
    assert "not encrypted" in one_line(done)


def test_the_sender_comes_from_a_file(cpl: Runner, server: Sandbox) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(1))
    sender = cpl.folder / "sender.toml"
    sender.write_text('name = "Sklad"\nzip_kode = "11000"\n')
    assert "did you mean zip_code?" in one_line(
        cpl("ship", path, "--sender", sender, status=2, access=access_to(server))
    )
    sender.write_text('name = "Sklad"\nzip_code = "11000"\ncountry = "CZ"\n')
    cpl("ship", path, access=access_to(server) | {"CPL_SENDER": str(sender)})
    assert server.shipments()[0].body["sender"]["name"] == "Sklad"


def test_killed_in_the_middle_nothing_is_sent_twice(cpl: Runner) -> None:
    """kill -9 while a batch is being written: the next run finds its rows and sends them no second time."""
    with Sandbox(SandboxSettings(speed=20)) as server:
        server.faults.add(Fault(kind=FaultKind.SLOW, seconds=60, operation="shipment_batches.create", skip=2))
        path = write_rows(cpl.folder / "a.csv", many_rows(40))
        running = cpl.start("ship", path, "--batch-size", "10", access=access_to(server))
        deadline = time.monotonic() + 60
        while len(server.shipments()) < 30 and time.monotonic() < deadline:
            time.sleep(0.05)
        running.kill()
        running.communicate()
        server.faults.clear()
        done = cpl("ship", path, "--settle-time", "2", "--json", status=1, access=access_to(server))
        summary = json.loads(done.stdout)
        assert (summary["rows"], summary["rejected"], summary["undecided"]) == (40, 0, 0)
        assert summary["shipped"] + summary["shipped_without_label"] == 40
        assert summary["shipped_without_label"] >= 1
        references = [shipment.reference for shipment in server.shipments()]
        assert len(references) == len(set(references))
        again = cpl("ship", path, "--settle-time", "2", "--resend-unlabelled", "--json", access=access_to(server))
        assert json.loads(again.stdout)["shipped"] == 40


def test_ctrl_c_ends_in_good_order_and_the_next_run_goes_on(cpl: Runner) -> None:
    with Sandbox(SandboxSettings(speed=0.5)) as server:
        path = write_rows(cpl.folder / "a.csv", many_rows(6))
        running = cpl.start("ship", path, access=access_to(server))
        deadline = time.monotonic() + 60
        while not server.ledger.of("shipment_batches.get") and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        assert running.returncode == 130, err
        assert "ending" in err
        assert "Run the same command again" in out
        cpl("ship", path, access=access_to(server))
        assert len(server.shipments()) == 6


@pytest.mark.slow
def test_a_terminal_shows_bars_and_a_pipe_plain_lines(cpl: Runner) -> None:
    arguments = [*CPL, "ship", str(EXAMPLES / "shipments.csv"), "--sandbox", "--out", "bars"]
    primary, secondary = pty.openpty()
    running = subprocess.Popen(
        arguments, cwd=cpl.folder, env=cpl.environment | {"TERM": "xterm"}, stdout=subprocess.DEVNULL, stderr=secondary
    )
    os.close(secondary)
    shown = b""
    while True:
        try:
            piece = os.read(primary, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(primary)
    assert running.wait(60) == 0
    assert "37/37" in shown.decode()
    plain = cpl("ship", EXAMPLES / "shipments.csv", "--sandbox", "--out", "plain")
    assert "37/37" not in plain.stderr
    assert "joining labels: 37 rows, 37 sent" in plain.stderr


@pytest.mark.slow
def test_the_sandbox_runs_in_the_foreground(cpl: Runner) -> None:
    running = cpl.start("sandbox", "--port", "0", "--speed", "20")
    assert running.stdout is not None
    lines = [running.stdout.readline().strip() for _ in range(3)]
    found = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert found["CPL_BASE_URL"].startswith("http://127.0.0.1:")
    path = write_rows(cpl.folder / "a.csv", many_rows(2))
    cpl("ship", path, access=found)
    other = write_rows(cpl.folder / "b.csv", many_rows(3)[2:])
    wrong = cpl("ship", other, status=2, access=found | {"CPL_CLIENT_SECRET": "x"})
    assert "HTTP 401" in wrong.stderr
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    assert "Traceback" not in err


def test_a_taken_port_is_one_clear_line(cpl: Runner, server: Sandbox) -> None:
    port = server.base_url.split(":")[2].split("/")[0]
    assert "Address already in use" in one_line(cpl("sandbox", "--port", port, status=2))


@pytest.mark.slow
def test_help_has_an_example_for_every_command(cpl: Runner) -> None:
    assert "cpl ship shipments.csv --sandbox" in cpl("--help").stdout
    assert "Exit status" in cpl("ship", "--help").stdout
    assert "cpl sandbox --port 8080" in cpl("sandbox", "--help").stdout
    assert cpl("--version").stdout.startswith("cpl, version ")


def test_what_was_sent_is_never_called_unsent(cpl: Runner, server: Sandbox) -> None:
    """A lost answer, then refused credentials: exit status 2 would say that nothing was sent."""
    server.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
    server.faults.add(Fault(kind=FaultKind.STATUS, status=403, operation="shipment_batches.create", skip=1))
    path = write_rows(cpl.folder / "a.csv", many_rows(2))
    done = cpl("ship", path, "--batch-size", "1", status=1, access=access_to(server))
    assert "1 not sent" in done.stdout
    assert len(server.shipments()) == 1


def test_a_reader_that_has_gone_changes_nothing(cpl: Runner, server: Sandbox) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(2))
    running = cpl.start("ship", path, access=access_to(server))
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    errors = running.stderr.read()
    running.stderr.close()
    assert running.wait(60) == 0, errors
    assert "Broken pipe" not in errors
    assert (cpl.folder / "out" / "labels.pdf").exists()


def test_outputs_that_are_folders_are_refused_early(cpl: Runner, server: Sandbox) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(1))
    (cpl.folder / "out" / "labels.pdf").mkdir(parents=True)
    assert "is a folder" in one_line(cpl("ship", path, status=2, access=access_to(server)))
    assert server.ledger.of("shipment_batches.create") == []


def test_without_a_connection_it_waits_until_stopped(cpl: Runner) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(1))
    nobody = {"CPL_BASE_URL": "https://cpl.invalid/myapi2", "CPL_CLIENT_ID": "a", "CPL_CLIENT_SECRET": "b"}
    running = cpl.start("ship", path, access=nobody)
    assert running.stderr is not None
    shown = ""
    while "trying again" not in shown:
        line = running.stderr.readline()
        assert line, shown
        shown += line
    assert "no connection to cpl.invalid" in shown
    assert "stamina" not in shown
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130, err
    assert time.monotonic() - began < 10
    assert "1 undecided, of which 1 not sent" in out


@pytest.mark.slow
def test_a_sandbox_without_its_state_is_a_new_account(cpl: Runner) -> None:
    path = write_rows(cpl.folder / "a.csv", many_rows(2))
    with Sandbox(SandboxSettings(speed=20, state=cpl.folder / "server")) as first:
        port = int(first.base_url.split(":")[2].split("/")[0])
        cpl("ship", path, access=access_to(first))
    with Sandbox(SandboxSettings(speed=20, port=port, state=cpl.folder / "server")) as same:
        assert "was finished before" in cpl("ship", path, access=access_to(same)).stdout
    with Sandbox(SandboxSettings(speed=20, port=port)) as fresh:
        assert "2 shipped, with label" in cpl("ship", path, access=access_to(fresh)).stdout
        assert len(fresh.shipments()) == 2
