"""The state of a sandbox in its file: after a restart, and with two sandboxes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import Client, ValidationError
from cpl_async.sandbox import Sandbox, SandboxSettings

from ..conftest import shipment

MakeClient = Callable[..., Client]


DAY = 86_400


async def test_time_does_not_run_back_after_a_restart(tmp_path: Path, make_client: MakeClient) -> None:
    settings = SandboxSettings(speed=50, state=tmp_path / "state")
    with Sandbox(settings) as sandbox:
        client = make_client(sandbox)
        batch = await client.shipment_batches.create([shipment("a")])
        number = (await batch.wait()).numbers[0]
        sandbox.advance(30 * DAY)
        assert (await client.shipments.list(shipment_numbers=[number])).items[0].is_final
    with Sandbox(settings) as sandbox:
        client = make_client(sandbox)
        assert (await client.shipments.list(shipment_numbers=[number])).items[0].is_final
        with pytest.raises(ValidationError):
            await client.shipments.cancel(number)


def test_two_sandboxes_do_not_share_a_file(tmp_path: Path) -> None:
    settings = SandboxSettings(state=tmp_path / "state")
    with Sandbox(settings), pytest.raises(OSError, match="another sandbox may be using it"):
        Sandbox(settings)
    Sandbox(settings).start().stop()
    (tmp_path / "other").write_bytes(b"no database at all" * 100)
    with pytest.raises(OSError, match="cannot be opened"):
        Sandbox(SandboxSettings(state=tmp_path / "other"))
    for speed in (0.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="speed"):
            Sandbox(SandboxSettings(speed=speed))
