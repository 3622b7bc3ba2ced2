"""Settings in a file, and ``cpl init``, which asks for them, tries them and writes them."""

from __future__ import annotations

import os
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cpl_async.sandbox import Sandbox

from .conftest import CPL, Runner

TERMINAL = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals here")


@pytest.fixture
def home(cpl: Runner) -> Path:
    cpl.environment["XDG_CONFIG_HOME"] = str(cpl.folder / "home")
    return cpl.folder / "home" / "cpl" / "cpl.toml"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "given-secret"
    file.write_text("sandbox\n")
    return file


def answers(cpl: Runner, *arguments: str, typed: list[tuple[str, str]]) -> tuple[int, str]:
    """Run in a terminal and type an answer to each question; return the status and all that was on the screen."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*CPL, *arguments], cwd=cpl.folder, env=cpl.environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen, end = b"", time.monotonic() + 60
    waiting = list(typed)
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                read = os.read(ours, 4096)
            except OSError:  # the other side has gone
                break
            if not read:
                break
            screen += read
            if waiting and screen.decode(errors="replace").rstrip().endswith(waiting[0][0]):
                os.write(ours, f"{waiting.pop(0)[1]}\n".encode())
    finally:
        process.kill() if process.poll() is None and time.monotonic() >= end else None
        status = process.wait(10)
        os.close(ours)
    assert not waiting, screen.decode(errors="replace")
    return status, screen.decode(errors="replace")


@TERMINAL
def test_init_asks_tries_and_writes_for_this_user_alone(cpl: Runner, home: Path, server: Sandbox) -> None:
    status, screen = answers(
        cpl,
        "init",
        "--base-url",
        server.base_url,
        typed=[("Client id:", "sandbox"), ("Client secret (not shown):", "sandbox")],
    )
    assert status == 0, screen
    assert "it works: version" in screen
    assert "Client secret (not shown): \r\n" in screen
    assert "sandbox" in home.read_text()
    kept = home.with_name("cpl-secret")
    assert kept.read_text() == "sandbox\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert cpl("info", "--json").stdout
    assert "(not shown)" not in home.read_text()


@TERMINAL
def test_init_asks_which_system_and_means_the_testing_one(cpl: Runner, home: Path) -> None:
    status, screen = answers(
        cpl,
        "init",
        "--no-try",
        "--profile",
        "test",
        typed=[("(test, production) [test]:", ""), ("Client id:", "shop"), ("Client secret (not shown):", "s-1")],
    )
    assert status == 0, screen
    assert "api-dev." in home.read_text()
    assert "[profiles.test]" in home.read_text()
    assert home.with_name("cpl-secret-test").read_text() == "s-1\n"


@pytest.mark.slow
def test_a_profile_is_written_without_questions_and_used(
    cpl: Runner, home: Path, server: Sandbox, secret: Path
) -> None:
    home.parent.mkdir(parents=True)
    home.write_text('# mine\nlanguage = "cs-CZ"  # as we speak\n\n[profiles.test]\ntimeout = 20\ntest_system = true\n')
    given: list[str | Path] = ["--client-id", "sandbox", "--secret-file", secret]
    said = cpl("init", "--profile", "test", *given, "--base-url", server.base_url, "--yes")
    assert "next: cpl doctor --profile test" in said.stderr
    text = home.read_text()
    assert text.startswith('# mine\nlanguage = "cs-CZ"  # as we speak\n')
    assert "timeout = 20" in text
    assert "test_system" not in text
    assert str(secret) in text
    assert cpl("info", "--profile", "test", "--json").stdout
    assert "no client id" in cpl("info", status=2).stderr
    assert "did you mean test" in cpl("info", "--profile", "tets", status=2).stderr
    assert cpl("info", "--json", access={"CPL_PROFILE": "test"}).stdout
    of_file = cpl("codelist", "statuses", "--profile", "test", "--json").stdout
    told = cpl("codelist", "statuses", "--profile", "test", "--json", "--language", "en-GB").stdout
    assert of_file != told  # in the language that the file says
    shipped = cpl("jobs", "list", "--profile", "test", "--json")
    assert shipped.stdout.strip() == "[]"


def test_what_is_there_is_replaced_only_when_told(cpl: Runner, home: Path, server: Sandbox, secret: Path) -> None:
    given: list[str | Path] = ["init", "--client-id", "sandbox", "--secret-file", secret, "--base-url", server.base_url]
    cpl(*given)
    before = home.read_text()
    assert "has settings already: give --yes" in cpl(*given, status=2).stderr
    cpl(*given, "--profile", "other")  # beside them
    assert home.read_text().startswith(before)


def test_settings_that_do_not_work_are_not_written(cpl: Runner, home: Path, server: Sandbox, secret: Path) -> None:
    secret.write_text("wrong")
    said = cpl("init", "--client-id", "sandbox", "--secret-file", secret, "--base-url", server.base_url, status=2)
    assert "nothing was written" in said.stderr
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["init"], "nobody is there to be asked: give --client-id"),
        (["init", "--profile", "a b"], "a profile's name has"),
        (["init", "--system", "test", "--base-url", "https://x.example"], "either --base-url or --system"),
        (["init", "--system", "test", "--client-id", "a", "--secret-file", "none"], "cannot be read"),
        (["init", "--system", "test", "--file", "pyproject.toml"], "writes no pyproject.toml"),
        (["info", "--config", "none.toml"], "none.toml cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(cpl: Runner, home: Path, arguments: list[str], words: str) -> None:
    assert words in cpl(*arguments, status=2).stderr
    assert not home.exists()


def test_a_file_with_mistakes_is_not_written_over(cpl: Runner, home: Path, secret: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("time_out = 3\n")
    given: list[str | Path] = [
        "init",
        "--client-id",
        "a",
        "--secret-file",
        secret,
        "--system",
        "test",
        "--no-try",
        "--yes",
    ]
    assert "there is no setting time_out, did you mean timeout?" in cpl(*given, status=2).stderr
    assert home.read_text() == "time_out = 3\n"
