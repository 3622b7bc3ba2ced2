"""What people read is in their language, and without colours where those are not wanted."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cpl_async.cli.app import cpl as command
from cpl_async.sandbox import Sandbox

from ..conftest import EXAMPLES
from .conftest import Runner, access_to
from .test_settings import TERMINAL, answers


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from commands(one, (*path, name))
        else:
            yield " ".join([*path, name]), one


@pytest.mark.parametrize(("name", "one"), list(commands(command)))
def test_every_commands_help_has_an_example(name: str, one: click.Command) -> None:
    assert one.help is not None
    _, _, example = one.help.partition("Example")
    assert f"cpl {name}" in example


@pytest.mark.slow
def test_the_names_of_files_are_good_on_every_system(cpl: Runner, server: Sandbox) -> None:
    (cpl.folder / "rows.csv").write_text(
        "reference_id,name,street,city,zip_code,country\n2026/1:x?,Jan,Husova 1,Kolín,28002,CZ\n"
        'a\\b|*,"Jan ""M"" N",Husova 1,Kolín,28002,CZ\n',
        encoding="utf-8",
    )
    access = access_to(server) | {"CPL_CLIENT_ID": "sandbox"}
    cpl("ship", "rows.csv", "--out", "out", "--name", 'a:b/c\\d?"<CON>', access=access)
    cpl("ship", "rows.csv", "--out", "png", "--name", "png", "--label-format", "png", "--allow-reship", access=access)
    cpl("label", "2026/1:x?", access=access)
    files = [path.relative_to(cpl.folder) for path in cpl.folder.rglob("*")]
    assert len(files) > 12
    odd = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)
    assert [part for file in files for part in file.parts if odd.search(part)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cs", "cs-CZ", "CS", "cs-cz"])
def test_a_language_has_the_same_names_everywhere(cpl: Runner, name: str) -> None:
    shown = cpl("codelist", "statuses", "--sandbox", "--language", name).stdout
    assert "doručen" in shown.lower()
    shutil.copy(EXAMPLES / "shipments.csv", cpl.folder / "rows.csv")
    assert "Zkontrolováno" in cpl("ship", "rows.csv", "--check", "--language", name).stdout
    refused = cpl("codelist", "statuses", "--sandbox", "--language", "sk", status=2).stderr
    assert "'sk' is not one of 'en', 'cs'" in refused


@pytest.mark.slow
@pytest.mark.parametrize("how", ["told", "set", "system"])
def test_a_warehouse_reads_czech(cpl: Runner, server: Sandbox, how: str) -> None:
    shutil.copy(EXAMPLES / "shipments-with-errors.csv", cpl.folder / "rows.csv")
    access = access_to(server) | {
        "told": {}, "set": {"CPL_LANGUAGE": "cs-CZ"}, "system": {"LC_ALL": "cs_CZ.UTF-8"},
    }[how]  # fmt: skip
    told = ["--language", "cs"] if how == "told" else []
    shown = cpl("ship", "rows.csv", "--out", "out", "--name", "rows", *told, status=1, access=access).stdout
    assert "Úloha rows, http://127.0.0.1" in shown
    assert "odesláno, se štítkem" in shown
    assert "odmítnuté  out/rejected.csv (zkopírujte" in shown
    assert "Bez štítku zůstalo" in shown
    again = cpl("jobs", "resume", "rows", *told, status=1, access=access).stdout
    assert "Úloha rows už byla dokončena" in again
    report = Path(cpl.folder, "out", "report.html").read_text(encoding="utf-8")
    assert 'lang="cs"' in report[:400]
    rejected = Path(cpl.folder, "out", "rejected.csv").read_text(encoding="utf-8")
    for text in (shown, report, rejected):
        assert "je prázdné" in text
        assert "is empty" not in text
    assert "name: má znaků: 120, povoleno je nejvýše 50" in rejected


def test_the_carriers_words_are_in_the_language_too(cpl: Runner, server: Sandbox) -> None:
    with (EXAMPLES / "shipments.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file)) | {"product_type": "SMAR", "parcel_shop_code": "KM00000000"}  # there is none
    with (cpl.folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    czech, english = (
        cpl(
            "ship", "rows.csv", "--out", language, "--name", language, "--allow-reship", "--no-reports",
            "--language", language,
            status=1, access=access_to(server),
        ).stdout
        for language in ("cs", "en")
    )  # fmt: skip
    assert czech.partition("×")[2].split("\n")[0] != english.partition("×")[2].split("\n")[0]


@pytest.mark.slow
@TERMINAL
def test_errors_are_red_on_a_terminal_with_colours(cpl: Runner) -> None:
    assert answers(cpl, "info", typed=[])[1].startswith("\x1b[31merror: \x1b[0m")
    cpl.environment["NO_COLOR"] = "1"
    assert answers(cpl, "info", typed=[])[1].startswith("error: ")
    assert cpl("info", status=2).stderr.startswith("error: ")


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_what_it_needs_to_complete(cpl: Runner, shell: str) -> None:
    script = cpl("completion", shell).stdout
    assert f"_CPL_COMPLETE={shell}_complete" in script
    if shell == "bash" and shutil.which("bash"):
        subprocess.run(["bash", "-n"], input=script, encoding="utf-8", check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["shipp"], "error: No such command 'shipp'"),
        (["ship"], "error: Missing argument 'INPUT'; see `cpl ship --help`"),
        (["ship", "a.csv", "--positon", "3"], "error: No such option"),
        (["ship", "a.csv", "--position", "9"], "error: Invalid value for '--position': 9 is not in the range 1<=x<=4"),
        (["jobs", "shw"], "error: No such command 'shw'"),
        (["completion", "tcsh"], "error: Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of"),
        (["init", "--profile", "a b"], "error: a profile's name has 1 to 40 letters, digits, - and _; see `cpl init"),
    ],
)
def test_words_that_cannot_be_used_are_told_in_one_line(cpl: Runner, arguments: list[str], line: str) -> None:
    done = cpl(*arguments, status=2)
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert "--help`" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_without_words_the_help_is_shown(cpl: Runner) -> None:
    done = cpl(status=2)
    assert "Ship parcels with PPL CZ" in done.stdout + done.stderr
    assert "cpl ship shipments.csv" in cpl("ship", "--help").stdout
    assert cpl("--version").stdout.startswith("cpl, version")


@TERMINAL
def test_a_question_that_is_answered_with_no_ends_quietly(cpl: Runner) -> None:
    status, screen = answers(cpl, "cancel", "40900000001", typed=[("[y/N]:", "n")])
    assert status == 1
    assert screen.rstrip().endswith("stopped")
