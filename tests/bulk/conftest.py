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
