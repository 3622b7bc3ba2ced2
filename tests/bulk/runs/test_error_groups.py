"""A caller meets one error, not a group of those that tasks raised side by side."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

import pytest

from cpl_async import Client, ConfigurationError
from cpl_async.system.error_groups import ungrouped

from ...conftest import many_rows, write_rows
from ..shipping import Shipping


async def fail(error: BaseException) -> None:
    raise error


async def side_by_side(*errors: BaseException) -> None:
    with ungrouped():
        async with asyncio.TaskGroup() as tasks:
            for error in errors:
                tasks.create_task(fail(error))


async def test_an_error_of_ours_goes_before_others() -> None:
    inner = ExceptionGroup("inner", [OSError(), ConfigurationError("x")])
    with pytest.raises(ConfigurationError):
        await side_by_side(ValueError(), inner)


async def test_without_one_the_first_is_raised() -> None:
    with pytest.raises(ValueError, match="x"):
        await side_by_side(ValueError("x"))


async def test_a_full_disk_costs_the_reports_only(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any, **__: Any) -> list[str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cpl_async.bulk.runs.folder_sink.make_reports", full)
    shipping = Shipping(tmp_path, client)
    summary = await shipping(write_rows(tmp_path / "a.csv", many_rows(2)), reports=True)
    assert summary.shipped == 2
    assert summary.label_files == ["labels.pdf"]
    assert "report and manifest were not made: No space left on device" in shipping.notes
