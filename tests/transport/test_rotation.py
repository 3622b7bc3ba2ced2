"""A secret that is rotated while a program runs is read again once from where it came."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cpl_sync
from cpl_async import AuthenticationError, Client, ConfigurationError
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..cli.conftest import Runner
from ..cli.conftest import cpl as cpl
from ..conftest import many_rows, shipment, write_rows

MakeClient = Callable[..., Client]


class Secrets:
    """Gives out secrets one after the other, the last one again and again, and counts."""

    def __init__(self, *secrets: str) -> None:
        self.secrets: list[str] = list(secrets)
        self.read: int = 0

    def __call__(self) -> str:
        self.read += 1
        return self.secrets.pop(0) if len(self.secrets) > 1 else self.secrets[0]


def rotate(sandbox: Sandbox, secret: str) -> None:
    """Have the server take another secret, and refuse all tokens that were given out."""
    sandbox.settings.clients["sandbox"] = secret
    sandbox._context.tokens.expire_all()


async def test_a_rotated_secret_is_read_again_and_calls_go_on(
    sandbox: Sandbox, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = Secrets("sandbox", "new")
    client = make_client(sandbox, client_secret=secrets)
    await client.shipments.list()
    assert secrets.read == 1
    rotate(sandbox, "new")
    await asyncio.gather(*(client.shipments.list() for _ in range(5)))
    await client.shipment_batches.create([shipment("a")])
    assert secrets.read == 2
    assert len(sandbox.shipments()) == 1
    assert "has changed" in caplog.text
    assert "new" not in caplog.text.replace("renew", "")


async def test_a_write_that_meets_the_rotation_is_sent_once(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, client_secret=Secrets("sandbox", "new"))
    await client.shipments.list()
    rotate(sandbox, "new")
    await client.shipment_batches.create([shipment("a")])
    assert [entry.status for entry in sandbox.ledger.of("shipment_batches.create")] == [401, 201]
    assert len(sandbox.shipments()) == 1


async def test_a_token_is_had_after_the_rotation_too(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox, client_secret=Secrets("sandbox", "new"))
    rotate(sandbox, "new")
    assert (await client.login.get_access_token()).access_token


@pytest.mark.parametrize(
    ("again", "words"),
    [("sandbox", "still the one that was refused"), ("", "is empty"), ("other", "")],
)
async def test_a_secret_refused_again_is_reported(
    sandbox: Sandbox, make_client: MakeClient, again: str, words: str
) -> None:
    secrets = Secrets("sandbox", again)
    client = make_client(sandbox, client_secret=secrets)
    await client.shipments.list()
    rotate(sandbox, "new")
    results = await asyncio.gather(*(client.shipments.list() for _ in range(4)), return_exceptions=True)
    assert {type(result) for result in results} == {AuthenticationError}
    assert all(words in str(result) for result in results)
    assert secrets.read == 2
    with pytest.raises(AuthenticationError):
        await client.shipment_batches.create([shipment("a")])
    assert sandbox.shipments() == []
    assert secrets.read <= 3  # the other secret has been refused, so it is read again once


async def test_what_cannot_be_read_again_is_said(sandbox: Sandbox, make_client: MakeClient) -> None:
    def read() -> str:
        if calls:
            raise ConfigurationError("the file is gone")
        calls.append(1)
        return "sandbox"

    calls: list[int] = []
    client = make_client(sandbox, client_secret=read)
    await client.shipments.list()
    rotate(sandbox, "new")
    with pytest.raises(AuthenticationError, match="could not be read again: the file is gone"):
        await client.shipments.list()


async def test_a_secret_given_as_text_is_not_read_again(sandbox: Sandbox, make_client: MakeClient) -> None:
    client = make_client(sandbox)
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=401, times=99))
    with pytest.raises(AuthenticationError):
        await client.shipments.list()
    assert len(sandbox.ledger.of("shipments.list")) == 2


@pytest.mark.parametrize("kind", [Client, cpl_sync.Client])
@pytest.mark.parametrize("source", ["environment", "file", "command"])
def test_each_source_is_read_again(sandbox: Sandbox, tmp_path: Path, kind: Any, source: str) -> None:
    file, ran = tmp_path / "secret", tmp_path / "ran"
    file.write_text("sandbox")
    program = f"open({str(ran)!r}, 'a').write('x'); print(open({str(file)!r}).read())"
    environment = {"CPL_CLIENT_ID": "sandbox", "CPL_BASE_URL": sandbox.base_url} | {
        "environment": {"CPL_CLIENT_SECRET": "sandbox"},
        "file": {"CPL_CLIENT_SECRET_FILE": str(file)},
        "command": {"CPL_CLIENT_SECRET_COMMAND": f"{sys.executable} -c {json.dumps(program)}"},
    }[source]
    client = kind.from_env(environment)

    async def asynchronous() -> None:
        async with client:
            await client.info.get()
            await client.shipments.list()
            change()
            await client.shipments.list()

    def change() -> None:
        file.write_text("new")
        environment["CPL_CLIENT_SECRET" if source == "environment" else "OTHER"] = "new"
        rotate(sandbox, "new")

    if kind is Client:
        asyncio.run(asynchronous())
    else:
        with client:
            client.shipments.list()
            change()
            client.shipments.list()
    assert not ran.exists() or len(ran.read_text()) == 2


@pytest.mark.parametrize("rotated", [True, False])
def test_a_run_continues_with_the_new_secret(cpl: Runner, sandbox: Sandbox, rotated: bool) -> None:
    file = cpl.folder / "secret"
    file.write_text("sandbox")
    rows = write_rows(cpl.folder / "rows.csv", many_rows(8))
    access = {
        "CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET_FILE": str(file), "CPL_BASE_URL": sandbox.base_url,
    }  # fmt: skip

    def on_first_write(entry: Any) -> None:
        if entry.operation == "shipment_batches.create" and sandbox.settings.clients["sandbox"] == "sandbox":
            if rotated:
                file.write_text("new")
            rotate(sandbox, "new")

    watch(sandbox, on_first_write)
    running = cpl.start("ship", rows, "--out", "out", "--json", "--no-reports", "--batch-size", "2", access=access)
    shown, said = running.communicate(timeout=100)
    if rotated:
        assert json.loads(shown)["shipped"] == 8
        return
    assert running.returncode == 1
    assert "the secret was read again and is still the one that was refused" in said + shown
    assert "Traceback" not in said
    assert (cpl.folder / "out" / "summary.json").exists()


def watch(sandbox: Sandbox, hook: Callable[[Any], None]) -> None:
    """Call a function with each request that the sandbox has answered."""
    ledger: Any = sandbox.ledger
    add = ledger.add

    def watched(entry: Any) -> None:
        add(entry)
        hook(entry)

    ledger.add = watched
