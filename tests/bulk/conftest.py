"""What most tests of the bulk engine need."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl_async import Client

from .shipping import Shipping


@pytest.fixture
def shipping(tmp_path: Path, client: Client) -> Shipping:
    """Runs over files into folders of this test, with one journal."""
    return Shipping(tmp_path, client)


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the journals of this test in its folder."""
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))
