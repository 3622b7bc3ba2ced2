"""Where settings come from, and what is said when they cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl_async import PRODUCTION, TESTING, Client, ConfigurationError
from cpl_async.configuration import settings_from_environment
from cpl_async.settings import base_url_from, is_loopback

GOOD = {"CPL_CLIENT_ID": "id", "CPL_CLIENT_SECRET": "secret"}


def test_production_is_meant_unless_another_system_is_named() -> None:
    assert settings_from_environment(GOOD).credentials() == ("id", "secret")
    assert Client.from_env(GOOD | {"CPL_BASE_URL": TESTING}).base_url == TESTING
    assert Client.from_env(GOOD | {"CPL_TEST_SYSTEM": "yes"}).base_url == TESTING
    assert Client.from_env(GOOD).base_url == PRODUCTION
    with pytest.raises(ConfigurationError, match="timeout"):
        Client.from_env(GOOD, timeout=0)


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, "CPL_CLIENT_ID and CPL_CLIENT_SECRET (is|are) not set"),
        ({"CPL_CLIENT_ID": "id"}, "CPL_CLIENT_SECRET (is|are) not set"),
        ({"CPL_CLIENT_SECRET": "s", "CPL_CLIENT_ID": " "}, "CPL_CLIENT_ID is not set"),
    ],
)
def test_what_is_missing_is_named(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=missing):
        Client.from_env(environment)


def test_the_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    environment = {"CPL_CLIENT_ID": "id", "CPL_CLIENT_SECRET_FILE": str(file)}
    with pytest.raises(ConfigurationError, match="No such file"):
        settings_from_environment(environment).credentials()
    file.write_bytes(b"\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        settings_from_environment(environment).credentials()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not text"):
        settings_from_environment(environment).credentials()
    file.write_text("geheim\n")
    assert settings_from_environment(environment).credentials()[1] == "geheim"


def test_a_base_url_loses_its_last_slash_and_nothing_else() -> None:
    assert base_url_from(" https://api.example/a/ ") == "https://api.example/a"
    for odd in ("https://api.example/?a=b", "https://api.example/#x", "https://", "https://[::1", "/a"):
        with pytest.raises(ConfigurationError):
            base_url_from(odd)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("localhost.example", False)],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("settings", [{"client_id": ""}, {"client_secret": ""}, {"timeout": 0}, {"max_connections": 0}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Client(**{"client_id": "a", "client_secret": "b"} | settings)  # type: ignore[arg-type]  # the test is about values
