"""The commands that ask and change: tables for people, JSON for programs, an exit status for both."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cpl_async.plain_text import plain
from cpl_async.sandbox import Fault, FaultKind, Role, Sandbox, SandboxSettings

from ..conftest import many_rows, write_rows
from ..pictures import codes_in
from .conftest import CPL, Runner, access_to

HOUR = 3600
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def shipped(cpl: Runner, server: Sandbox) -> list[str]:
    """Ship three rows and return their numbers."""
    path = write_rows(cpl.folder / "a.csv", many_rows(3))
    cpl("ship", path, access=access_to(server))
    return [parcel.number for shipment in server.shipments() for parcel in shipment.parcels]


def asked(cpl: Runner, server: Sandbox, *arguments: Any, status: int = 0) -> Any:
    """Return what a command prints as JSON."""
    return json.loads(cpl(*arguments, "--json", access=access_to(server), status=status).stdout)


def test_shipments_are_tracked_by_number_reference_and_file(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    server.advance(6 * HOUR)
    table = cpl("track", shipped[0], "--reference", "T-00002", access=access_to(server)).stdout
    assert "InTransport" in table
    assert "Shipment picked up" in table
    assert "T-00002" in table
    (cpl.folder / "numbers.txt").write_text("\n".join(shipped) + "\n\n40999999999\n")
    done = cpl("track", "--file", "numbers.txt", "--json", access=access_to(server), status=1)
    assert [item["shipmentNumber"] for item in json.loads(done.stdout)] == shipped
    assert "not known: 40999999999" in done.stderr
    events = cpl("track", shipped[0], "--events", access=access_to(server)).stdout
    assert [line.split()[4] for line in events.splitlines()[2:]] == ["Order", "InTransport"]


@pytest.mark.slow
def test_watching_shows_each_change_until_all_is_over(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    watching = cpl.start("track", shipped[0], "--watch", "--every", "1", access=access_to(server))
    assert watching.stdout is not None
    first = watching.stdout.readline()
    assert "new → Order" in first
    server.advance(20 * 24 * HOUR)
    assert watching.stdout.readline().split("→")[1].split()[0] in ("Delivered", "BackToSender")
    assert watching.wait(20) == 0
    watching.communicate()


def test_a_shipment_is_cancelled_after_a_yes(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    refused = cpl("cancel", shipped[0], access=access_to(server), status=2)
    assert "give --yes" in refused.stderr
    results = asked(cpl, server, "cancel", shipped[0], "4099", "--yes", status=1)
    assert results == [
        {"number": shipped[0], "outcome": "cancelled", "message": ""},
        {"number": "4099", "outcome": "refused", "message": "There is no such shipment."},
    ]
    assert server.shipments()[0].parcels[0].cancelled is not None


@pytest.mark.slow
def test_a_contact_is_added(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    assert "contact added" in cpl("redirect", shipped[0], "--phone", "+420777", access=access_to(server)).stdout
    cpl("redirect", shipped[0], access=access_to(server), status=2)
    done = cpl("redirect", "4099", "--phone", "1", access=access_to(server), status=1)
    assert "There is no such shipment" in done.stderr


@pytest.mark.slow
def test_a_label_is_fetched_again_by_number_or_reference(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    saved = asked(cpl, server, "label", shipped[1])
    assert saved[0]["file"] == f"label-{shipped[1]}.pdf"
    assert codes_in((cpl.folder / saved[0]["file"]).read_bytes()) == [[shipped[1]]]
    assert asked(cpl, server, "label", "T-00003", "--out", "mine.pdf")[0]["number"] in shipped
    assert codes_in((cpl.folder / "mine.pdf").read_bytes())
    done = cpl("label", "nothing", access=access_to(server), status=2)
    assert "name its batch with --batch" in done.stderr
    batch = server.shipments()[0].batch
    assert asked(cpl, server, "label", shipped[0], "--batch", batch, "--out", "b.pdf")[0]["number"] == shipped[0]
    cpl("label", "nothing", "--batch", batch, access=access_to(server), status=2)


@pytest.mark.slow
def test_an_order_is_created_followed_and_cancelled(cpl: Runner, server: Sandbox) -> None:
    (cpl.folder / "warehouse.toml").write_text(
        'name = "Sklad"\nstreet = "Průmyslová 1"\ncity = "Kolín"\nzip_code = "28002"\ncountry = "CZ"\n',
        encoding="utf-8",
    )
    made = cpl(
        "order", "create", "monday-1", "--date", TOMORROW, "--count", "12", "--from", "08:00", "--to", "14:30",
        "--sender", "warehouse.toml", "--note", "rampa 3", access=access_to(server),
    )  # fmt: skip
    assert "Complete" in made.stdout
    batch = made.stderr.split()[-1]
    again = cpl("order", "create", "monday-1", "--date", TOMORROW, "--count", "1", access=access_to(server), status=2)
    assert "was ordered already as OBJ" in again.stderr
    assert asked(cpl, server, "order", "status", batch) == [{"referenceId": "monday-1", "importState": "Complete"}]
    listed = asked(cpl, server, "order", "list", "--reference", "monday-1")
    assert (listed[0]["orderState"], listed[0]["sender"]["city"]) == ("Created", "Kolín")
    body = server.orders()[0].body
    assert (body["sendTimeFrom"], body["shipmentCount"]) == ("08:00:00", 12)
    assert "cancelled" in cpl("order", "cancel", "--reference", "monday-1", access=access_to(server)).stdout
    assert "Canceled" in cpl("order", "list", "--state", "Canceled", access=access_to(server)).stdout
    assert "nothing found" in cpl("order", "list", "--state", "PickedUp", access=access_to(server)).stderr
    cpl("order", "list", "--reference", "nobody", access=access_to(server), status=1)
    cpl("order", "cancel", "--reference", "nobody", access=access_to(server), status=1)
    for wrong in ((), ("--reference", "a", "--customer-reference", "b")):
        cpl("order", "cancel", *wrong, access=access_to(server), status=2)
    late = cpl("order", "create", "late", "--date", "2020-01-01", "--count", "1", access=access_to(server), status=1)
    assert "The day of the collection is past" in late.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("points", "--near", "28002 Kolín", "--count", "2"), "Kolín"),
        (("points", "--near", "Náměstí 1, Brno", "--type", "ParcelBox"), "ParcelBox"),
        (("points", "--position", "50.0875,14.4213"), "Praha"),
        (("address", "Husova 12", "--city", "koli"), "Husova 12/"),
        (("codelist", "products"), "Parcel CZ Private"),
        (("codelist", "countries", "--language", "cs-CZ"), "Slovensko"),
        (("codelist", "service-price-limits"), "INSR"),
        (("customer",), "Hlavní sklad"),
        (("route", "cz", "--zip", "28002"), "CZ-"),
        (("news",), "made up"),
        (("info",), "CPL sandbox"),
    ],
)
def test_each_lookup_has_a_table_and_json(cpl: Runner, server: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    assert words in cpl(*arguments, access=access_to(server)).stdout
    assert words in json.dumps(asked(cpl, server, *arguments), ensure_ascii=False)
    assert words in cpl(*arguments, "--sandbox").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("points",), "exactly one"),
        (("points", "--position", "north"), "LATITUDE,LONGITUDE"),
        (("points", "--near", "Atlantis"), "no pickup point is at"),
        (("codelist", "colours"), "is not one of"),
        (("track",), "name a shipment number"),
        (("address",), "give a STREET"),
        (("info", "--base-url", "http://example.com"), "HTTPS"),
        (("points", "--code", ""), "exactly one"),
        (("points", "--near", "Nitra", "--country", "Slovakia"), "two letters"),
        (("order", "create", "x", "--date", "0001-01-01", "--count", "1"), "no day for an order"),
        (("order", "list", "--since", "9999-12-31"), "no day for an order"),
        (("redirect", "\udcff", "--phone", "1"), "lone surrogate"),
        (("label", "x", "--sandbox"), "no labels"),
        (("label", "x", "--out", "nowhere/x.pdf"), "does not exist"),
        (("track", "1", "--sandbox", "--test-system"), "--sandbox takes no credentials"),
    ],
)
def test_wrong_input_is_said_in_a_line(cpl: Runner, server: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    done = cpl(*arguments, access=access_to(server), status=2)
    assert words.lower() in done.stderr.lower()


def test_a_file_of_numbers_may_be_untidy_but_not_unreadable(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    text = f"# my parcels\n{shipped[0]};note\n\n  {shipped[1]}  # second\n"
    (cpl.folder / "numbers.txt").write_text(text, encoding="utf-8")
    found = asked(cpl, server, "track", "--file", "numbers.txt")
    assert [item["shipmentNumber"] for item in found] == shipped[:2]
    (cpl.folder / "latin.txt").write_bytes("číslo".encode("iso-8859-2"))
    assert "not UTF-8" in cpl("track", "--file", "latin.txt", access=access_to(server), status=2).stderr


def test_what_was_cancelled_is_told_whatever_happens_next(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    server.faults.add(Fault(kind=FaultKind.SLOW, operation="shipments.cancel", skip=1, seconds=20))
    cancelling = cpl.start("cancel", *shipped, "--yes", access=access_to(server))
    deadline = time.monotonic() + 20
    while len(server.ledger.of("shipments.cancel")) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    cancelling.send_signal(signal.SIGINT)
    out, err = cancelling.communicate(timeout=20)
    assert cancelling.returncode == 130
    assert "stopped" in err
    assert [line.split()[1] for line in out.splitlines()[2:]] == ["cancelled", "unknown", *["not"] * (len(shipped) - 2)]
    server.faults.clear()
    server.faults.add(Fault(kind=FaultKind.STATUS, operation="shipments.cancel", status=403))
    denied = cpl("cancel", *shipped, "--yes", access=access_to(server), status=2)
    assert "not sent" in denied.stdout


@pytest.mark.slow
def test_changes_are_one_line_each_and_end_with_the_reader(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    command = f"{' '.join(CPL)} track {' '.join(shipped)} --watch --every 1 --json"
    environment = cpl.environment | access_to(server)
    reading = subprocess.Popen(
        f"{command} | head -2", shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=cpl.folder,
    )  # fmt: skip
    assert reading.stdout is not None
    lines = [reading.stdout.readline() for _ in range(2)]
    server.advance(6 * HOUR)
    _, err = reading.communicate(timeout=60)
    assert [json.loads(line)["phase"] for line in lines] == ["Order", "Order"]
    assert "Traceback" not in err
    assert "error" not in err


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


@pytest.mark.slow
def test_columns_that_are_copied_are_never_broken(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    command = f"{' '.join(CPL)} track {shipped[0]}"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=30, cwd=cpl.folder,
        env=cpl.environment | access_to(server) | {"COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    assert shipped[0] in done.stdout
    assert "T-00001" in done.stdout


def test_a_server_cannot_steer_the_terminal_with_its_refusals(cpl: Runner, server: Sandbox) -> None:
    body = json.dumps({"title": "no \x1b]0;pwned\x07 \x1b[31mred"})
    server.faults.add(Fault(kind=FaultKind.STATUS, operation="orders.cancel", status=400, body=body))
    done = cpl("order", "cancel", "--reference", "x", access=access_to(server), status=1)
    assert "pwned" in done.stderr
    assert "\x1b]" not in done.stderr


def test_the_doctor_finds_nothing_wrong_with_a_good_system(cpl: Runner, server: Sandbox) -> None:
    found = asked(cpl, server, "doctor")
    assert {row["result"] for row in found} == {"ok", "skipped"}
    settings = ["settings", "client_secret", "base_url", "client_id"]
    assert [row["check"] for row in found][:9] == [*settings, "reachable", "TLS", "service", "clock", "token"]
    assert found[2]["found"] == "from CPL_BASE_URL"
    assert "none refused" in cpl("doctor", access=access_to(server)).stdout


@pytest.mark.slow
def test_the_doctor_says_of_each_failure_what_to_do(cpl: Runner) -> None:
    def failing(**access: str) -> tuple[str, str]:
        done = cpl("doctor", "--json", access=access, status=1)
        (row,) = [row for row in json.loads(done.stdout) if row["result"] == "failed"]
        assert row["advice"]
        return row["check"], row["found"]

    assert failing()[0] == "settings"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    access = {"CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox"}
    assert failing(CPL_BASE_URL=f"http://127.0.0.1:{port}/x", **access)[0] == "reachable"
    assert failing(CPL_BASE_URL="https://no-such-host.invalid/x", **access)[0] == "name"
    with Sandbox(SandboxSettings(clients={"sandbox": "other"})) as server:
        assert failing(CPL_BASE_URL=server.base_url, **access)[0] == "token"
        assert failing(CPL_BASE_URL=server.base_url + "/elsewhere", **access)[0] == "service"
        secure = server.base_url.replace("http:", "https:")
        assert failing(CPL_BASE_URL=secure, **access)[0] == "TLS"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "source"),
    [
        ({"CPL_PROXY": "{}"}, "the settings"),
        ({"CPL_PROXY": "http://user:word@{}"}, "the settings"),
        ({"CPL_TRUST_ENV": "1", "HTTP_PROXY": "{}"}, "HTTP_PROXY"),
    ],
)
def test_the_doctor_looks_at_the_proxy_that_calls_use(
    cpl: Runner, server: Sandbox, settings: dict[str, str], source: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    access = access_to(server) | {name: value.format(address) for name, value in settings.items()}
    done = cpl("doctor", "--json", access=access, status=1)
    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert found["proxy"]["found"] == f"{address}, from {source}"
    assert found["reachable"]["result"] == "failed"
    assert found["reachable"]["advice"] == "Start the proxy there"
    assert "word" not in done.stdout + done.stderr
    untrusted = cpl("doctor", "--json", access=access_to(server) | {"HTTP_PROXY": address})
    assert "proxy" not in {row["check"] for row in json.loads(untrusted.stdout)}


def test_the_doctor_shows_what_to_do_below_the_table(cpl: Runner) -> None:
    access = {"CPL_CLIENT_ID": "a", "CPL_CLIENT_SECRET": "b", "CPL_BASE_URL": "http://127.0.0.1:9/x"}
    assert cpl("doctor", access=access, status=1).stdout.splitlines()[-1] == "reachable: Start the server there"
    shown = cpl("doctor", "--profile", "tset", access=access, status=1).stdout
    assert shown.splitlines()[-1] == "settings: Create the file with `cpl init`, or omit the profile"


def test_the_doctor_sees_roles_that_are_missing(cpl: Runner) -> None:
    with Sandbox(SandboxSettings(roles={"sandbox": Role.TRACKING})) as server:
        found = {row["check"]: row["result"] for row in asked(cpl, server, "doctor")}
    assert (found["role: tracking"], found["role: orders"]) == ("ok", "warning")


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
