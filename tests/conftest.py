"""What most tests need: a sandbox over a socket, a client for it, shipments, files of rows."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aioresponses import aioresponses

from benchmarks import servers
from benchmarks.servers import NotInstalled
from cpl_async import Address, Client, ExternalNumber, Shipment
from cpl_async.ratelimit.registry import host_limits
from cpl_async.sandbox import Sandbox, SandboxSettings

from .aioresponses_fix import adapted
from .selection import add_markers, is_left_to_ci, runs_everything

EXAMPLES = Path(__file__).parent.parent / "examples"
FAST = 50.0
"""Speed of the sandbox's clock: an import takes some 20 ms."""


PATIENT = 0.015
"""Seconds of the 40 ms that tests forgive which are not about the pace: a machine under load delivers late."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option with which CI runs the tests that the README's command leaves out."""
    parser.addoption(
        "--everything", action="store_true", help="Run the tests that start servers and the slow ones as well."
    )


def pytest_configure() -> None:
    """Let child processes receive Ctrl-C: a runner started in the background passes an ignored SIGINT on to them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def skipped_without_servers() -> Iterator[None]:
    """Skip the test if it needs a server that is not installed."""
    try:
        yield
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    """Skip a test if one of its fixtures needs a server that is not installed."""
    with skipped_without_servers():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Skip a test if it needs a server that is not installed."""
    with skipped_without_servers():
        yield


LONGEST = (
    "tests/distributed/",
    "tests/test_tutorials.py",
    "tests/test_documents.py",
    "tests/cli/",
)
"""Tests that start first: the file that a worker begins last would keep the others waiting."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the pages in ``TESTS_PAGES`` only, or leave servers and slow tests to CI."""
    for item in items:
        add_markers(item)
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))  # stable
    if pages := os.environ.get("TESTS_PAGES", "").split():
        left_out = [item for item in items if _page_of(item) not in pages]
    elif runs_everything(config):
        return
    else:
        left_out = [item for item in items if is_left_to_ci(item)]
    if left_out:
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


def _page_of(item: pytest.Item) -> str | None:
    mark, call = item.get_closest_marker("page"), getattr(item, "callspec", None)
    page: str | None = mark.args[0] if mark else call.params.get("page") if call else None
    return page


@pytest.fixture(autouse=True)
def servers_are_marked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that starts a server without the marker ``servers``."""
    if request.node.get_closest_marker("servers") is None:
        for server in (servers.Redis, servers.PostgreSQL, servers.PgBouncer):
            monkeypatch.setattr(server, "__init__", _fail_without_marker)


def _fail_without_marker(*_: object) -> None:
    pytest.fail("this test starts a server: give it @pytest.mark.servers, or add what it calls to tests/selection.py")


@pytest.fixture(autouse=True)
def fresh_limits(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forget tokens of earlier tests: the system gives the port of a sandbox that has ended to the next one."""
    folder = tmp_path_factory.mktemp("run")
    monkeypatch.setenv("CPL_RUNTIME_DIR", str(folder))
    host_limits._reset()
    return folder


@pytest.fixture(autouse=True)
def plain_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read English, whatever this machine's people read."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes that are stopped at the end of the test."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Sandbox:
            settings.setdefault("speed", FAST)
            settings.setdefault("forgiven", PATIENT)
            return stack.enter_context(Sandbox(SandboxSettings(**settings)))

        yield make


@pytest.fixture
def sandbox(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A fast sandbox."""
    return make_sandbox()


@pytest.fixture
async def make_client() -> AsyncIterator[Callable[..., Client]]:
    """Make clients that are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        def make(sandbox: Sandbox | None = None, **settings: Any) -> Client:
            settings = {"client_id": "sandbox", "client_secret": "sandbox", **settings}
            if sandbox is not None:
                settings.setdefault("base_url", sandbox.base_url)
            client = Client(**settings)
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
async def client(sandbox: Sandbox, make_client: Callable[..., Client]) -> Client:
    """A client of the fast sandbox."""
    return make_client(sandbox)


@pytest.fixture
def mocked() -> Iterator[aioresponses]:
    """Exchanges that a real server cannot be made to play."""
    with adapted() as mock:
        yield mock


def shipment(reference: str = "r1", **changes: Any) -> Shipment:
    """Return a good shipment, changed as asked."""
    fields: dict[str, Any] = {
        "reference_id": reference,
        "product_type": "PRIV",
        "recipient": Address(name="Městský úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ"),
        "external_numbers": [ExternalNumber(code="CUST", external_number=reference)],
    }
    return Shipment(**fields | changes)


def example_rows() -> list[dict[str, str]]:
    """Return the rows of the example file."""
    with (EXAMPLES / "shipments.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, str]], columns: list[str] | None = None) -> Path:
    """Write rows as CSV and return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def many_rows(count: int, **changes: str) -> list[dict[str, str]]:
    """Return so many good rows with references of their own."""
    base = example_rows()
    rows = []
    for number in range(1, count + 1):
        row = dict(base[number % len(base)], reference_id=f"T-{number:05}", **changes)
        rows.append(row)
    return rows
