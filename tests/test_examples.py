"""Each example is a small real program: it runs as its first lines say, and ships each parcel once."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from benchmarks.servers import PostgreSQL
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from .pictures import codes_in
from .serving import PYTHON, answers, free_port, redis, served

__all__ = ["redis"]  # a fixture

EXAMPLES = Path(__file__).parent.parent / "examples"
TO = {"name": "Jan", "street": "Husova 1", "city": "Kolín", "zip_code": "28002"}


async def until(condition: Any, what: str = "", seconds: float = 30.0) -> Any:
    """Ask until something is true, and return it."""
    end = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < end, what or "it did not come to pass"
        await asyncio.sleep(0.05)
    return found


# --- FastAPI


@pytest.mark.page("how-to/fastapi.md")
async def test_the_fastapi_service_ships_and_tracks(cpl_sandbox: Sandbox, tmp_path: Path) -> None:
    port = free_port()
    command = [PYTHON, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", str(port), "fastapi_service:app"]
    base = f"http://127.0.0.1:{port}"
    with served(command, tmp_path, {}, answers(port)):
        async with aiohttp.ClientSession(base) as shop:
            sent = await shop.post(
                "/shipments", json={"reference": "2026-17", **TO}, headers={"X-Request-ID": "order-17"}
            )
            assert (sent.status, sent.headers["X-Request-ID"]) == (202, "order-17")
            batch = (await sent.json())["batch"]
            [created] = cpl_sandbox.ledger.of("shipment_batches.create")
            assert created.correlation_id == "order-17"

            async def settled() -> Any:
                found = await (await shop.get(f"/batches/{batch}")).json()
                return found if found["settled"] else None

            [number] = (await until(settled))["numbers"]
            label = await shop.get(f"/batches/{batch}/label.pdf")
            assert codes_in(await label.read()) == [[number]]
            found = await (await shop.get(f"/shipments/{number}")).json()
            assert found["phase"]
            assert number in found["page"]
            assert (await (await shop.get("/shipments/49999999999")).json())["phase"] is None
            odd = await shop.post("/shipments", json={"reference": "2026-18", **TO, "country": "XX"})
            assert odd.status == 422
            assert "country" in (await odd.json())["problems"][0]
            assert (await shop.get("/batches/none")).status == 404
            cpl_sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
            lost = await shop.post("/shipments", json={"reference": "2026-19", **TO})
            assert (lost.status, (await lost.json())["outcome"]) == (504, "unknown")
    assert len(cpl_sandbox.ledger.of("login.get_access_token")) == 1


# --- a web checkout


@contextmanager
def checkout(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [PYTHON, str(EXAMPLES / "web_checkout.py"), "shop.sqlite3", "--port", str(port), "--settle-time", "2"]
    with (folder / "checkout.log").open("a") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 30
        while not answers(port)():
            assert process.poll() is None, (folder / "checkout.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


async def order(port: int, reference: str) -> dict[str, Any]:
    to = {"name": "Jan", "street": "Husova 1", "city": "Kolín", "zip": "28002"}
    async with aiohttp.request("POST", f"http://127.0.0.1:{port}/orders/{reference}/ship", json=to) as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


@pytest.mark.page("how-to/web-checkout.md")
async def test_the_checkout_ships_once_however_often_it_is_asked(cpl_sandbox: Sandbox, tmp_path: Path) -> None:
    port = free_port()
    with checkout(tmp_path, port):
        await asyncio.gather(order(port, "o-1"), order(port, "o-1"))
        shown = await order(port, "o-1")
        assert shown["state"] == "shipped"
        cpl_sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create"))
        lost = await order(port, "o-2")
        assert (lost["state"], lost["message"]) == ("shipped", "shipped without label")
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/orders/none") as answer:
            assert answer.status == 404
    live = {shipment.reference: shipment.parcels[0].number for shipment in cpl_sandbox.shipments()}
    assert live == {"o-1": shown["number"], "o-2": lost["number"]}


@pytest.mark.page("how-to/web-checkout.md")
async def test_the_checkout_finds_out_what_it_was_killed_in(cpl_sandbox: Sandbox, tmp_path: Path) -> None:
    port = free_port()
    with checkout(tmp_path, port) as process:
        first = await order(port, "o-1")  # so that there is one that is known to be there
        assert first["state"] == "shipped"
        cpl_sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=20))
        asking = asyncio.create_task(order(port, "o-2"))
        database = sqlite3.connect(tmp_path / "shop.sqlite3")

        async def is_sending() -> bool:
            found = database.execute("SELECT state FROM shipments WHERE reference = 'o-2'").fetchall()
            return found == [("sending",)]

        await until(is_sending)
        process.kill()
        await asyncio.gather(asking, return_exceptions=True)
    # whatever the server did with it, and with one whose writing down was the last that happened
    with database:
        database.execute(
            "INSERT INTO shipments SELECT 'o-3', recipient, 'sending', began, NULL, NULL, '' FROM shipments"
            " WHERE reference = 'o-2'"
        )
    with checkout(tmp_path, port):

        async def all_shipped() -> bool:
            found = database.execute("SELECT state FROM shipments").fetchall()
            return found == [("shipped",)] * 3

        await until(all_shipped, seconds=60)
    database.close()
    assert sorted(shipment.reference for shipment in cpl_sandbox.shipments()) == ["o-1", "o-2", "o-3"]


# --- a nightly batch


def night(folder: Path, status: int = 0) -> str:
    done = subprocess.run(
        [PYTHON, str(EXAMPLES / "nightly_batch.py"), "shop.sqlite3", "labels"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout.strip() + done.stderr


def shop_of(folder: Path, count: int, day: str = "2026-11-27") -> sqlite3.Connection:
    night(folder)
    database = sqlite3.connect(folder / "shop.sqlite3")
    rows = [
        (f"{day}-{n}", day, "Jan", "Husova 1", "Kolín", "28002", "CZ", 499.5 if n % 3 == 0 else None)
        for n in range(count)
    ]
    with database:
        database.executemany(
            "INSERT INTO orders (reference, day, name, street, city, zip_code, country, cash) VALUES (?,?,?,?,?,?,?,?)",
            rows,
        )
    return database


@pytest.mark.slow
@pytest.mark.cpl_sandbox(speed=5, cheap_labels=True)
@pytest.mark.page("tutorials/nightly-batch-example.md")
def test_the_nightly_batch_goes_on_after_it_was_killed(cpl_sandbox: Sandbox, tmp_path: Path) -> None:
    database = shop_of(tmp_path, 60)
    command = [PYTHON, str(EXAMPLES / "nightly_batch.py"), "shop.sqlite3", "labels"]
    process = subprocess.Popen(command, cwd=tmp_path)
    end = time.monotonic() + 60

    def is_taken() -> bool:
        """Whether the rest has been taken, after the pilot, and is asked after: then its batch is in the journal."""
        asked = [entry.operation for entry in cpl_sandbox.ledger.entries]
        creations = [place for place, operation in enumerate(asked) if operation == "shipment_batches.create"]
        return len(creations) > 1 and "shipment_batches.get" in asked[creations[1] :]

    while not is_taken():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert night(tmp_path) == "60 shipped"
    assert night(tmp_path) == "60 shipped"
    assert len(cpl_sandbox.shipments()) == 60
    rows = database.execute("SELECT reference, shipment_number, label, cash FROM orders").fetchall()
    database.close()
    numbers = {shipment.reference: shipment.parcels[0].number for shipment in cpl_sandbox.shipments()}
    assert numbers == {reference: number for reference, number, _, _ in rows}
    for _, number, label, _ in rows[:3]:
        file, _, page = label.rpartition("#")
        assert codes_in(Path(tmp_path, file).read_bytes())[int(page)] == [number]


@pytest.mark.page("tutorials/nightly-batch-example.md")
def test_the_nightly_batch_says_what_a_person_must_look_at(cpl_sandbox: Sandbox, tmp_path: Path) -> None:
    assert night(tmp_path) == "no orders"
    database = shop_of(tmp_path, 2)
    with database:
        database.execute("UPDATE orders SET zip_code = 'x' WHERE reference = '2026-11-27-1'")
    assert night(tmp_path, status=1) == "1 rejected, 1 shipped"
    [(message,)] = database.execute("SELECT message FROM orders WHERE state = 'rejected'").fetchall()
    assert message.startswith("zip_code")
    with database:  # mended
        database.execute("UPDATE orders SET zip_code = '28002' WHERE reference = '2026-11-27-1'")
    database.close()
    assert night(tmp_path) == "2 shipped"


# --- Django


DJANGO = """
import django, json, sys
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client as Browser
from shop.models import Order

