"""Nothing of a call leaves after its moment: not when it waited, not when the process was stopped in between."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks.wrong_clock import WrongClock
from cpl_async import Client, ConfigurationError, Outcome, Timeout
from cpl_async.system.clock import use_clock
from cpl_async.transport.write_deadline import WriteDeadline, is_sent_to_kernel

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

TOKEN = b'{"access_token": "t", "expires_in": 1800}'
LARGE = 4_000_000
"""Bytes: more than a socket of loopback takes by itself."""


class SlowServer:
    """Gives out tokens at once, and reads bodies only when it is told to."""

    def __init__(self) -> None:
        self.reads = threading.Event()
        self.began = threading.Event()
        self.whole: list[int] = []
        self.broken: list[int] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        self.reads.set()
        self._listening.close()

    def ended(self) -> int:
        """Wait until every connection is closed; return how many whole bodies came."""
        self.reads.set()
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()
        return len(self.whole)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(near,), daemon=True))
            self._threads[-1].start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            data = b""
            while b"\r\n\r\n" not in data:
                more = near.recv(1024)
                if not more:
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            found = re.search(rb"Content-Length: (\d+)", head)
            assert found is not None
            is_login = b"getAccessToken" in head
            if not is_login:
                self.began.set()
                self.reads.wait(30)
            length = len(body)
            while length < int(found[1]):
                more = near.recv(1 << 16)
                if not more:
                    self.broken.append(length)
                    return
                length += len(more)
            if not is_login:
                self.whole.append(length)
            answer = TOKEN if is_login else b""
            status = b"200 OK" if is_login else b"201 Created\r\nLocation: /shipment/batch/1"
            near.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(answer)))
            near.sendall(answer)


@pytest.fixture
def slow() -> Iterator[SlowServer]:
    server = SlowServer()
    yield server
    server.close()


def client_of(server: SlowServer) -> Client:
    return Client(client_id="a", client_secret="b", base_url=server.url)


async def test_a_body_in_time_is_sent_whole(slow: SlowServer) -> None:
    slow.reads.set()
    async with client_of(slow) as cpl:
        for size in (1, 2, 17_000, LARGE):
            assert await cpl.shipment_batches.send(b"x" * size, write_deadline=time.time() + 20) == "1"
    assert slow.ended() == 4
    assert slow.whole == [1, 2, 17_000, LARGE]


async def test_nothing_leaves_when_the_moment_has_come(slow: SlowServer) -> None:
    async with client_of(slow) as cpl:
        with pytest.raises(Timeout, match="its write deadline has passed") as caught:
            await cpl.shipment_batches.send(b"{}", write_deadline=time.time() - 0.001)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert slow.ended() == 0
    assert slow.broken == []


async def test_a_body_past_its_write_deadline_stays_incomplete(slow: SlowServer) -> None:
    async with client_of(slow) as cpl:
        threading.Timer(1.0, slow.reads.set).start()
        with pytest.raises(Timeout) as caught:
            await cpl.shipment_batches.send(b"x" * LARGE, write_deadline=time.time() + 0.5)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert slow.ended() == 0
    assert slow.broken == [LARGE - 1]


SENDER = """
import asyncio, sys, time
from cpl_async import Client, CplError

async def main():
    async with Client(client_id="a", client_secret="b", base_url=sys.argv[1]) as cpl:
        try:
            print(await cpl.shipment_batches.send(b"x" * int(sys.argv[2]), write_deadline=time.time() + 1.5, tries=1))
        except CplError as error:
            print(error.outcome)

asyncio.run(main())
"""


def test_a_suspended_process_does_not_complete_a_body(slow: SlowServer) -> None:
    command = [sys.executable, "-c", SENDER, slow.url, str(LARGE)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert slow.began.wait(20)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(2.0)  # past the moment
    slow.reads.set()
    os.kill(process.pid, signal.SIGCONT)
    said, _ = process.communicate(timeout=20)
    assert said == "not_sent\n"
    assert slow.ended() == 0


async def test_it_must_be_a_moment(slow: SlowServer) -> None:
    async with client_of(slow) as cpl:
        for odd in (float("nan"), "soon", float("inf")):
            with pytest.raises(ConfigurationError, match="write_deadline is a time in seconds since the epoch"):
                await cpl.shipment_batches.send(b"{}", write_deadline=odd)  # type: ignore[arg-type]  # that is the point


def test_neither_clock_can_make_it_later() -> None:
    deadline = WriteDeadline(time.time() + 0.05)
    assert not deadline.passed
    with use_clock(WrongClock(-3600.0)):
        time.sleep(0.06)
        assert deadline.passed


async def test_what_is_not_with_the_kernel_yet_is_waited_for() -> None:
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    near.setblocking(False)
    far.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=near)
    try:
        transport.write(b"x" * 30_000)  # less than it would make a writer wait for
        waiting = asyncio.create_task(
            is_sent_to_kernel(cast("AbstractStreamWriter", SimpleNamespace(transport=transport)))
        )
        await asyncio.sleep(0.1)
        assert not waiting.done()
        received = 0
        while received < 30_000:
            received += len(await asyncio.get_running_loop().sock_recv(far, 65536))
        await asyncio.wait_for(waiting, 5)
    finally:
        transport.close()
        far.close()
