"""The order of flushes and writes, as system calls show it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.ship import CPL
from cpl_async.sandbox import Sandbox, SandboxSettings

from ..conftest import many_rows, write_rows


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: nothing shows the system calls")
def test_what_is_sent_is_on_the_disk_before_it_leaves(tmp_path: Path) -> None:
    """Seen from outside: a flush of the journal lies between any answer and the next write of shipments."""
    path = write_rows(tmp_path / "a.csv", many_rows(6))
    trace = tmp_path / "trace"
    with Sandbox(SandboxSettings(speed=20)) as sandbox:
        access = {
            "CPL_BASE_URL": sandbox.base_url,
            "CPL_CLIENT_ID": "sandbox",
            "CPL_CLIENT_SECRET": "sandbox",
            "CPL_STATE_DIR": str(tmp_path / "state"),
        }
        command = ["strace", "-f", "-y", "-s", "48", "-e", "trace=fdatasync,fsync,sendto,sendmsg,write,writev", "-o"]
        options = ["--batch-size", "3", "--no-reports", "--out", str(tmp_path / "out")]
        subprocess.run([*command, str(trace), *CPL, "ship", str(path), *options], env=os.environ | access, check=True,
                       capture_output=True, timeout=120)  # fmt: skip
        assert len(sandbox.shipments()) == 6
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    posts = [place for place, line in enumerate(lines) if "POST /myapi2/shipment/batch" in line]
    flushes = [
        place for place, line in enumerate(lines) if re.search(r"f(data)?sync\(\d+<[^>]*journal\.sqlite3-wal>", line)
    ]
    assert len(posts) == 2  # a pilot, then the rest: one after the other
    before = 0
    for post in posts:
        assert any(before <= flush < post for flush in flushes), lines[post]
        before = post
