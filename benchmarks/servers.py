"""Real servers on loopback for proofs and tests, which can be killed and restarted."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["NotInstalled", "PgBouncer", "PostgreSQL", "Redis", "answers", "binary", "free_port"]


class NotInstalled(Exception):
    """A program is not installed on this machine."""


def free_port() -> int:
    """Return a currently unused port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def answers(port: int) -> Callable[[], bool]:
    """Return a function that checks whether a server listens on a port."""

    def look() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return look


def binary(name: str) -> str | None:
    """Return the path of a PostgreSQL program; Debian installs them outside of ``PATH``."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


class Redis:
    """A Redis without persistence."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        if shutil.which("redis-server") is None:
            raise NotInstalled("redis-server is not installed")
        self.folder, self.port = folder, port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Address of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, and wait until it responds."""
        options = {"--port": str(self.port), "--bind": "127.0.0.1", "--save": "", "--dir": str(self.folder)}
        command = ["redis-server", *(word for option in options.items() for word in option)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not answers(self.port)():
            assert self.process.poll() is None
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill the server."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class PostgreSQL:
    """A PostgreSQL in a separate folder."""

    def __init__(self) -> None:
        if binary("initdb") is None:
            raise NotInstalled("postgresql is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="cpl-pg-"))
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "-U", "postgres", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        """Address of its database, with a password that it does not check."""
        return f"postgresql://postgres:geheim@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, and wait until it responds."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=50"
        self._run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start")

    def kill(self) -> None:
        """Stop the server as in a crash."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")

    def end(self) -> None:
        """Stop the server and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, text: str) -> str:
        """Return the server's output for a statement."""
        program = binary("psql")
        assert program is not None
        command = [program, "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-At", "-c", text]
        return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True).stdout.strip()

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


class PgBouncer:
    """A pooler in front of a PostgreSQL."""

    def __init__(self, database: PostgreSQL, mode: str, ignored: str = "extra_float_digits") -> None:
        """Start the pooler.

        :param database: Server behind the pooler.
        :param mode: Pool mode: ``session`` or ``transaction``.
        :param ignored: Startup parameters of a connection that it ignores. It refuses all other unknown ones.
        """
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        if program is None:
            raise NotInstalled("pgbouncer is not installed")
        self.mode, self.port = mode, free_port()
        file = database.folder / f"pgbouncer-{self.port}.ini"
        lines = [
            "[databases]",
            f"postgres = host=127.0.0.1 port={database.port} user=postgres",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self.port}",
            "unix_socket_dir =",
            "auth_type = any",
            f"pool_mode = {mode}",
            f"ignore_startup_parameters = {ignored}",
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        file.chmod(0o644)
        self.process = subprocess.Popen(
            [program, str(file)], user=database.user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not answers(self.port)():
            assert self.process.poll() is None
            time.sleep(0.02)

    @property
    def url(self) -> str:
        """Address of the database behind the pooler."""
        return f"postgresql://postgres:geheim@127.0.0.1:{self.port}/postgres"

    def end(self) -> None:
        """Stop the pooler."""
        self.process.terminate()
        self.process.wait(timeout=20)
