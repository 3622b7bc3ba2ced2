"""A disk that is too small for a job is reported before anything is sent."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cpl_async import Client
from cpl_async.bulk.output.disk_space import LABEL_BYTES, shortages

from ...conftest import many_rows, write_rows
from ..shipping import Shipping


def test_two_folders_on_one_disk_need_the_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 1000 * LABEL_BYTES + 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert list(shortages(None, tmp_path, rows=1000)) == []
    assert list(shortages(tmp_path, tmp_path, rows=1000)) == [
        f"the disk of {tmp_path} has 60.0 MB free, and the job may need some 62.0 MB: free it, or name another folder"
    ]


def test_a_folder_that_cannot_be_asked_is_passed_over(tmp_path: Path) -> None:
    assert list(shortages(tmp_path / "none", tmp_path / "nothing", rows=10**12)) == []


async def test_a_shortage_is_a_note_of_the_run(tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shipping = Shipping(tmp_path, client)
    real: Any = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(**real(path)._asdict() | {"free": 1}))
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    assert (await shipping(path)).shipped == 2
    assert [note for note in shipping.notes if "has 0 kB free" in note]
    shipping.notes.clear()
    await shipping(path)
    assert shipping.notes == []
