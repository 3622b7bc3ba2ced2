"""One rate limit for all processes; without Redis each keeps to its share, and those of a host to the interval."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pytest
import redis

from benchmarks.servers import Redis, free_port
from cpl_async.distributed.pacer_backend import RedisPacerBackend
from cpl_async.distributed.redis_connection import RedisConnection, ScriptCall
from cpl_async.distributed.scripts import DISCARD
from cpl_async.ratelimit.file_backend import FilePacerBackend
from cpl_async.ratelimit.priority import Priority
from cpl_async.system.locked_file import SharedFile

from .conftest import Wire

INTERVAL = 0.02
CLOCKS = 0.0005
"""Seconds by which two links may read Redis's clock apart; the real interval has a margin of 1 ms."""
MakeLink = Callable[..., RedisConnection]


SHARE = 0.25


def line_of(link: RedisConnection, folder: Path | None = None) -> RedisPacerBackend:
    """Return a line whose process shares a folder with the others of its host, or shares none."""
    host = FilePacerBackend(SharedFile(folder / "t.pace"), INTERVAL, INTERVAL) if folder is not None else None
    return RedisPacerBackend(link, "t:k", INTERVAL, SHARE, lambda: host)


def until(condition: Callable[[], object], what: str = "it did not come to pass", seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class Writers:
    """Threads that write whenever they may, each in the line of a process of its own."""

    def __init__(self) -> None:
        self.written: list[tuple[float, int]] = []
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []

    def add(self, line: RedisPacerBackend, priority: Priority = Priority.BATCH) -> None:
        number = len(self.threads)
        thread = threading.Thread(target=self._write, args=(line, priority, number), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _write(self, line: RedisPacerBackend, priority: Priority, number: int) -> None:
        while not self.stop.is_set():
            if (wait := line.request_permit(priority)) > 0:
                time.sleep(min(wait, 0.05))
            elif line.has_permit():
                self.written.append((time.monotonic(), number))
                line.record_write()
            else:
                line.release()
        line.release()

    def write_more(self, count: int) -> None:
        """Wait until so many more were written."""
        enough = len(self.written) + count
        until(lambda: len(self.written) >= enough)

    def end(self) -> list[tuple[float, int]]:
        self.stop.set()
        for thread in self.threads:
            thread.join(5)
        return sorted(self.written)

    def closest(self) -> float:
        return min((b[0] - a[0] for a, b in itertools.pairwise(sorted(self.written))), default=1.0)


@pytest.fixture
def writers() -> Any:
    some = Writers()
    yield some
    some.end()


def taken(line: RedisPacerBackend, priority: Priority = Priority.BATCH) -> None:
    until(lambda: line.request_permit(priority) == 0, "the slot did not come")


def test_permits_are_fair_and_keep_the_interval(make_link: MakeLink, writers: Writers) -> None:
    links = [make_link() for _ in range(4)]
    for link in links:
        writers.add(line_of(link))
    until(lambda: len(writers.written) >= 120, seconds=30)
    counts = Counter(number for _, number in writers.end())
    assert writers.closest() >= INTERVAL - CLOCKS
    assert max(counts.values()) - min(counts.values()) <= 3


def test_priorities_share_by_weight_across_processes(make_link: MakeLink, writers: Writers) -> None:
    links = [make_link() for _ in range(3)]
    for link, priority in zip(links, Priority, strict=True):
        writers.add(line_of(link), priority)
    until(lambda: len(writers.written) >= 110, seconds=30)
    counts = Counter(number for _, number in writers.end())
    person, create, background = (counts[number] / sum(counts.values()) for number in range(3))
    assert person > create > background
    assert background > 0.1  # 2 of 11
    assert person == pytest.approx(6 / 11, abs=0.1)


def test_the_next_slot_is_counted_from_the_write(make_link: MakeLink) -> None:
    first, second = line_of(make_link()), line_of(make_link())
    taken(first)
    time.sleep(INTERVAL / 2)  # late, but in time
    assert first.has_permit()
    first.record_write()
    wrote = time.monotonic()
    assert not first.has_permit()
    taken(second)
    assert time.monotonic() - wrote >= INTERVAL


def test_a_slot_that_is_not_used_goes_to_the_next(make_link: MakeLink) -> None:
    hanging, giving, other = (line_of(make_link()) for _ in range(3))
    taken(hanging)
    last, asked = 0.0, time.monotonic()
    while hanging.has_permit():  # it may write until the end, and die before it says so
        last = asked
        assert other.request_permit(Priority.BATCH) > 0
        asked = time.monotonic()
    assert last > 0
    taken(other)
    assert time.monotonic() - last >= INTERVAL
    assert not hanging.has_permit()
    other.record_write()
    taken(giving)
    giving.release()
    assert not giving.has_permit()
    taken(other)


def test_a_refusal_slows_all_of_them(make_link: MakeLink) -> None:
    first, second = line_of(make_link()), line_of(make_link())
    taken(first)
    first.record_write()
    first.throttle(1.5, 4.0, 30.0, 0.3)
    began = time.monotonic()
    time.sleep(0.05)
    taken(second)
    second.record_write()
    assert time.monotonic() - began >= 0.3
    wrote = time.monotonic()
    taken(first)
    assert time.monotonic() - wrote >= INTERVAL * 1.5


def own_gaps(written: list[tuple[float, int]], number: int) -> list[float]:
    own = [at for at, who in written if who == number]
    return [later - at for at, later in itertools.pairwise(own)]


def test_without_redis_each_keeps_to_its_share(
    server: Redis, make_link: MakeLink, writers: Writers, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    links = [make_link() for _ in range(4)]
    for link in links:
        writers.add(line_of(link, tmp_path))
    writers.write_more(20)
    server.kill()
    until(lambda: not any(link.is_connected() for link in links))
    writers.write_more(8)  # slots that were granted before
    alone_from = time.monotonic()
    writers.write_more(60)
    alone_to = time.monotonic()
    server.start()  # without any memory
    until(lambda: all(link.is_connected() for link in links))
    writers.write_more(40)
    alone = [pair for pair in writers.end() if alone_from < pair[0] < alone_to]
    assert {number for _, number in alone} == {0, 1, 2, 3}
    assert min(later[0] - at[0] for at, later in itertools.pairwise(alone)) >= INTERVAL - CLOCKS
    for number in range(4):
        assert min(own_gaps(alone, number)) >= INTERVAL / SHARE - CLOCKS
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert sum("keeps to its share of the rate limit" in message for message in said) == 4
    assert sum("Redis answers again" in message for message in said) == 4


def test_a_process_cut_off_from_redis_keeps_to_its_share(make_link: MakeLink, wire: Wire, writers: Writers) -> None:
    links = [make_link(), make_link(), make_link(wire.url)]
    for link in links:
        writers.add(line_of(link))
    until(lambda: {0, 1, 2} <= {number for _, number in writers.written})
    wire.break_off()
    until(lambda: not links[2].is_connected())
    writers.write_more(5)
    cut_from = time.monotonic()
    until(lambda: sum(number == 2 and at > cut_from for at, number in list(writers.written)) >= 8)
    cut_to = time.monotonic()
    wire.mend()
    until(links[2].is_connected)
    back_from = time.monotonic()
    until(lambda: sum(number == 2 and at > back_from for at, number in list(writers.written)) >= 10)
    cut = [pair for pair in writers.end() if cut_from < pair[0] < cut_to]
    assert min(own_gaps(cut, 2)) >= INTERVAL / SHARE - CLOCKS
    counts = Counter(number for _, number in cut)
    assert counts[0] > counts[2] < counts[1]


def read_only(server: Redis) -> None:
    with redis.Redis.from_url(server.url) as connection:
        connection.replicaof("127.0.0.1", "9")


def writable(server: Redis) -> None:
    with redis.Redis.from_url(server.url) as connection:
        connection.replicaof("NO", "ONE")


def stopped(server: Redis) -> None:
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)


def woken(server: Redis) -> None:
    assert server.process is not None
    server.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize(("fail", "recover"), [(stopped, woken), (read_only, writable)])
def test_a_redis_that_cannot_be_written_is_unavailable(
    server: Redis,
    make_link: MakeLink,
    writers: Writers,
    caplog: pytest.LogCaptureFixture,
    fail: Callable[[Redis], None],
    recover: Callable[[Redis], None],
    tmp_path: Path,
) -> None:
    links = [make_link() for _ in range(2)]
    for link in links:
        writers.add(line_of(link, tmp_path))
    writers.write_more(20)
    fail(server)
    until(lambda: not any(link.is_connected() for link in links))
    writers.write_more(20)
    assert not any(link.is_connected() for link in links)
    recover(server)
    until(lambda: all(link.is_connected() for link in links))
    writers.write_more(20)
    writers.end()
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert sum("keeps to its share" in message for message in said) == 2


def test_processes_started_without_redis_keep_the_rules(writers: Writers, tmp_path: Path) -> None:
    links = [RedisConnection(f"redis://127.0.0.1:{free_port()}/0", prefix="t") for _ in range(4)]
    try:
        for link in links:
            writers.add(line_of(link, tmp_path))
        until(lambda: set(Counter(number for _, number in writers.written)) == {0, 1, 2, 3})
        writers.write_more(40)
        written = writers.end()
    finally:
        for link in links:
            link.close()
    assert writers.closest() >= INTERVAL - CLOCKS
    for number in range(4):
        assert min(own_gaps(written, number)) >= INTERVAL / SHARE - CLOCKS


def test_the_first_request_without_redis_waits_one_interval() -> None:
    link = RedisConnection(f"redis://127.0.0.1:{free_port()}/0", prefix="t")
    line = line_of(link)
    try:
        link.is_needed()
        until(lambda: not link.is_connected())
        assert line.request_permit(Priority.BATCH) <= INTERVAL / SHARE
        taken(line)
        assert line.has_permit()
        line.record_write()
        assert not line.has_permit()
        assert line.request_permit(Priority.BATCH) >= INTERVAL / SHARE * 0.9
    finally:
        link.close()


def test_a_process_alone_slows_down_when_it_is_refused() -> None:
    link = RedisConnection(f"redis://127.0.0.1:{free_port()}/0", prefix="t")
    line = line_of(link)
    try:
        link.is_needed()
        until(lambda: not link.is_connected())
        taken(line)
        line.record_write()
        line.throttle(1.5, 4.0, 30.0, 0.0)
        assert line.request_permit(Priority.BATCH) >= 1.5 * INTERVAL / SHARE * 0.9
        line.throttle(1.5, 4.0, 30.0, 1.0)
        assert line.request_permit(Priority.BATCH) >= 0.9
    finally:
        link.close()


def test_a_clock_of_redis_that_was_set_back_holds_up_nobody(server: Redis, make_link: MakeLink) -> None:
    line, other = line_of(make_link()), line_of(make_link())
    for one in (line, other):
        taken(one)
        one.record_write()
    with redis.Redis.from_url(server.url) as connection:
        until(lambda: connection.hget("t:k:pace", "holder") == b"")
        seconds, micros = connection.time()
        ahead = str((seconds + 600) * 1_000_000 + micros)
        later = {"free": ahead, "at": ahead, "due": ahead, "slow": ahead, "factor": "4", "holder": "dead"}
        connection.hset("t:k:pace", mapping=later)
        connection.hset("t:k:line", "dead too", f"person:0:{ahead}")
    began = time.monotonic()
    for one in (line, other, line):
        taken(one)
        one.record_write()
    assert time.monotonic() - began < 5


def test_a_process_with_a_wrong_clock_does_not_block(server: Redis, make_link: MakeLink) -> None:
    line, other = line_of(make_link()), line_of(make_link())
    taken(other)
    other.record_write()
    taken(line)
    line._link._clock.offset += 600  # Redis's clock was set back since it was measured
    line.record_write()
    taken(other)


class SlowLink:
    """A connection whose round trips took so long that Redis's clock is known only approximately."""

    me = "slow"

    def __init__(self, clock_error: float) -> None:
        self.error = clock_error
        self.questions: list[ScriptCall] = []

    def is_connected(self) -> bool:
        return True

    def clock_error(self) -> float:
        return self.error

    def to_local_time(self, theirs: float) -> float:
        return theirs

    def submit(self, question: ScriptCall) -> None:
        self.questions.append(question)


@pytest.mark.parametrize(("clock_error", "last"), [(0.0, 0.06), (0.02, 0.04), (0.5, 0.03), (float("inf"), 0.03)])
def test_a_permit_expires_earlier_where_the_clock_of_redis_is_not_known_exactly(
    monkeypatch: pytest.MonkeyPatch, clock_error: float, last: float
) -> None:
    link, now = SlowLink(clock_error), 100.0
    monkeypatch.setattr("cpl_async.distributed.pacer_backend.monotonic", lambda: now)
    line = line_of(cast("RedisConnection", link))
    assert line.request_permit(Priority.BATCH) > 0
    [question] = link.questions
    assert question.on_result is not None
    question.on_result([1, b"%d" % round(now * 1e6)])
    assert line.request_permit(Priority.BATCH) == 0
    now += last - 0.001
    assert line.has_permit()
    now += 0.002
    assert not line.has_permit()


def test_the_time_to_connect_is_no_part_of_the_measurement(make_link: MakeLink) -> None:
    link = make_link()
    connect: Callable[[redis.Connection], Any] = redis.Connection._connect
    answers: list[Any] = []

    def slowly(connection: redis.Connection) -> Any:
        time.sleep(0.2)
        return connect(connection)

    with mock.patch.object(redis.Connection, "_connect", slowly):
        link.submit(ScriptCall(DISCARD, ["t:k:token"], [""], answers.append))
        until(lambda: answers)
    assert link.clock_error() < 0.1


def test_an_answer_that_nobody_expects_counts_as_none(make_link: MakeLink, caplog: pytest.LogCaptureFixture) -> None:
    link = make_link()

    def fails(_: object) -> None:
        raise ValueError("odd")

    link.submit(ScriptCall(DISCARD, ["t:k:token"], [""], fails))
    until(lambda: "odd" in caplog.text)
    until(link.is_connected)
    taken(line_of(link))
