"""What users' own tests get: a plugin of pytest with sandboxes, and models that are right as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cpl_async import Client, ImportState
from cpl_async.models.validation import problems_of
from cpl_async.sandbox import Sandbox
from cpl_async.testing import make_address, make_batch_result, make_order, make_shipment, make_tracked_shipment

from .test_architecture import loaded_after
from .test_documents import ROOT, SNIPPET


def run(folder: Path, text: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a user's tests, in a folder and a process of their own."""
    (folder / "test_shop.py").write_text(text, encoding="utf-8")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:xdist",
            "-p",
            "no:asyncio",
            "-p",
            "no:cacheprovider",
            "-rA",
            *options,
        ],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def results(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {
        name: result for result, name in re.findall(r"^(PASSED|FAILED|ERROR) test_shop\.py::(\S+)", done.stdout, re.M)
    }


SHOP = """
import asyncio, os, subprocess, sys
import pytest
from cpl_async import Client as AsyncClient, CplError, Outcome
from cpl_async.sandbox import Fault, FaultKind
from cpl_async.testing import make_shipment
from cpl_sync import Client

def ship():
    with Client.from_env() as cpl:
        return cpl.shipment_batches.create([make_shipment()]).wait(timeout=60).numbers

def test_sync(cpl_sandbox):
    assert ship() == ["40900000001"]
    assert len(cpl_sandbox.shipments()) == 1
    assert cpl_sandbox.ledger.of("shipment_batches.create")[0].status == 201

def test_each_test_has_a_server_of_its_own(cpl_sandbox):
    assert cpl_sandbox.shipments() == []
    assert ship() == ["40900000001"]

def test_async(cpl_sandbox):
    async def ship():
        async with AsyncClient.from_env() as cpl:
            return (await (await cpl.shipment_batches.create([make_shipment()])).wait(timeout=60)).numbers
    assert asyncio.run(ship()) == ["40900000001"]

def test_clock(cpl_sandbox):
    [number] = ship()
    cpl_sandbox.advance(10 * 86_400)
    with Client.from_env() as cpl:
        assert cpl.shipments.list(shipment_numbers=[number]).items[0].is_final

def test_fault(cpl_sandbox):
    cpl_sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
    with pytest.raises(CplError) as caught:
        ship()
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(cpl_sandbox.shipments()) == 1

@pytest.mark.cpl_sandbox(clients={"mine": "geheim"}, speed=7)
def test_settings(cpl_sandbox):
    assert (os.environ["CPL_CLIENT_ID"], cpl_sandbox.settings.speed) == ("mine", 7)
    assert ship()

def test_the_command_finds_it(cpl_sandbox):
    done = subprocess.run([sys.executable, "-m", "cpl_async.cli", "customer", "--json"], capture_output=True)
    assert done.returncode == 0, done.stderr

def test_of_the_session_1(cpl_sandbox_session):
    assert len(ship()) == 1

def test_of_the_session_2(cpl_sandbox_session, cpl_sandbox):
    assert cpl_sandbox_session.base_url != cpl_sandbox.base_url
    assert len(cpl_sandbox_session.shipments()) == 1
    assert ship() and len(cpl_sandbox.shipments()) == 1

def test_of_the_session_3(cpl_sandbox_session):
    assert ship() and len(cpl_sandbox_session.shipments()) == 2

@pytest.mark.cpl_sandbox(sped=7)
def test_wrong_name(cpl_sandbox): ...

@pytest.mark.cpl_sandbox(7)
def test_wrong_form(cpl_sandbox): ...
"""


@pytest.mark.slow
def test_users_tests_have_a_sandbox_for_each_or_for_all(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        SHOP,
        "--strict-markers",
        "-W",
        "error",
        CPL_TEST_SYSTEM="1",  # whatever this machine is set up for, no test of a shop leaves it
        CPL_PROXY="http://127.0.0.1:9",
        CPL_CLIENT_SECRET_FILE="/nowhere",
    )
    found = results(done)
    good = [name for name in re.findall(r"def (test_\w+)\(", SHOP) if "wrong" not in name]
    assert found == dict.fromkeys(good, "PASSED") | {"test_wrong_name": "ERROR", "test_wrong_form": "ERROR"}, (
        done.stdout
    )
    assert "unexpected keyword argument 'sped'" in done.stdout
    assert "takes keyword arguments only" in done.stdout


@pytest.mark.slow
def test_the_tests_that_the_documents_show_pass(tmp_path: Path) -> None:
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/testing.md")]
    snippets = [
        one for page in pages for one in SNIPPET.findall(page) if "testing import" in one and "open(" not in one
    ]
    done = run(tmp_path, "\n\n".join(snippets), "-W", "error")
    assert len(snippets) == 5
    assert results(done) == {
        "test_a_parcel_arrives": "PASSED",
        "test_a_shipment_gets_a_number": "PASSED",
        "test_a_lost_answer_is_not_sent_again_blindly": "PASSED",
        "test_a_parcel_of_new_year": "PASSED",
    }


def test_without_the_sandbox_it_is_said_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import sys\nsys.modules['jsonschema_rs'] = None\n")
    done = run(tmp_path, "def test_a(cpl_sandbox): ...")
    assert results(done) == {"test_a": "ERROR"}
    assert "jsonschema_rs is not installed: pip install 'cpl-sdk[sandbox]'" in done.stdout


def test_the_plugin_costs_those_nothing_who_do_not_use_it() -> None:
    assert not loaded_after("import cpl_async.pytest_plugin") & {"aiohttp", "attrs", "orjson", "cpl_async.sandbox"}


def test_this_sessions_own_plugin_works_here_too(cpl_sandbox: Sandbox) -> None:
    assert Client.from_env().base_url == cpl_sandbox.base_url


# --- models


@pytest.mark.parametrize(
    "made",
    [
        make_shipment(),
        make_shipment(cash_on_delivery=499),
        make_shipment(reference_id="x" * 128),
        make_shipment(recipient=make_address(country="SK", zip_code="81101"), product_type="CONN"),
        make_order(),
        make_order(shipment_count=12),
    ],
)
def test_what_is_made_is_right_as_it_is(made: Any) -> None:
    assert problems_of(made) == []


async def test_what_is_made_is_taken_by_the_server(cpl_sandbox: Sandbox) -> None:
    async with Client.from_env() as cpl:
        sent = [make_shipment(), make_shipment(cash_on_delivery="499.50")]
        result = await (await cpl.shipment_batches.create(sent)).wait(timeout=60)
        assert result.errors == {}
        ordered = await (await cpl.order_batches.create([make_order()])).wait(timeout=60)
        assert ordered.settled
    assert len({shipment.reference for shipment in cpl_sandbox.shipments()}) == 2


def test_a_result_names_what_was_sent() -> None:
    sent = [make_shipment() for _ in range(3)]
    result = make_batch_result([*sent, "extra"], failed=[sent[1].reference_id])
    assert result.settled
    assert list(result.by_reference) == [*(one.reference_id for one in sent), "extra"]
    assert list(result.errors) == [sent[1].reference_id]
    assert len(set(result.numbers)) == 3
    assert not make_batch_result(sent, state=ImportState.IN_PROCESS).settled


@pytest.mark.parametrize("phase", ["Order", "InTransport", "Delivering", "Delivered", "PickupPoint", "Canceled"])
def test_a_tracked_shipment_has_come_to_its_phase(phase: str) -> None:
    shipment = make_tracked_shipment(phase)
    assert shipment.phase == phase
    assert shipment.is_final is (phase in ("Delivered", "Canceled"))
    assert make_tracked_shipment(shipment_number="1").shipment_number == "1"


def test_phases_that_are_none_are_refused() -> None:
    assert make_tracked_shipment(None).phase is None
    with pytest.raises(ValueError, match="'Lost' is not a phase of a parcel: use Order"):
        make_tracked_shipment("Lost")
