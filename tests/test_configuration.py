"""Settings from arguments, environment and file: which goes before which, and what a file may not say."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cpl_sync
from cpl_async import PRODUCTION, TESTING, Client, ConfigurationError
from cpl_async.configuration import Settings, read_settings, user_file

BOTH = {"CPL_CLIENT_ID": "from-environment", "CPL_CLIENT_SECRET": "secret"}


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "shop" / "deep" / "down"
    made.mkdir(parents=True)
    return made


def read(folder: Path, environment: dict[str, str] | None = None, **more: Any) -> Settings:
    return read_settings(more.pop("arguments", None), environment=environment or {}, folder=folder, **more)


def test_arguments_precede_environment_profile_and_file(folder: Path) -> None:
    (folder / "cpl.toml").write_text(
        'client_id = "of-file"\ntimeout = 5\nlanguage = "cs-CZ"\nmax_connections = 3\n'
        '[profiles.test]\nclient_id = "of-profile"\ntimeout = 6\nlanguage = "sk-SK"\n'
    )
    found = read(folder)
    assert (found.client_id, found.options["timeout"]) == ("of-file", 5.0)
    found = read(folder, profile="test")
    assert (found.client_id, found.options["timeout"], found.options["max_connections"]) == ("of-profile", 6.0, 3)
    found = read(folder, {"CPL_PROFILE": "test", "CPL_TIMEOUT": "7.5", "CPL_LANGUAGE": "en-GB"})
    assert (found.client_id, found.options["timeout"], found.options["language"]) == ("of-profile", 7.5, "en-GB")
    found = read(folder, {"CPL_CLIENT_ID": "env", "CPL_TIMEOUT": "7"}, arguments={"client_id": "arg", "timeout": None})
    assert (found.client_id, found.options["timeout"]) == ("arg", 7.0)
    assert found.origins["client_id"] == "argument client_id"
    assert found.origins["timeout"] == "CPL_TIMEOUT"
    assert found.origins["language"] == f"{folder / 'cpl.toml'}: language"


def test_an_address_is_one_setting_however_it_is_said(folder: Path) -> None:
    named = {"CPL_CONFIG": str(folder / "cpl.toml")}
    (folder / "cpl.toml").write_text(f'base_url = "{PRODUCTION}"\n[profiles.test]\ntest_system = true\n')
    assert read(folder, named).base_url == PRODUCTION
    assert read(folder, named, profile="test").base_url == TESTING
    assert read(folder, named | {"CPL_TEST_SYSTEM": "1"}).base_url == TESTING
    assert read(folder, named | {"CPL_TEST_SYSTEM": "no"}, profile="test").base_url == PRODUCTION
    found = read(folder, named | {"CPL_BASE_URL": "http://127.0.0.1:1/x"}, profile="test")
    assert found.base_url == "http://127.0.0.1:1/x"
    (folder / "cpl.toml").write_text(f'base_url = "{PRODUCTION}"\ntest_system = true\n')
    with pytest.raises(ConfigurationError, match="set one of them"):
        read(folder, named)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('client_ide = "a"', "there is no setting client_ide, did you mean client_id?"),
        ('[profiles.test]\ntimeuot = 1', "profile test: there is no setting timeuot, did you mean timeout?"),
        ('client_secret = "x"', "this file must not contain a secret"),
        ("timeout = -1", "timeout must be a number of seconds greater than 0, not -1"),
        ('timeout = "soon"', "not 'soon'"),
        ("timeout = true", "not True"),
        ("timeout = inf", "not inf"),
        ("max_connections = 1.5", "max_connections must be a whole number greater than 0"),
        ('test_system = "maybe"', "test_system must be true or false"),
        ("client_id = 7", "client_id must be the client id"),
        ("client_id = ''", "client_id must be the client id"),
        ("ca_file = []", "ca_file must be the path of a file"),
        ("profiles = 3", "profiles must be a table of tables"),
        ("[profiles]\ntest = 1", "profiles must be a table of tables"),
        ("client_id = ", "cannot be read"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(folder: Path, content: str, words: str) -> None:
    (folder / "cpl.toml").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        read(folder, file=folder / "cpl.toml")
    assert words in str(caught.value)
    assert str(folder / "cpl.toml") in str(caught.value)


def test_what_is_no_text_is_told(folder: Path) -> None:
    (folder / "cpl.toml").write_bytes(b"client_id = '\xff'")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(folder)
    with pytest.raises(ConfigurationError, match="No such file"):
        read(folder, file=folder / "other.toml")


def test_a_profile_that_is_not_there_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no profile test, because there is no cpl\.toml"):
        read(folder, profile="test")
    (folder / "cpl.toml").write_text("[profiles.test]\n[profiles.live]\n")
    with pytest.raises(ConfigurationError, match=r"no profile tset, did you mean test\?.*profiles are test, live"):
        read(folder, profile="tset")


def test_the_nearest_file_above_is_taken_then_the_users_own(folder: Path) -> None:
    own = user_file()
    own.parent.mkdir(parents=True)
    own.write_text('client_id = "own"')
    assert read(folder).client_id == "own"
    (folder.parent.parent / "pyproject.toml").write_text('[tool.cpl]\nclient_id = "of-project"\n')
    (folder.parent / "pyproject.toml").write_text("[tool.other]\n")
    (folder / "pyproject.toml").write_text("this is [no toml")
    assert read(folder).client_id == "of-project"
    (folder.parent / "cpl.toml").write_text('client_id = "near"')
    assert read(folder).client_id == "near"
    assert read(folder, {"CPL_CONFIG": str(own)}).client_id == "own"


def test_a_working_folder_that_was_removed_is_no_error(tmp_path: Path) -> None:
    program = (
        "import os\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')\n"
        "from cpl_async import Client\nprint(Client.from_config().client_id)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env=os.environ | BOTH,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == "from-environment", done.stderr


# --- the secret


def test_a_secret_comes_from_a_file_or_a_command(folder: Path) -> None:
    (folder / "secret.txt").write_text("geheim\n")
    (folder / "cpl.toml").write_text('client_secret_file = "secret.txt"')
    named = {"CPL_CONFIG": str(folder / "cpl.toml")}
    assert read(folder, named).secret() == "geheim"
    assert read(folder, named | {"CPL_CLIENT_SECRET": "other"}).secret() == "other"
    assert "geheim" not in repr(read(folder, named))
    command = [sys.executable, "-c", "print(' from command '); print('second line')"]
    (folder / "cpl.toml").write_text(f"client_secret_command = {command!r}")
    found = read(folder, file=folder / "cpl.toml")
    assert found.secret() == "from command"
    assert read(folder, {"CPL_CLIENT_SECRET_COMMAND": "echo 'one two'"}).secret() == "one two"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/no/such/program"], "cannot be run: No such file"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with exit status 3"),
        ([sys.executable, "-c", "print()"], "printed nothing"),
        ([], "must be a command"),
        ([7], "must be a command"),
    ],
)
def test_a_command_that_gives_no_secret_is_told(folder: Path, command: list[Any], words: str) -> None:
    (folder / "cpl.toml").write_text(f"client_secret_command = {command!r}")
    with pytest.raises(ConfigurationError, match=words):
        read(folder, file=folder / "cpl.toml").secret()


def test_no_command_is_run_before_the_secret_is_asked_for(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    command = [sys.executable, "-c", f"open({str(mark)!r}, 'w')"]
    (folder / "cpl.toml").write_text(f"client_id = 'a'\nclient_secret_command = {command!r}")
    found = read(folder, file=folder / "cpl.toml")
    assert not mark.exists()
    with pytest.raises(ConfigurationError):
        found.secret()
    assert mark.exists()


# --- what a file that was only found may not say


@pytest.mark.parametrize(
    "line",
    [
        'client_secret_command = ["echo", "x"]',
        'client_secret_file = "/etc/passwd"',
        'client_secret_file = "secret.txt"',
        'base_url = "https://elsewhere.example/myapi2"',
        'base_url = "http://127.0.0.1:8080/myapi2"',
        'base_url = "https://api.dhl.com/another/api"',
        f'base_url = "{PRODUCTION}"',
        "test_system = true",
        "test_system = false",
        'shared = "redis://elsewhere.example/0"',
        'journal = "postgresql://elsewhere.example/db"',
        'ca_file = "ca.pem"',
        '[profiles.test]\nbase_url = "http://localhost:1"',
        '[profiles.test]\nclient_secret_file = "/etc/passwd"',
        'proxy = "http://elsewhere.example:3128"',
        "trust_env = true",
    ],
)
def test_a_found_file_runs_no_program_and_sets_no_secret(folder: Path, line: str) -> None:
    profile = "test" if "profiles" in line else None
    (folder / "cpl.toml").write_text(line)
    for environment in ({}, {"CPL_CLIENT_SECRET": "s", "CPL_CLIENT_ID": "a"}):
        overridden = "client_secret" in line and bool(environment)
        if overridden:
            assert read(folder, environment, profile=profile).secret() == "s"
            continue
        with pytest.raises(ConfigurationError, match="only from a file that you name"):
            read(folder, environment, profile=profile)
    if "ca_file" in line:
        return
    own = user_file()
    own.parent.mkdir(parents=True)
    (folder / "cpl.toml").rename(own)
    read(folder, profile=profile)


def test_a_found_file_may_choose_a_users_profile(folder: Path) -> None:
    own = user_file()
    own.parent.mkdir(parents=True)
    (own.parent / "secret.txt").write_text("geheim")
    own.write_text(
        'client_id = "shop"\ntimeout = 5\nlanguage = "en-GB"\n'
        '[profiles.test]\nclient_id = "shop-test"\nclient_secret_file = "secret.txt"\ntest_system = true\n'
    )
    (folder / "cpl.toml").write_text('profile = "test"\nlanguage = "cs-CZ"\n')
    found = read(folder)
    assert (found.client_id, found.base_url, found.secret()) == ("shop-test", TESTING, "geheim")
    assert found.profile == "test"
    assert found.options == {"timeout": 5.0, "language": "cs-CZ"}
    assert found.origins["base_url" if "base_url" in found.origins else "test_system"].startswith(str(own))
    (folder / "cpl.toml").write_text('profile = "live"\n')
    with pytest.raises(ConfigurationError, match="have no profile live: the profiles are test"):
        read(folder)
    assert read(folder, {"CPL_PROFILE": "test"}).client_id == "shop-test"
    (folder / "cpl.toml").write_text("profile = 7\n")
    with pytest.raises(ConfigurationError, match="profile must be the name of a profile"):
        read(folder)


def test_a_secret_is_read_from_its_file_with_a_limit(folder: Path) -> None:
    for path in ("/dev/zero", str(folder / "large")):
        (folder / "large").write_bytes(b"x" * 20_000)
        with pytest.raises(ConfigurationError, match="more than 16,384 bytes"):
            read(folder, {"CPL_CLIENT_SECRET_FILE": path}).secret()
    with (folder / "cpl.toml").open("wb") as file:
        file.truncate(2_000_000)
    with pytest.raises(ConfigurationError, match="more than 1,048,576 bytes"):
        read(folder)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
def test_another_users_file_is_not_read_unless_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "cpl.toml").write_text('client_id = "theirs"')
    uid = os.getuid()
    os.chown(folder / "cpl.toml", uid, -1)
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    if uid == 0:  # what the administrator owns is believed
        os.chown(folder / "cpl.toml", 4711, -1)
    assert read(folder).client_id == ""
    assert "belongs to another user" in caplog.text
    assert read(folder, file=folder / "cpl.toml").client_id == "theirs"


def test_certificates_of_a_file_are_trusted_beside_the_systems(folder: Path) -> None:
    system = ssl.create_default_context()
    authorities = system.get_ca_certs(binary_form=True)
    if not authorities:
        pytest.skip("this machine has no certificates to take one from")
    (folder / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(authorities[0]))
    (folder / "cpl.toml").write_text('ca_file = "ca.pem"')
    with pytest.raises(ConfigurationError, match="only from a file that you name"):
        read(folder)
    context = read(folder, file=folder / "cpl.toml").options["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert authorities[0] in context.get_ca_certs(binary_form=True)
    assert (
        read(folder, file=folder / "cpl.toml").options["ssl"] is context
    )  # clients of many accounts share connections
    (folder / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match="has no readable certificates"):
        read(folder, file=folder / "cpl.toml")


# --- clients


@pytest.mark.parametrize("kind", [Client, cpl_sync.Client])
def test_clients_are_made_from_a_file(kind: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret.txt").write_text("geheim")
    (folder / "cpl.toml").write_text(
        'client_id = "shop"\nclient_secret_file = "secret.txt"\ntimeout = 5\n[profiles.test]\ntest_system = true\n'
    )
    monkeypatch.chdir(folder)
    named = {"CPL_CONFIG": "cpl.toml"}
    client = kind.from_config("test", environment=named)
    assert (client.client_id, client.base_url) == ("shop", TESTING)
    assert kind.from_config(environment=named | {"CPL_CLIENT_ID": "env"}, timeout=3.0).client_id == "env"
    (folder / "cpl.toml").write_text("")
    with pytest.raises(ConfigurationError, match="CPL_CLIENT_ID and CPL_CLIENT_SECRET are not set"):
        kind.from_config(environment={})
    assert kind.from_env(BOTH | {"CPL_PROXY": "http://proxy.example"}).client_id == "from-environment"