call_command("migrate", verbosity=0)
call_command("makemigrations", check=True, verbosity=0)
User.objects.create_superuser("admin", password="geheim")
to = {"street": "Husova 1", "city": "Kolín", "zip_code": "28002"}
good = Order.objects.create(reference="d-1", name="Jan", **to)
cash = Order.objects.create(reference="d-2", name="Eva", cash_on_delivery=499, **to)
odd = Order.objects.create(reference="d-3", name="Ota", **to | {"country": "XX"})
browser = Browser()
assert browser.get("/labels/d-1.pdf").status_code == 302  # to the log-in
assert browser.login(username="admin", password="geheim")
chosen = {"action": "ship_and_print", "_selected_action": [good.pk, cash.pk, odd.pk]}
pages = [browser.post("/admin/shop/order/", chosen, follow=True).content.decode() for _ in range(2)]
label = b"".join(browser.get("/labels/d-2.pdf").streaming_content)
open("label.pdf", "wb").write(label)
print(json.dumps({
    "orders": list(Order.objects.order_by("reference").values_list("reference", "state", "shipment_number", "message")),
    "said": ["2 shipped" in page and "1 rejected" in page for page in pages],
    "link": "/labels/d-1.pdf" in pages[0], "missing": browser.get("/labels/d-3.pdf").status_code,
}))
"""


@pytest.mark.page("how-to/django.md")
def test_orders_are_shipped_from_the_django_admin(cpl_sandbox: Sandbox, tmp_path: Path) -> None:
    pytest.importorskip("django", reason="Django is not installed")
    environment = {
        "PYTHONPATH": str(EXAMPLES / "django_shop"),
        "DJANGO_SETTINGS_MODULE": "settings",
        "SHOP_DATA": str(tmp_path),
    }
    done = subprocess.run(
        [PYTHON, "-c", DJANGO],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["said"] == [True, True]
    assert (found["link"], found["missing"]) == (True, 404)
    (first, second, third) = found["orders"]
    assert [row[1] for row in found["orders"]] == ["shipped", "shipped", "rejected"]
    assert "country" in third[3]
    numbers = {shipment.reference: shipment.parcels[0].number for shipment in cpl_sandbox.shipments()}
    assert numbers == {"d-1": first[2], "d-2": second[2]}
    assert codes_in((tmp_path / "label.pdf").read_bytes()) == [[second[2]]]


# --- Celery


@pytest.mark.page("how-to/celery.md")
def test_celery_tasks_ship_once_even_when_delivered_twice(cpl_sandbox: Sandbox, tmp_path: Path, redis: str) -> None:
    pytest.importorskip("celery", reason="Celery is not installed")
    cpl_sandbox.faults.add(Fault(kind=FaultKind.LOST_ANSWER, operation="shipment_batches.create", skip=1, times=1))
    environment = {"BROKER": redis, "PYTHONPATH": str(EXAMPLES), "CPL_SETTLE_TIME": "2"}
    if os.geteuid() == 0:
        environment["C_FORCE_ROOT"] = "1"
    command = [
        PYTHON,
        "-m",
        "celery",
        "--app",
        "celery_worker",
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "2",
    ]
    command += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    caller = (
        "import json\nfrom celery_worker import ship\n"
        f"to = {TO | {'country': 'CZ'}!r}\n"
        "first = ship.delay('c-1', to).get(timeout=60)\n"
        "again = ship.delay('c-1', to).get(timeout=60)\n"
        "lost = ship.delay('c-2', to, 'c-1').get(timeout=60)\n"
        "print(json.dumps([first, again, lost]))"
    )
    with served(command, tmp_path, environment, lambda: True):
        done = subprocess.run(
            [PYTHON, "-c", caller],
            env=os.environ | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    first, again, lost = json.loads(done.stdout)
    assert (first["state"], again["state"], lost["state"]) == ("shipped", "shipped", "shipped")
    numbers = {shipment.reference: shipment.parcels[0].number for shipment in cpl_sandbox.shipments()}
    assert numbers == {"c-1": first["number"], "c-2": lost["number"]}
    assert again["number"] == first["number"]
    assert len(cpl_sandbox.shipments()) == 2


# --- many workers


def compose() -> dict[str, Any]:
    """Return the services of the compose file."""
    text = (EXAMPLES / "workers" / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


@pytest.mark.page("how-to/workers.md")
def test_the_workers_of_the_compose_file_ship(cpl_sandbox: Sandbox, tmp_path: Path, redis: str) -> None:
    database = PostgreSQL()
    services, labels = compose(), tmp_path / "labels"
    hosts = {"redis://redis:6379": redis.removesuffix("/0"), "postgresql://cpl@postgres:5432/cpl": database.url}
    environment = {"LABELS": str(labels), "CPL_STATE_DIR": str(tmp_path / "state"), "C_FORCE_ROOT": "1"}
    for name, value in services["worker"]["environment"].items():
        for there, here in hosts.items():
            value = value.replace(there, here)
        if "$" not in value and "/run/secrets" not in value:
            environment[name] = value
    assert {"CPL_BROKER", "CPL_SHARED", "CPL_JOURNAL"} <= environment.keys()
    folder = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "workers", folder)
    command = [PYTHON, "-m", *shlex.split(services["worker"]["command"]), "--without-gossip", "--without-mingle"]
    try:
        with served([*command, "--loglevel", "WARNING"], folder, environment, lambda: True):
            access = {"PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}", **environment}
            words = [*services["ship"]["entrypoint"], str(EXAMPLES / "shipments.csv"), "--out", str(labels / "one")]
            done = subprocess.run(words, cwd=folder, env=os.environ | access, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            rows = (EXAMPLES / "shipments.csv").read_text(encoding="utf-8").replace("2026-", "2027-")
            (folder / "orders.csv").write_text(rows, encoding="utf-8")
            program = "from tasks import tonight\nprint(tonight('orders.csv', reports=False).wait(60).shipped)"
            done = subprocess.run(
                [PYTHON, "-c", program], cwd=folder, env=os.environ | access, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
    finally:
        database.end()
    assert (labels / "one" / "labels.pdf").exists()
    assert (labels / "one" / "manifest.pdf").exists()
    [night] = [folder for folder in labels.iterdir() if folder.name.startswith("own-")]
    assert done.stdout.strip() == str(len(rows.splitlines()) - 1)
    assert (night / "labels.pdf").exists()
    references = [shipment.reference for shipment in cpl_sandbox.shipments()]
    assert len(references) == len(set(references))


def test_the_compose_file_holds_together() -> None:
    services = compose()
    for name in ("worker", "beat", "ship"):
        assert set(services[name]["depends_on"]) == {"redis", "postgres"}
        assert services[name]["secrets"] == ["cpl"]
    text = (EXAMPLES / "workers" / "tasks.py").read_text(encoding="utf-8")
    assert f'{{"cpl.*": "{shlex.split(services["worker"]["command"])[5]}"}}' in text


# --- a notebook


NOTEBOOK = """
import sys
import nbformat
from nbclient import NotebookClient

book = nbformat.read(sys.argv[1], 4)
NotebookClient(book, timeout=120, kernel_name="pages").execute()
for cell in book.cells:
    for output in cell.get("outputs", ()):
        print(output.get("data", {}).get("text/plain") or output.get("text"), *output.get("data", {}))
"""


@pytest.mark.page("how-to/jupyter.md")
def test_the_notebook_plots_how_long_parcels_take(tmp_path: Path) -> None:
    for package in ("nbclient", "ipykernel", "matplotlib"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    book = json.loads((EXAMPLES / "delivery_times.ipynb").read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in book["cells"])  # kept without results
    kernels = tmp_path / "kernels"
    (kernels / "pages").mkdir(parents=True)
    argv = [PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "pages" / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "", "language": "python"}))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NOTEBOOK, str(EXAMPLES / "delivery_times.ipynb")],
        cwd=tmp_path,
        env=os.environ | {"JUPYTER_PATH": str(kernels.parent)},
        capture_output=True,
        encoding="utf-8",
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert "200 parcels, 0 errors" in done.stdout
    assert "delivered" in done.stdout
    assert "image/png" in done.stdout
