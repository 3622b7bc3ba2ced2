"""The facade where it is used: gunicorn, Celery, Django, a Jupyter kernel; each is the real thing, on loopback."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..serving import answers, free_port, redis, served
from .conftest import Program, access_to

__all__ = ["redis"]  # a fixture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these servers fork")


def get(port: int, path: str = "/") -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return json.load(answer)


PRELOADED = """
import json, os, warnings
from cpl_sync import Client

warnings.simplefilter("ignore", DeprecationWarning)
cpl = Client.from_env()
VERSION = cpl.info.get().version           # before the workers are forked: the loop is there already
PRODUCTS = cpl.codelists.cached()
PRODUCTS.products()

def app(environ, start_response):
    identifier = environ["PATH_INFO"].strip("/")
    found = [cpl.info.get(correlation_id=identifier).version == VERSION, len(PRODUCTS.products()) > 5]
    found.append(bool(list(cpl.codelists.iterate(cpl.codelists.countries))))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"worker": os.getpid(), "parent": os.getppid(), "found": found}).encode()]
"""


@pytest.mark.parametrize("uvloop", ["0", "1"], ids=["asyncio", "uvloop"])
def test_gunicorn_workers_forked_after_the_client_was_used(sandbox: Sandbox, tmp_path: Path, uvloop: str) -> None:
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    (tmp_path / "shop.py").write_text(PRELOADED)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "4", "--bind", f"127.0.0.1:{port}"]
    environment = access_to(sandbox) | {"CPL_UVLOOP": uvloop}
    with served([*command, "shop:app"], tmp_path, environment, answers(port)), ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: get(port, f"/web-{number}"), range(40)))
    assert all(result["found"] == [True, True, True] for result in results)
    assert len({result["worker"] for result in results}) > 1
    summary = sandbox.ledger.summary()
    assert summary["refused_for_pace"] == 0
    assert len(sandbox.ledger.of("login.get_access_token")) == 1
    identifiers = [entry.correlation_id for entry in sandbox.ledger.of("info.get")]
    assert sorted(identifiers[1:]) == sorted(f"web-{number}" for number in range(40))


DJANGO = """
import os
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from cpl_sync import Address, Client, NotFound, Shipment, correlation_id

settings.configure(SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DATABASES={
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DATABASE"]}})
cpl = Client.from_env()

def view(request, reference):
    from django.db import connection
    marker = correlation_id.set(f"request-{reference}")
    try:
        with connection.cursor() as cursor:  # a connection belongs to its thread, and so does its cursor
            cursor.execute("SELECT ? UNION ALL SELECT ?".replace("?", "%s"), [f"{reference}-a", f"{reference}-b"])
            to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
            parcels = (Shipment(reference_id=row[0], product_type="PRIV", recipient=to) for row in cursor)
            batch = cpl.shipment_batches.create(parcels)
        try:
            cpl.shipment_batches.get("none")
            missing = False
        except NotFound:
            missing = True
        return JsonResponse({"references": batch.references, "missing": missing})
    finally:
        correlation_id.reset(marker)

urlpatterns = [path("<str:reference>/", view)]
django.setup()
application = get_wsgi_application()
"""


def test_a_django_view_under_threads(sandbox: Sandbox, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    pytest.importorskip("django", reason="Django is not installed")
    (tmp_path / "site_of_a_shop.py").write_text(DJANGO)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8"]
    environment = access_to(sandbox) | {"SHOP_DATABASE": str(tmp_path / "shop.sqlite")}
    command += ["--bind", f"127.0.0.1:{port}", "site_of_a_shop:application"]
    with served(command, tmp_path, environment, answers(port)), ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda number: get(port, f"/r{number}/"), range(32)))
    expected = [{"references": [f"r{number}-a", f"r{number}-b"], "missing": True} for number in range(32)]
    assert results == expected
    created = {entry.correlation_id for entry in sandbox.ledger.of("shipment_batches.create")}
    assert created == {f"request-r{number}" for number in range(32)}


TASKS = """
import os, time, warnings
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from cpl_sync import Client

warnings.simplefilter("ignore", DeprecationWarning)
app = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)
cpl = Client.from_env()
VERSION = cpl.info.get().version   # in the parent, before it forks

@app.task
def ask(number):
    assert cpl.info.get(correlation_id=f"task-{number}").version == VERSION
    return os.getpid()

@app.task(soft_time_limit=2, time_limit=30)
def too_long():
    from cpl_sync import Address, Shipment
    to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
    began = time.monotonic()
    try:
        cpl.shipment_batches.create([Shipment(reference_id="r1", product_type="PRIV", recipient=to)])
    except SoftTimeLimitExceeded as limit:
        return [limit.__notes__, time.monotonic() - began < 20, cpl.info.get().version == VERSION]
"""
CALLER = """
    import json
    from tasks import app, ask, too_long
    results = [ask.delay(number) for number in range(24)]
    workers = {result.get(timeout=60) for result in results}
    print(json.dumps([len(workers), too_long.delay().get(timeout=60)]))
"""


def test_celery_tasks_in_forked_children_and_a_soft_time_limit(
    sandbox: Sandbox, tmp_path: Path, program: Program, redis: str
) -> None:
    pytest.importorskip("celery", reason="Celery is not installed")
    (tmp_path / "tasks.py").write_text(TASKS)
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=60))
    command = [sys.executable, "-m", "celery", "--app", "tasks", "worker", "--pool", "prefork", "--concurrency", "3"]
    command += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    environment = access_to(sandbox) | {"BROKER": redis}
    if os.geteuid() == 0:
        environment["C_FORCE_ROOT"] = "1"
    with served(command, tmp_path, environment, lambda: bool(sandbox.ledger.of("info.get"))):
        done = program(CALLER, timeout=120, BROKER=redis)
    assert done.returncode == 0, done.stderr
    workers, (notes, soon, works_again) = json.loads(done.stdout)
    assert workers > 1
    assert notes[0].startswith("shipment_batches.create was cancelled: outcome unknown")
    assert soon
    assert works_again
    assert {f"task-{number}" for number in range(24)} <= {e.correlation_id for e in sandbox.ledger.of("info.get")}
    assert sandbox.ledger.summary()["refused_for_pace"] == 0
    assert len(sandbox.ledger.of("login.get_access_token")) == 1


NOTEBOOK = """
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "from cpl_sync import Client\\ncpl = Client.from_env()\\nbool(cpl.info.get().version)",
        "[product.code for product in cpl.codelists.iterate(cpl.codelists.products)][:1]",
        "import asyncio\\nawait asyncio.sleep(0)\\nbool(cpl.info.get().version)",
        "seen = []\\n"
        "for tracked in cpl.shipments.track(str(number) for number in range(3)):\\n"
        "    seen.append(tracked.shipment)\\nseen",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=60, kernel_name="python3").execute()
    for cell in book.cells:
        print([output.get("data", {}).get("text/plain") or output.get("text") for output in cell.outputs])
