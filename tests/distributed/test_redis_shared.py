"""Clients of many processes that share through Redis, against the sandbox's own count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

import cpl_sync
from benchmarks.servers import Redis, free_port
from cpl_async import Client, ConfigurationError
from cpl_async.distributed import RedisLimits
from cpl_async.sandbox import Sandbox

from ..cli.conftest import CPL, access_to
from ..conftest import many_rows, write_rows

PROGRAM = """
import json, os, sys, time
from cpl_sync import Client

url, redis, seconds, workers = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
cpl = Client(client_id="sandbox", client_secret="sandbox", base_url=url, shared=redis)
cpl.codelists.products(limit=1)  # the parent has a loop, a line and a connection
ends = []
until = time.monotonic() + seconds
for _ in range(workers):
    reading, writing = os.pipe()
    if os.fork() == 0:
        calls = 0
        while time.monotonic() < until:
            cpl.codelists.products(limit=1)
            calls += 1
        os.write(writing, json.dumps(calls).encode())
        os._exit(0)
    os.close(writing)
    ends.append(reading)
counts = [json.loads(os.read(end, 100)) for end in ends]
for _ in ends:
    os.wait()
cpl.codelists.products(limit=1)
print(json.dumps(counts))
"""


def test_forked_workers_share_one_token_and_one_pacer(make_sandbox: Callable[..., Sandbox], server: Redis) -> None:
    sandbox = make_sandbox(forgiven=0.002)
    command = [
        sys.executable,
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        PROGRAM,
        sandbox.base_url,
        server.url,
        "9",
        "2",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "CPL_RUNTIME_DIR"}
    programs = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts: list[int] = []
    for program in programs:
        out, errors = program.communicate(timeout=90)
        assert program.returncode == 0, errors
        counts += json.loads(out)
    ledger = sandbox.ledger.summary()
    assert ledger["refused_for_pace"] == ledger["refused_for_tokens"] == 0
    assert len(sandbox.ledger.of("login.get_access_token")) == 1
    assert min(counts) > 0.7 * sum(counts) / 4, counts


def test_workers_without_redis_share_the_limit_of_a_host(make_sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = make_sandbox(forgiven=0.002)
    away = f"redis://127.0.0.1:{free_port()}/0"
    environment = os.environ | {"CPL_LIMITS_SHARE": str(1 / 6), "CPL_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, sandbox.base_url, away, "6", "2"]
    programs = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts: list[int] = []
    for program in programs:
        out, errors = program.communicate(timeout=90)
        assert program.returncode == 0, errors
        counts += json.loads(out)
    ledger = sandbox.ledger.summary()
    assert ledger["refused_for_pace"] == ledger["refused_for_tokens"] == 0
    assert len(sandbox.ledger.of("login.get_access_token")) == 1
    assert min(counts) >= 4, counts


async def test_clients_are_told_no_more_than_the_address(sandbox: Sandbox, server: Redis) -> None:
    access: dict[str, Any] = {"client_id": "sandbox", "client_secret": "sandbox", "base_url": sandbox.base_url}
    async with Client(**access, shared=server.url) as one, Client(**access, shared=server.url) as other:
        assert one._limits is other._limits
        await one.codelists.products(limit=1)
        await other.codelists.products(limit=1)
    assert len(sandbox.ledger.of("login.get_access_token")) == 1
    with redis.Redis.from_url(server.url) as connection:
        assert not [key for key in connection.scan_iter() if b"sandbox" in key]
    assert isinstance(one._limits, RedisLimits)
    one._limits.close()


def test_code_without_await_is_told_the_same_and_settings_too(
    sandbox: Sandbox, server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = {"CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox", "CPL_BASE_URL": sandbox.base_url}
    for name, value in (access | {"CPL_SHARED": server.url}).items():
        monkeypatch.setenv(name, value)
    with cpl_sync.Client.from_config() as cpl:
        assert cpl.codelists.products(limit=1).items
    with redis.Redis.from_url(server.url) as connection:
        assert [key for key in connection.scan_iter() if key.endswith(b":pace")]


def test_a_command_says_that_redis_is_away_and_goes_on(sandbox: Sandbox, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", many_rows(3))
    environment = os.environ | access_to(sandbox) | {"CPL_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run(
        [*CPL, "ship", "rows.csv", "--no-reports", "--pilot-rows", "0"],
        cwd=tmp_path,
        env=environment | {"CPL_SHARED": "redis://127.0.0.1:9/0", "CPL_LIMITS_SHARE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note: Redis does not answer" in done.stderr
    assert "keeps to its share of the rate limit" in done.stderr


@pytest.mark.parametrize(
    ("share", "url", "words"),
    [
        (0.0, "redis://localhost", "a number from 1/250 to 1, not 0.0"),
        (1.5, "redis://localhost", "not 1.5"),
        (0.1, "http://localhost", "the address of Redis cannot be used: Redis URL must specify"),
    ],
)
def test_what_cannot_be_is_refused(share: float, url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        RedisLimits(url, share=share)


def test_the_environment_says_the_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPL_LIMITS_SHARE", "0.05")
    assert RedisLimits("redis://localhost")._share == 0.05


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.startswith("cpl_async.distributed"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"redis is not installed: pip install \'cpl-sdk\[distributed\]\'"):
        Client(client_id="a", client_secret="b", shared="redis://localhost")
