"""The journal that belongs to an account is found, or nothing is done: a wrong one would mean doubles."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cpl_async import Client, JournalError
from cpl_async.bulk.journal.account import locate_journal
from cpl_async.sandbox import Fault, FaultKind, Sandbox

MakeClient = Callable[..., Client]
MakeSandbox = Callable[..., Sandbox]


async def test_each_sandbox_has_a_journal_of_its_own(make_sandbox: MakeSandbox, make_client: MakeClient) -> None:
    one, two = make_client(make_sandbox()), make_client(make_sandbox())
    assert (await locate_journal(one)).folder == (await locate_journal(one)).folder
    assert (await locate_journal(one)).folder != (await locate_journal(two)).folder


async def test_another_host_is_not_asked(make_client: MakeClient) -> None:
    place = await locate_journal(make_client(base_url="https://api.invalid/ecs/ppl/myapi2"))
    assert place.base_url == "https://api.invalid/ecs/ppl/myapi2"


async def test_a_failing_local_server_selects_no_other_journal(sandbox: Sandbox, client: Client) -> None:
    before = await locate_journal(client)
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, operation="info.get", times=2))
    assert await locate_journal(client) == before
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, operation="info.get", times=1000))
    with pytest.raises(JournalError, match="does not say which system it is"):
        await locate_journal(client)


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.TRUNCATED])
async def test_an_answer_that_cannot_be_read_is_no_reason_either(
    sandbox: Sandbox, client: Client, kind: FaultKind
) -> None:
    before = await locate_journal(client, timeout=5.0)
    sandbox.faults.add(Fault(kind=kind, operation="info.get", times=2))
    assert await locate_journal(client, timeout=5.0) == before
    sandbox.faults.add(Fault(kind=kind, operation="info.get", times=1000))
    with pytest.raises(JournalError, match="does not say which system it is"):
        await locate_journal(client, timeout=5.0)
