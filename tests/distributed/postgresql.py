"""A PostgreSQL of the test's own, on loopback."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from attrs import evolve

from cpl_async import Client

from ..bulk.shipping import Shipping
from ..serving import free_port

__all__ = ["Server", "binary", "on_host"]


def binary(name: str) -> str | None:
    """Return where a program of the server is; Debian has them on nobody's path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


class Server:
    """A server that can be killed and started again."""

    def __init__(self) -> None:
        if binary("initdb") is None:
            pytest.skip("postgresql is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="cpl-pg-"))
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else None  # it does not run as root
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "-U", "postgres", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres:geheim@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=50"
        self._run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start")

    def kill(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        program = binary(name)
        assert program is not None
        done = subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            user=self.user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        assert done.returncode == 0, (name, (self.folder / "log").read_text() if (self.folder / "log").exists() else "")


def on_host(name: str, folder: Path, client: Client, database: Server) -> Shipping:
    """Return what ships on one of several hosts that share a journal."""
    (folder / name).mkdir(exist_ok=True)
    shipping = Shipping(folder / name, client)
    account = hashlib.sha256(str(folder).encode()).hexdigest()[:8]  # ports come again, and with them a schema's name
    shipping.place = evolve(shipping.place, folder=folder / name / account, url=database.url)
    return shipping
