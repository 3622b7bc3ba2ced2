"""Neither secret nor token nor personal data shows anywhere, whatever goes wrong and whoever logs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from cpl_async import Client, ConfigurationError
from cpl_async.sandbox import Sandbox

SECRET = "geheim-4711-super"
NAME = "Anonymní Příjemce"

PROGRAM = f"""
import asyncio, logging, sys, traceback, warnings
logging.basicConfig(level=1, stream=sys.stdout)
warnings.simplefilter("always")
from cpl_async import Client, CplError, Shipment, Address
from cpl_async.sandbox import Sandbox, SandboxSettings, Fault, FaultKind

def show(error):
    print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    print(repr(error), vars(error))

async def main(sandbox):
    client = Client(client_id="sandbox", client_secret="{SECRET}", base_url=sandbox.base_url)
    async with client:
        parcel = Shipment(reference_id="a", product_type="PRIV",
                          recipient=Address(name="{NAME}", zip_code="28002", country="CZ"))
        await client.shipments.list()
        faults = [
            Fault(kind=FaultKind.STATUS, status=500), Fault(kind=FaultKind.STATUS, status=400),
            Fault(kind=FaultKind.RESET), Fault(kind=FaultKind.LOST_ANSWER), Fault(kind=FaultKind.SLOW, seconds=2),
            Fault(kind=FaultKind.NO_LOCATION), Fault(kind=FaultKind.EXPIRED_TOKEN),
            Fault(kind=FaultKind.STATUS, status=401, times=2),
        ]
        for fault in faults:
            sandbox.faults.add(fault)
            try:
                await client.shipment_batches.create([parcel], timeout=1)
            except CplError as error:
                show(error)
        sandbox.faults.add(Fault(kind=FaultKind.GARBAGE))
        try:
            await client.shipments.list()
        except CplError as error:
            show(error)
        sandbox.faults.clear()
        sandbox.faults.add(Fault(kind=FaultKind.SLOW, seconds=2))
        task = asyncio.create_task(client.shipment_batches.create([parcel]))
        await asyncio.sleep(0.4)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            show(error)
        print(client, vars(client), vars(client._requester))
    wrong = Client(client_id="sandbox", client_secret="{SECRET}x", base_url=sandbox.base_url)
    async with wrong:
        try:
            await wrong.shipments.list()
        except CplError as error:
            show(error)

with Sandbox(SandboxSettings(clients={{"sandbox": "{SECRET}"}})) as sandbox:
    tokens = []
    issue = sandbox._context.tokens.issue
    def keep(client):
        answer = issue(client)
        tokens.append(answer["access_token"])
        return answer
    sandbox._context.tokens.issue = keep
    asyncio.run(main(sandbox), debug=True)
sys.stderr.write("TOKENS " + " ".join(tokens))
"""


def test_nothing_secret_shows_with_every_logger_and_all_locals(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONASYNCIODEBUG": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    shown, _, tokens = (done.stdout + done.stderr).partition("TOKENS ")
    assert len(tokens.split()) >= 3
    assert "HTTP 500" in shown
    assert "Traceback" in shown
    assert "cpl_async" in shown
    for token in tokens.split():
        assert token not in shown
        assert token[-20:] not in shown
    assert SECRET not in shown
    assert NAME not in without_the_programs_own_locals(shown)


def without_the_programs_own_locals(shown: str) -> str:
    """Leave out the locals of the program under test: what a caller keeps in its own variables is its own."""
    lines, own = [], False
    for line in shown.splitlines():
        if line.lstrip().startswith("File "):
            own = 'File "<string>"' in line
        if not own:
            lines.append(line)
    return "\n".join(lines)


async def test_the_token_goes_to_its_own_host_only(sandbox: Sandbox, client: Client) -> None:
    with pytest.raises(ConfigurationError, match="another host"):
        await client.data.get("http://127.0.0.1:9/data/x")
    with pytest.raises(ConfigurationError):
        await client.data.get("http://evil.example/data/x")
    with pytest.raises(ConfigurationError):
        await client.data.get("file:///etc/passwd")
    assert [entry.operation for entry in sandbox.ledger.entries] == []


async def test_a_file_on_another_host_is_fetched_without_the_token(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(body=b"label")

    app = web.Application()
    app.router.add_get("/data/x", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await client.shipments.list()
    # the other host must be https; here it is loopback, so let the rule pass and look at what is sent
    monkeypatch.setattr("cpl_async.resources.data.is_acceptable", lambda url: True)
    try:
        label = await client.data.get(f"http://127.0.0.1:{runner.addresses[0][1]}/data/x")
    finally:
        await runner.cleanup()
    assert label.content == b"label"
    assert seen == [""]


@pytest.mark.parametrize(
    "address", ["http://api.example/", "ftp://api.example", "api.example", "https://u:p@api.example", ""]
)
def test_an_address_without_encryption_or_sense_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError):
        Client(client_id="a", client_secret="b", base_url=address)


@pytest.mark.parametrize(
    "address", ["http://localhost:1", "http://127.0.0.2:1", "http://[::1]:1", "https://api.example"]
)
def test_loopback_may_be_plain(address: str) -> None:
    assert Client(client_id="a", client_secret="b", base_url=address).base_url == address


def test_plain_http_elsewhere_needs_a_word(make_client: Callable[..., Client]) -> None:
    client = Client(client_id="a", client_secret="b", base_url="http://api.example", allow_plain_http=True)
    assert client.base_url == "http://api.example"
