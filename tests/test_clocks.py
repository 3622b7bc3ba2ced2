"""Calls and the sandbox go on while a test freezes or moves time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import freezegun
import pytest
import time_machine

import cpl_sync
from cpl_async import Client, ConfigurationError
from cpl_async.sandbox import Sandbox
from cpl_async.system.clock import monotonic, wall
from cpl_async.testing import make_shipment

Frozen = Callable[[], AbstractContextManager[Any]]
FROZEN: dict[str, Frozen] = {
    "frozen long ago": lambda: freezegun.freeze_time("2001-01-01"),
    "frozen in the future": lambda: freezegun.freeze_time("2045-01-01"),
    "ticking in the future": lambda: freezegun.freeze_time("2045-01-01", tick=True),
    "moved long ago": lambda: time_machine.travel(datetime(2001, 1, 1, tzinfo=UTC), tick=False),
    "moved to the future": lambda: time_machine.travel(datetime(2045, 1, 1, tzinfo=UTC)),
}


def ship(client: cpl_sync.Client) -> None:
    """Make calls that take turns, wait for an import and fetch a label."""
    for _ in range(3):
        assert client.info.get().time is not None
    batch = client.shipment_batches.create([make_shipment()])
    result = batch.wait(timeout=30)
    assert len(result.numbers) == 1
    assert batch.label().content


@pytest.fixture(params=list(FROZEN.values()), ids=list(FROZEN))
def frozen(request: pytest.FixtureRequest) -> Frozen:
    freeze: Frozen = request.param
    return freeze


@pytest.mark.slow
@pytest.mark.parametrize("uvloop", ["0", "1"])
def test_the_facade_and_the_sandbox_go_on(frozen: Frozen, uvloop: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """In a process of its own, which is killed should a call never end."""
    name = next(name for name, freeze in FROZEN.items() if freeze is frozen)
    program = f"""
        import tests.test_clocks as clocks
        from cpl_async.sandbox import Sandbox, SandboxSettings
        import cpl_sync

        access = {{"client_id": "sandbox", "client_secret": "sandbox"}}
        freeze = clocks.FROZEN[{name!r}]
        with Sandbox(SandboxSettings(speed=50.0)) as sandbox:
            with cpl_sync.Client(**access, base_url=sandbox.base_url) as client:
                client.info.get()
                client.login.get_access_token()
                with freeze():  # begun before
                    clocks.ship(client)
                clocks.ship(client)
        with freeze():  # begun meanwhile
            with Sandbox(SandboxSettings(speed=50.0)) as sandbox:
                with cpl_sync.Client(**access, base_url=sandbox.base_url) as client:
                    clocks.ship(client)
        print("well")
    """
    environment = os.environ | {"CPL_UVLOOP": uvloop, "CPL_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        cwd=Path(__file__).parent.parent, env=environment, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.stdout == "well\n", done.stderr


async def test_the_async_client_goes_on_where_the_loop_does(sandbox: Sandbox, client: Client) -> None:
    with freezegun.freeze_time("2001-01-01", real_asyncio=True):
        for _ in range(3):
            await client.info.get()
        batch = await client.shipment_batches.create([make_shipment()])
        assert (await batch.wait(timeout=30)).numbers
    with time_machine.travel(datetime(2045, 1, 1, tzinfo=UTC), tick=False):
        await asyncio.gather(*(client.shipments.list() for _ in range(3)))


def test_our_clocks_are_neither_frozen_nor_moved(frozen: Frozen) -> None:
    before = monotonic(), wall()
    with frozen():
        meanwhile = monotonic(), wall()
    after = monotonic(), wall()
    assert before[0] <= meanwhile[0] <= after[0] < before[0] + 3600
    assert before[1] - 1 <= meanwhile[1] <= after[1] + 1 < before[1] + 3600


@pytest.fixture
def trio() -> Any:
    return pytest.importorskip("trio")


CALLS: dict[str, Callable[[Client], Any]] = {
    "a call": lambda client: client.info.get(),
    "a list": lambda client: anext(client.shipments.iterate()),
    "tracking": lambda client: anext(client.shipments.track(["1"])),
    "watching": lambda client: anext(client.shipments.watch(["1"])),
    "a product": lambda client: client.choose_product("CZ"),
    "a check": lambda client: client.check([make_shipment()]),
    "a batch": lambda client: client.shipment_batches.create([make_shipment()]),
    "opening": lambda client: client.open(),
    "a token": lambda client: client.login.get_access_token(),
    "points": lambda client: client.access_points.nearest(latitude=50.0, longitude=14.0),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_under_trio_a_call_says_what_to_do(trio: Any, call: Callable[[Client], Any]) -> None:
    async def main() -> None:
        await call(Client(client_id="a", client_secret="b", base_url="http://127.0.0.1:9/x"))

    with pytest.raises(ConfigurationError, match="runs on asyncio") as caught:
        trio.run(main)
    assert "trio.to_thread.run_sync" in str(caught.value)


def test_the_facade_works_in_a_thread_of_trio(trio: Any, sandbox: Sandbox) -> None:
    async def main() -> Any:
        return await trio.to_thread.run_sync(client.info.get)

    with cpl_sync.Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url) as client:
        assert trio.run(main).version


def test_a_job_ships_while_time_is_frozen(tmp_path: Path) -> None:
    """In a process of its own, which is killed should the job never end."""
    program = """
        import freezegun
        from cpl_async.sandbox import Sandbox, SandboxSettings
        from cpl_async.testing import make_shipment
        import cpl_sync

        with Sandbox(SandboxSettings(speed=50)) as sandbox, freezegun.freeze_time("2001-01-01", real_asyncio=True):
            with cpl_sync.Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url) as client:
                rows = client.bulk.ship([make_shipment()], name="a", pilot_rows=0)
                print([row.state for row in rows])
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"CPL_STATE_DIR": str(tmp_path), "CPL_RUNTIME_DIR": str(tmp_path / "run")},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["['shipped']"], done.stderr
