"""A journal lies where nobody else reads it, and where locks are safe."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from cpl_async import JournalError
from cpl_async.bulk.journal import location as place_module
from cpl_async.bulk.journal.connection import JournalConnection
from cpl_async.bulk.journal.location import JournalLocation


def test_each_account_and_each_sandbox_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path))
    places = [
        JournalLocation.of_account("https://api.example/a", "one"),
        JournalLocation.of_account("https://api.example/b", "one"),
        JournalLocation.of_account("https://api.example/a", "two/../.."),
        JournalLocation.of_account("http://127.0.0.1:1", "one", world="x"),
        JournalLocation.of_account("http://127.0.0.1:1", "one", world="y"),
    ]
    assert len({place.folder for place in places}) == 5
    assert all(place.folder.parent == tmp_path for place in places)
    assert JournalLocation.of_account("https://api.example/a", "one") == places[0]


def test_without_a_word_it_is_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CPL_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = JournalLocation.of_account("https://api.example/a", "one").folder
    assert folder.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    "kind",
    ["nfs4", "cifs", "9p", "drvfs", "virtiofs", "fuse.glusterfs", "ceph", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
     "gpfs", "beegfs", "davfs", "fuse.sshfs", "fuse.mergerfs", "vboxsf", "fuse.vmhgfs-fuse", "fuse.grpcfuse",
     "fuse.gcsfuse"],
)  # fmt: skip
def test_a_file_system_on_which_sqlite_is_not_safe_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(place_module, "file_system_of", lambda folder: kind)
    with pytest.raises(JournalError, match=rf"\({kind}\)") as caught:
        JournalLocation(folder=tmp_path / "a", base_url="x", client_id="y").prepare()
    assert "CPL_STATE_DIR" in str(caught.value)
    assert not list((tmp_path / "a").iterdir())


@pytest.mark.parametrize("kind", ["fuse", "fuse.newfs", "brandnew"])
def test_a_file_system_that_is_not_known_is_warned_of(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(place_module, "file_system_of", lambda folder: kind)
    JournalLocation(folder=tmp_path / "a", base_url="x", client_id="y").prepare()
    assert f"({kind})" in caplog.text


@pytest.mark.parametrize(
    "kind", ["", "ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "fuse.fuse-overlayfs"]
)
def test_a_local_file_system_is_taken_without_a_word(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(place_module, "file_system_of", lambda folder: kind)
    JournalLocation(folder=tmp_path / "a", base_url="x", client_id="y").prepare()
    assert not caplog.records


def test_the_file_system_of_a_folder_is_told(tmp_path: Path) -> None:
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("this system does not say what is mounted where")
    assert place_module.file_system_of(tmp_path) not in ("", "proc")
    assert place_module.file_system_of(Path("/proc/self")) == "proc"


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_the_folder_of_a_journal_is_private_however_it_was_made(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    place = JournalLocation(folder=folder, base_url="x", client_id="y")
    place.prepare()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        JournalLocation(folder=tmp_path / "file" / "below", base_url="x", client_id="y").prepare()


async def test_a_new_journal_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    for n in range(8):
        place = JournalLocation(folder=tmp_path / str(n), base_url="x", client_id="y")
        opened = await asyncio.gather(*(JournalConnection.open(place) for _ in range(12)))
        await asyncio.gather(*(database.close() for database in opened))


def test_the_scheme_that_hosting_providers_write_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPL_JOURNAL", "postgres://cpl:pw@db.example/cpl")
    place = JournalLocation.of_account("https://api.example/a", "one")
    assert place.url == "postgresql://cpl:pw@db.example/cpl"
    assert "pw" not in place.display_text