"""


def test_a_jupyter_kernel_executes_a_notebook(program: Program, tmp_path: Path) -> None:
    for package in ("nbclient", "ipykernel"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    done = program(NOTEBOOK, timeout=120, HOME=str(tmp_path), JUPYTER_PLATFORM_DIRS="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["['True']", "[\"['PRIV']\"]", "['True']", "['[None, None, None]']"]


def test_an_sqlite_cursor_is_read_in_its_own_thread(program: Program) -> None:
    text = """
        import sqlite3, threading
        from cpl_sync import Address, Client, Shipment

        shop = sqlite3.connect(":memory:")  # refuses to be used from another thread
        shop.execute("CREATE TABLE parcels (reference TEXT)")
        shop.executemany("INSERT INTO parcels VALUES (?)", [(f"r{number}",) for number in range(120)])
        to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")

        class Parcels:
            def __iter__(self):
                for reference, in shop.execute("SELECT reference FROM parcels"):
                    yield Shipment(reference_id=reference, product_type="PRIV", recipient=to)

        with Client.from_env() as cpl:
            batch = cpl.shipment_batches.create(Parcels())
            numbers = batch.wait().numbers
            shop.execute("CREATE TABLE numbers (number TEXT)")
            shop.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in numbers])
            shop.row_factory = lambda cursor, row: row[0]
            found = list(cpl.shipments.track(shop.execute("SELECT number FROM numbers")))
            print(len(batch.references), len(found), all(result.shipment for result in found))
            for result in cpl.shipments.track(shop.execute("SELECT number FROM numbers")):
                break  # the cursor is let go in this thread too
            shop.close()
    """
    done = program(text)
    assert (done.stdout, done.stderr) == ("120 120 True\n", "")


def test_a_rich_bar_is_driven_by_callbacks(program: Program) -> None:
    text = """
        import io, threading
        from rich.console import Console
        from rich.progress import Progress
        from cpl_sync import Address, Client, Shipment

        to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
        parcels = [Shipment(reference_id=f"r{n}", product_type="PRIV", recipient=to) for n in range(10)]
        screen, threads = io.StringIO(), set()
        with Progress(console=Console(file=screen, force_terminal=True, width=60)) as progress:
            requests = progress.add_task("requests", total=None)
            tracked = progress.add_task("tracked", total=len(parcels))

            def on_event(event):
                threads.add(threading.get_ident())
                progress.advance(requests)

            def seen(shipment):
                threads.add(threading.get_ident())
                progress.advance(tracked)
                return True

            with Client.from_env(on_event=on_event) as cpl:
                numbers = cpl.shipment_batches.create(parcels).wait().numbers
                list(cpl.shipments.watch(numbers, until=seen))
            progress.refresh()
        print(progress.tasks[tracked].completed, progress.tasks[requests].completed > 4)
        print(threads == {threading.get_ident()}, "100%" in screen.getvalue())
    """
    done = program(text)
    assert (done.stdout, done.stderr) == ("10 True\nTrue True\n", "")
