"""``cpl track``: shipments are tracked and watched."""

from __future__ import annotations

import json
import subprocess

import pytest

from cpl_async.sandbox import Sandbox

from .conftest import CPL, Runner, access_to, asked

HOUR = 3600


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


def test_a_file_of_numbers_may_be_untidy_but_not_unreadable(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    text = f"# my parcels\n{shipped[0]};note\n\n  {shipped[1]}  # second\n"
    (cpl.folder / "numbers.txt").write_text(text, encoding="utf-8")
    found = asked(cpl, server, "track", "--file", "numbers.txt")
    assert [item["shipmentNumber"] for item in found] == shipped[:2]
    (cpl.folder / "latin.txt").write_bytes("číslo".encode("iso-8859-2"))
    assert "not UTF-8" in cpl("track", "--file", "latin.txt", access=access_to(server), status=2).stderr


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
def test_columns_that_are_copied_are_never_broken(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    command = f"{' '.join(CPL)} track {shipped[0]}"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=30, cwd=cpl.folder,
        env=cpl.environment | access_to(server) | {"COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    assert shipped[0] in done.stdout
    assert "T-00001" in done.stdout
