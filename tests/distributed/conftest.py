"""A Redis of the test's own, links to it, and a wire that can be cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.servers import PostgreSQL, Redis
from cpl_async.distributed.redis_connection import RedisConnection


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    one = Redis(tmp_path)
    yield one
    one.kill()


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    one = PostgreSQL()
    yield one
    one.end()


class Wire:
    """A way to a server that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self.to = port
        self.cut = False
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def break_off(self) -> None:
        self.cut = True
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.cut = False

    def close(self) -> None:
        self._listening.close()
        self.break_off()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.to))
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
        for one in (here, there):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(server: Redis) -> Iterator[Wire]:
    one = Wire(server.port)
    yield one
    one.close()


@pytest.fixture
def make_link(server: Redis) -> Iterator[Callable[..., RedisConnection]]:
    """Make links of as many processes, as far as Redis can tell."""
    links: list[RedisConnection] = []

    def make(url: str = "") -> RedisConnection:
        link = RedisConnection(url or server.url, prefix="t", patience=0.3)
        links.append(link)
        return link

    yield make
    for link in links:
        link.close()
