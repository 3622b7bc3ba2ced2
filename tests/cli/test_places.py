"""Commands run for users without a home, in folders of any name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpl_async.sandbox import Sandbox, SandboxSettings

from ..conftest import many_rows, write_rows
from .conftest import Runner, access_to

pytestmark = pytest.mark.skipif(os.name != "posix", reason="users and file names are those of POSIX")
NOBODY = """
import os, pwd, sys
def unknown(user):
    raise KeyError(user)
pwd.getpwuid = pwd.getpwnam = unknown
from cpl_async.cli import main
main()
"""
"""The command, run by a user who has no entry in passwd."""


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(speed=50.0, forgiven=0.015)) as server:
        yield server


def homeless(
    folder: Path, environment: dict[str, str], *arguments: str, status: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run the command for a user who has neither HOME nor an entry in passwd."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")}
    done = subprocess.run(
        [sys.executable, "-c", NOBODY, *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.slow
def test_settings_of_the_environment_suffice_without_a_home(tmp_path: Path, server: Sandbox) -> None:
    write_rows(tmp_path / "a.csv", many_rows(3))
    state = {"CPL_STATE_DIR": str(tmp_path / "state"), "CPL_RUNTIME_DIR": str(tmp_path / "run")}
    done = homeless(tmp_path, access_to(server) | state, "ship", "a.csv", "--json")
    assert json.loads(done.stdout)["shipped"] == 3
    homeless(tmp_path, access_to(server), "info")
    homeless(tmp_path, access_to(server), "doctor")
    homeless(tmp_path, {}, "ship", "a.csv", "--sandbox", "--out", "tried")
    assert [path.name for path in tmp_path.iterdir() if "~" in path.name] == []


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (("ship", "a.csv"), "CPL_STATE_DIR"),
        (("jobs", "list"), "CPL_STATE_DIR"),
        (("init", "--client-id", "a", "--system", "test", "--no-try"), "CPL_CONFIG"),
    ],
)
def test_what_needs_a_folder_names_the_setting_in_a_line(
    tmp_path: Path, server: Sandbox, arguments: tuple[str, ...], setting: str
) -> None:
    write_rows(tmp_path / "a.csv", many_rows(1))
    done = homeless(tmp_path, access_to(server), *arguments, status=2)
    assert len(done.stderr.splitlines()) == 1
    assert setting in done.stderr
    assert server.shipments() == []


@pytest.mark.slow
def test_folders_of_any_name_are_folders(cpl: Runner, server: Sandbox) -> None:
    write_rows(cpl.folder / "a.csv", many_rows(2))
    names = ["shop?1", "shop?2", "shop#1", "shop%41", "shop A", "file:x?mode=ro", "š\N{NO-BREAK SPACE}op"]
    for name in names:
        cpl.environment["CPL_STATE_DIR"] = str(cpl.folder / name)
        done = cpl("ship", "a.csv", "--out", f"out {name}", "--json", access=access_to(server))
        assert not json.loads(done.stdout)["already_done"]
        [journal] = (cpl.folder / name).glob("*/journal.sqlite3")
        assert journal.stat().st_size > 0
        assert journal.stat().st_mode & 0o777 == 0o600
        assert (cpl.folder / f"out {name}" / "labels.pdf").exists()
    assert len(server.shipments()) == 2 * len(names)
    expected = {"a.csv", *names, *(f"out {name}" for name in names)}
    assert {path.name for path in cpl.folder.iterdir()} == expected


def test_names_that_are_not_utf_8_are_shown_escaped(cpl: Runner, server: Sandbox) -> None:
    write_rows(cpl.folder / "a.csv", many_rows(2))
    odd = os.fsdecode(b"a\xff.csv")
    assert (
        r"no\xff.csv cannot be read"
        in cpl("ship", os.fsdecode(b"no\xff.csv"), access=access_to(server), status=2).stderr
    )
    (cpl.folder / odd).write_bytes((cpl.folder / "a.csv").read_bytes())
    said = cpl("ship", odd, access=access_to(server), status=2).stderr
    assert r"a\xff.csv cannot be used: its name is not UTF-8" in said
    said = cpl("ship", "a.csv", "--out", os.fsdecode(b"o\xff"), access=access_to(server), status=2).stderr
    assert r"o\xff cannot be used: its name is not UTF-8" in said
    assert server.shipments() == []
    cpl.environment["CPL_STATE_DIR"] = str(cpl.folder / os.fsdecode(b"s\xff"))
    assert r"s\xff" in cpl("ship", "a.csv", access=access_to(server)).stdout
    number = server.shipments()[0].parcels[0].number
    saved = cpl("label", number, "--out", os.fsdecode(b"l\xff.pdf"), "--json", access=access_to(server))
    assert r"l\xff.pdf" in json.loads(saved.stdout)[0]["file"]
    assert (cpl.folder / os.fsdecode(b"l\xff.pdf")).exists()
