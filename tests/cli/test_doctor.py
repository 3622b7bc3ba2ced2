"""``cpl doctor``: each failure is reported with what to do."""

from __future__ import annotations

import json
import socket

import pytest

from cpl_async.sandbox import Role, Sandbox, SandboxSettings

from .conftest import Runner, access_to, asked


def test_the_doctor_finds_nothing_wrong_with_a_good_system(cpl: Runner, server: Sandbox) -> None:
    found = asked(cpl, server, "doctor")
    assert {row["result"] for row in found} == {"ok", "skipped"}
    settings = ["settings", "client_secret", "base_url", "client_id"]
    assert [row["check"] for row in found][:9] == [*settings, "reachable", "TLS", "service", "clock", "token"]
    assert found[2]["found"] == "from CPL_BASE_URL"
    assert "none refused" in cpl("doctor", access=access_to(server)).stdout


@pytest.mark.slow
def test_the_doctor_says_of_each_failure_what_to_do(cpl: Runner) -> None:
    def failing(**access: str) -> tuple[str, str]:
        done = cpl("doctor", "--json", access=access, status=1)
        (row,) = [row for row in json.loads(done.stdout) if row["result"] == "failed"]
        assert row["advice"]
        return row["check"], row["found"]

    assert failing()[0] == "settings"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    access = {"CPL_CLIENT_ID": "sandbox", "CPL_CLIENT_SECRET": "sandbox"}
    assert failing(CPL_BASE_URL=f"http://127.0.0.1:{port}/x", **access)[0] == "reachable"
    assert failing(CPL_BASE_URL="https://no-such-host.invalid/x", **access)[0] == "name"
    with Sandbox(SandboxSettings(clients={"sandbox": "other"})) as server:
        assert failing(CPL_BASE_URL=server.base_url, **access)[0] == "token"
        assert failing(CPL_BASE_URL=server.base_url + "/elsewhere", **access)[0] == "service"
        secure = server.base_url.replace("http:", "https:")
        assert failing(CPL_BASE_URL=secure, **access)[0] == "TLS"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "source"),
    [
        ({"CPL_PROXY": "{}"}, "the settings"),
        ({"CPL_PROXY": "http://user:word@{}"}, "the settings"),
        ({"CPL_TRUST_ENV": "1", "HTTP_PROXY": "{}"}, "HTTP_PROXY"),
    ],
)
def test_the_doctor_looks_at_the_proxy_that_calls_use(
    cpl: Runner, server: Sandbox, settings: dict[str, str], source: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    access = access_to(server) | {name: value.format(address) for name, value in settings.items()}
    done = cpl("doctor", "--json", access=access, status=1)
    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert found["proxy"]["found"] == f"{address}, from {source}"
    assert found["reachable"]["result"] == "failed"
    assert found["reachable"]["advice"] == "Start the proxy there"
    assert "word" not in done.stdout + done.stderr
    untrusted = cpl("doctor", "--json", access=access_to(server) | {"HTTP_PROXY": address})
    assert "proxy" not in {row["check"] for row in json.loads(untrusted.stdout)}


def test_the_doctor_shows_what_to_do_below_the_table(cpl: Runner) -> None:
    access = {"CPL_CLIENT_ID": "a", "CPL_CLIENT_SECRET": "b", "CPL_BASE_URL": "http://127.0.0.1:9/x"}
    assert cpl("doctor", access=access, status=1).stdout.splitlines()[-1] == "reachable: Start the server there"
    shown = cpl("doctor", "--profile", "tset", access=access, status=1).stdout
    assert shown.splitlines()[-1] == "settings: Create the file with `cpl init`, or omit the profile"


def test_the_doctor_sees_roles_that_are_missing(cpl: Runner) -> None:
    with Sandbox(SandboxSettings(roles={"sandbox": Role.TRACKING})) as server:
        found = {row["check"]: row["result"] for row in asked(cpl, server, "doctor")}
    assert (found["role: tracking"], found["role: orders"]) == ("ok", "warning")
