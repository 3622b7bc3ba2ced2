"""One pace for all, also for those who cannot see Redis for a while; nobody ever comes too close to another."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.servers import Redis
from cpl_async.distributed import link as link_module
from cpl_async.distributed.link import Link, Question
from cpl_async.distributed.pace import GUARD, VALID, RedisLine
from cpl_async.distributed.scripts import BYE
from cpl_async.transport.lanes import Lane

from .conftest import QUICK, Wire

INTERVAL = 0.02
CLOCKS = 0.0005
"""Seconds by which two links may read Redis's clock apart; the real interval has a margin of 1 ms."""
MakeLink = Callable[..., Link]


def line_of(link: Link) -> RedisLine:
    return RedisLine(link, "t:k", INTERVAL)


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

    def add(self, line: RedisLine, lane: Lane = Lane.CREATE) -> None:
        number = len(self.threads)
        thread = threading.Thread(target=self._write, args=(line, lane, number), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _write(self, line: RedisLine, lane: Lane, number: int) -> None:
        while not self.stop.is_set():
            if (wait := line.ask(lane)) > 0:
                time.sleep(min(wait, 0.05))
            elif line.holds():
                self.written.append((time.monotonic(), number))
                line.wrote()
            else:
                line.give_back()
        line.give_back()

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


def taken(line: RedisLine, lane: Lane = Lane.CREATE) -> None:
    until(lambda: line.ask(lane) == 0, "the slot did not come")


def settled(*links: Link) -> None:
    """Wait until all are known, and the silence after Redis began to remember is over."""
    for link in links:
        link.is_needed()
    time.sleep(QUICK.hold + 2 * QUICK.beat)
    until(lambda: all(link.sees() and link.index >= 0 for link in links))


def test_slots_go_round_fairly_and_never_closer_than_the_interval(make_link: MakeLink, writers: Writers) -> None:
    links = [make_link() for _ in range(4)]
    settled(*links)
    for link in links:
        writers.add(line_of(link))
    until(lambda: len(writers.written) >= 120, seconds=30)
    counts = Counter(number for _, number in writers.end())
    assert writers.closest() >= INTERVAL - CLOCKS
    assert max(counts.values()) - min(counts.values()) <= 3


def test_classes_share_by_weight_across_processes_and_none_starves(make_link: MakeLink, writers: Writers) -> None:
    links = [make_link() for _ in range(3)]
    settled(*links)
    for link, lane in zip(links, Lane, strict=True):
        writers.add(line_of(link), lane)
    until(lambda: len(writers.written) >= 110, seconds=30)
    counts = Counter(number for _, number in writers.end())
    person, create, background = (counts[number] / sum(counts.values()) for number in range(3))
    assert person > create > background
    assert background > 0.1  # 2 of 11
    assert person == pytest.approx(6 / 11, abs=0.1)


def test_the_next_slot_is_counted_from_the_write(make_link: MakeLink) -> None:
    first, second = line_of(make_link()), line_of(make_link())
    settled(first._link, second._link)
    taken(first)
    time.sleep(INTERVAL * 1.5)  # late, but in time
    assert first.holds()
    first.wrote()
    wrote = time.monotonic()
    assert not first.holds()
    taken(second)
    assert time.monotonic() - wrote >= INTERVAL


def test_a_slot_that_is_not_used_goes_to_the_next(make_link: MakeLink) -> None:
    hanging, giving, other = (line_of(make_link()) for _ in range(3))
    settled(hanging._link, giving._link, other._link)
    taken(hanging)
    last = 0.0
    while hanging.holds():  # it may write until the end, and die before it says so
        last = time.monotonic()
        assert other.ask(Lane.CREATE) > 0
    assert last > 0
    taken(other)
    assert time.monotonic() - last >= INTERVAL
    assert not hanging.holds()
    other.wrote()
    taken(giving)
    giving.give_back()
    assert not giving.holds()
    taken(other)


def test_a_refusal_slows_all_of_them(make_link: MakeLink) -> None:
    first, second = line_of(make_link()), line_of(make_link())
    settled(first._link, second._link)
    taken(first)
    first.wrote()
    first.slow_down(1.5, 4.0, 30.0, 0.3)
    began = time.monotonic()
    time.sleep(0.05)
    taken(second)
    second.wrote()
    assert time.monotonic() - began >= 0.3
    wrote = time.monotonic()
    taken(first)
    assert time.monotonic() - wrote >= INTERVAL * 1.5


def test_without_redis_all_go_on_in_their_parts_and_none_comes_too_close(
    server: Redis, make_link: MakeLink, writers: Writers, caplog: pytest.LogCaptureFixture
) -> None:
    links = [make_link() for _ in range(4)]
    settled(*links)
    for link in links:
        writers.add(line_of(link))
    until(lambda: len(writers.written) >= 20)
    server.kill()
    until(lambda: not any(link.sees() for link in links))
    before = len(writers.written)
    time.sleep(QUICK.alone + 0.2)
    until(lambda: len(writers.written) >= before + 40)
    server.start()  # with no memory of anybody
    until(lambda: all(link.sees() for link in links))
    again = len(writers.written)
    until(lambda: len(writers.written) >= again + 60, seconds=20)
    written = writers.end()
    assert writers.closest() >= INTERVAL - CLOCKS
    assert set(Counter(number for _, number in written[before : before + 40])) == {0, 1, 2, 3}
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert sum("Redis does not answer" in words for words in said) == 4
    assert sum("Redis answers again" in words for words in said) == 4


def test_a_redis_that_hangs_counts_as_gone_and_what_it_hears_late_counts_for_nothing(
    server: Redis, make_link: MakeLink, writers: Writers
) -> None:
    links = [make_link() for _ in range(4)]
    settled(*links)
    for link in links:
        writers.add(line_of(link))
    for _ in range(2):
        writers.write_more(20)
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        until(lambda: not any(link.sees() for link in links))
        time.sleep(QUICK.alone)
        writers.write_more(12)
        server.process.send_signal(signal.SIGCONT)
        until(lambda: all(link.sees() for link in links))
    writers.write_more(40)
    writers.end()
    assert writers.closest() >= INTERVAL - CLOCKS


def test_who_cannot_see_redis_and_those_who_can_do_not_meet(make_link: MakeLink, wire: Wire, writers: Writers) -> None:
    links = [make_link(places=8) for _ in range(2)]
    cut = make_link(wire.url, places=8)
    settled(*links, cut)
    for link in (*links, cut):
        writers.add(line_of(link))
    until(lambda: {0, 1, 2} <= {number for _, number in writers.written})
    wire.break_off()
    until(lambda: not cut.sees())
    since = time.monotonic()

    def alone() -> int:
        return sum(number == 2 and at > since for at, number in list(writers.written))

    until(lambda: alone() >= 8, "who is cut off does not go on")
    both = Counter(number for at, number in list(writers.written) if at > since)
    wire.mend()
    until(cut.sees)
    back = time.monotonic()
    until(lambda: sum(number == 2 and at > back for at, number in list(writers.written)) >= 10)
    writers.end()
    assert both[0] > both[2] < both[1]  # the others have the rest of the time
    assert writers.closest() >= INTERVAL - CLOCKS


def test_a_slot_ends_before_the_part_of_who_cannot_see_redis(make_link: MakeLink, wire: Wire) -> None:
    link, cut = make_link(places=8), make_link(wire.url, places=8)
    settled(link, cut)
    line = line_of(link)
    index, width = cut.index, INTERVAL + GUARD
    wire.break_off()
    until(lambda: not cut.sees())
    time.sleep(QUICK.lease + 3 * QUICK.beat)
    shortened = 0
    for _ in range(40):
        taken(line)
        assert line._granted is not None
        due, last = line._granted
        room = 8 * width - (due - index * width + INTERVAL) % (8 * width)
        assert last - due <= room + 0.001
        shortened += last - due < VALID - 0.001
        line.wrote()
    assert shortened > 0


def test_a_redis_that_forgot_all_hears_of_who_still_cannot_see_it(
    server: Redis, make_link: MakeLink, wire: Wire, writers: Writers
) -> None:
    links = [make_link(places=8) for _ in range(2)]
    cut = make_link(wire.url, places=8)
    settled(*links, cut)
    until(lambda: all(cut.me in link._others for link in links))
    for link in (*links, cut):
        writers.add(line_of(link))
    until(lambda: {0, 1, 2} <= {number for _, number in writers.written})
    wire.break_off()
    server.kill()
    until(lambda: not any(link.sees() for link in (*links, cut)))
    time.sleep(QUICK.alone)  # all are in their own parts of the time now
    server.start()
    until(lambda: all(link.sees() for link in links))
    since = time.monotonic()
    until(lambda: sum(number == 2 and at > since for at, number in list(writers.written)) >= 12)
    both = Counter(number for at, number in writers.end() if at > since)
    assert both[0] > both[2] < both[1]
    assert writers.closest() >= INTERVAL - CLOCKS


def test_who_is_killed_is_found_out_by_the_others_of_its_host(server: Redis, make_link: MakeLink) -> None:
    link = make_link()
    settled(link)
    program = (
        "import sys, time\nfrom cpl_async.distributed.link import Link, Timing\n"
        f"link = Link({server.url!r}, prefix='t', places=4, timing=Timing(beat=0.05))\nlink.is_needed()\n"
        "while link.index < 0: time.sleep(0.01)\nprint(link.me, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        other = process.stdout.readline().strip()
        until(lambda: other in link._others)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    until(lambda: other not in link._others, "the dead one keeps its part of the time", QUICK.forget / 2)


def test_who_does_not_send_for_long_lets_go_of_its_place(make_link: MakeLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "REST_AFTER", 0.3)
    resting, watching = make_link(), make_link()
    settled(resting)
    line = line_of(resting)
    taken(line)
    line.wrote()

    def seen() -> bool:
        watching.is_needed()
        return resting.me in watching._others

    until(seen)
    until(lambda: not seen())
    taken(line)
    until(seen)


def test_who_is_closed_says_goodbye(make_link: MakeLink) -> None:
    leaving, watching = make_link(), make_link()
    settled(leaving, watching)
    until(lambda: leaving.me in watching._others)
    line = line_of(leaving)
    taken(line)
    line.wrote()
    leaving.close()
    until(lambda: leaving.me not in watching._others)
    taken(line)  # it still gets its slots, at the rate of its share


def test_an_answer_that_nobody_expects_counts_as_none(make_link: MakeLink, caplog: pytest.LogCaptureFixture) -> None:
    link = make_link()
    settled(link)

    def fails(_: object) -> None:
        raise ValueError("odd")

    link.ask(Question(BYE, [link.members], ["nobody"], fails))
    until(lambda: "odd" in caplog.text)
    until(link.sees)
    taken(line_of(link))


def test_more_than_have_a_part_of_their_own_share_while_redis_is_there(make_link: MakeLink, writers: Writers) -> None:
    links = [make_link(places=1) for _ in range(2)]
    links[0].is_needed()
    until(lambda: links[0].index == 0)
    links[1].is_needed()
    until(links[1].sees)
    for link in links:
        writers.add(line_of(link))
    until(lambda: len(writers.written) >= 40)
    assert {link.index for link in links} == {0, -1}
    assert len(Counter(number for _, number in writers.end())) == 2
    assert writers.closest() >= INTERVAL - CLOCKS


def test_a_redis_that_was_never_there_leaves_the_rate_of_the_share(caplog: pytest.LogCaptureFixture) -> None:
    link = Link("redis://127.0.0.1:9/0", prefix="t", places=4, timing=QUICK)
    line = line_of(link)
    try:
        began = time.monotonic()
        taken(line)
        assert time.monotonic() - began >= QUICK.alone
        line.wrote()
        wrote = time.monotonic()
        taken(line)
        assert time.monotonic() - wrote >= 4 * INTERVAL
    finally:
        link.close()
    assert "Redis does not answer" in caplog.text
