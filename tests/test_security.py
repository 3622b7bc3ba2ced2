"""What SECURITY.md promises has tests, and the promises that are nobody else's are held here."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cpl_async import ConfigurationError
from cpl_async.cli.app import cpl
from cpl_async.configuration import read_settings
from cpl_async.sandbox import SandboxSettings
from cpl_async.sandbox.labels import LabelDrawer
from cpl_async.sandbox.labels.layout import LabelData

ROOT = Path(__file__).parent.parent
PROMISES = re.findall(
    r"^\| ([^|*-][^|]*) \| (.*) \|$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE
)


def test_security_lists_promises() -> None:
    assert len(PROMISES) > 30


@pytest.mark.parametrize(("promise", "test"), PROMISES[1:], ids=[promise[:50] for promise, _ in PROMISES[1:]])
def test_each_promise_names_a_test(promise: str, test: str) -> None:
    named = re.fullmatch(r"`(tests/[\w/]+\.py)::(\w+)`", test)
    assert named is not None, promise
    text = (ROOT / named[1]).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {named[2]}\(", text, re.MULTILINE), test


def options_of(command: click.Command) -> set[str]:
    """Return all options of a command and those below it."""
    found = {name for parameter in command.params for name in parameter.opts}
    if isinstance(command, click.Group):
        found = found.union(*map(options_of, command.commands.values()))
    return found


def test_the_secret_is_no_option_and_no_key(tmp_path: Path) -> None:
    assert not {option for option in options_of(cpl) if re.fullmatch(r"--(client-)?(secret|password|token)", option)}
    file = tmp_path / "cpl.toml"
    file.write_text('client_id = "a"\nclient_secret = "hidden"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_settings(file=file, environment={})
    assert "hidden" not in str(caught.value)


def test_the_sandbox_listens_on_loopback_by_default() -> None:
    assert SandboxSettings().host == "127.0.0.1"


@pytest.mark.parametrize("label_format", ["Svg", "Zpl"])
def test_labels_of_the_sandbox_are_marked(label_format: str) -> None:
    label = LabelData(number="40900000001", product="PRIV", recipient=("A",))
    drawn = LabelDrawer(format=label_format).draw([label])
    assert "NOT FOR SHIPPING" in drawn.decode("utf-8", "replace")
