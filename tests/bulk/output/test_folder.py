"""Files are written in their place, never through a link that somebody has laid there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cpl_async import Client, ConfigurationError
from cpl_async.bulk.options import JobOptions
from cpl_async.bulk.output.folder import OutputFolder
from cpl_async.errors import JournalError
from cpl_async.system.atomic_file import replacing
from cpl_async.system.run_lock import exclusive_lock

from ...conftest import many_rows, write_rows
from ..shipping import Shipping

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and owners are those of POSIX")
NAMES = ("labels.pdf", "shipments.csv", "rejected.csv", "summary.json", "report.html", "manifest.pdf", "labels-order")


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path, is_dangling: bool) -> None:
    target = tmp_path / "precious"
    if not is_dangling:
        target.write_text("mine")
    for name in ("a", "a.part"):
        (tmp_path / name).symlink_to(target)
    with replacing(tmp_path / "a") as fresh:
        fresh.write_text("ours")
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "a").read_text() == "ours"
    assert not target.exists() if is_dangling else target.read_text() == "mine"


async def test_a_run_follows_no_link_in_its_output_folder(tmp_path: Path, client: Client) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    (tmp_path / "out").mkdir()
    for name in NAMES:
        (tmp_path / "out" / f"{name}.part").symlink_to(target)
        (tmp_path / "out" / name).symlink_to(target)
    shipping = Shipping(tmp_path, client)
    summary = await shipping(write_rows(tmp_path / "a.csv", many_rows(3)))
    assert summary.shipped == 3
    assert target.read_text() == "mine"


@pytest.mark.parametrize("name", ["labels", "parts-0123456789ab"])
def test_a_folder_of_labels_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        OutputFolder(tmp_path, JobOptions()).prepare()


def test_no_other_user_can_hold_the_lock_of_a_folder(
    tmp_path: Path, fresh_limits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = OutputFolder(tmp_path / "out", JobOptions())
    (tmp_path / "out").mkdir()
    assert output.lock.parent == fresh_limits
    with exclusive_lock(output.lock, "the folder"):
        assert output.lock.stat().st_mode & 0o777 == 0o600
        with pytest.raises(JournalError, match="another run"), exclusive_lock(output.lock, "the folder"):
            pass
    (tmp_path / "open to all").mkdir()
    (tmp_path / "open to all").chmod(0o777)
    monkeypatch.setenv("CPL_RUNTIME_DIR", str(tmp_path / "open to all"))
    assert output.lock.parent == tmp_path / "out"
