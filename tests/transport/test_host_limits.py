"""The processes of one host keep the limits together, and none of them can hold up the others."""

from __future__ import annotations

import asyncio
import itertools
import logging
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl_async import AuthenticationError, Client, ConfigurationError
from cpl_async.auth import file_store as host_token
from cpl_async.auth.file_store import FileTokenStore
from cpl_async.auth.token_cache import MAX_FETCHES, Token
from cpl_async.ratelimit import file_backend as host_pace
from cpl_async.ratelimit.file_backend import FilePacerBackend
from cpl_async.ratelimit.pacer import INTERVAL_SECONDS
from cpl_async.ratelimit.priority import Priority
from cpl_async.ratelimit.registry import Credentials, HostLimits
from cpl_async.sandbox import Sandbox
from cpl_async.system import locked_file as shared_file
from cpl_async.system.locked_file import FileBusy, SharedFile, runtime_folder
from cpl_async.system.process_identity import is_alive
from cpl_async.system.secret_values import Secret

ME = Credentials(base_url="https://api.example", client_id="me", secret=Secret("secret"))
posix = pytest.mark.skipif(os.name != "posix", reason="signals and owners are those of POSIX")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(tmp_path: Path, clock: Clock) -> Callable[[int], list[FilePacerBackend]]:
    """Lines of so many processes, each of which has opened the file itself; the slot is free."""

    def one() -> FilePacerBackend:
        return FilePacerBackend(SharedFile(tmp_path / "a.pace"), INTERVAL_SECONDS, INTERVAL_SECONDS * 4, clock)

    before = one()
    assert before.request_permit() == pytest.approx(INTERVAL_SECONDS)
    before.release()
    clock.now += INTERVAL_SECONDS + 0.001
    return lambda count: [one() for _ in range(count)]


def test_the_interval_counts_from_the_write(lines: Callable[[int], list[FilePacerBackend]], clock: Clock) -> None:
    first, second = lines(2)
    assert first.request_permit() == 0
    assert first.has_permit()
    assert second.request_permit() > 0
    clock.now += 0.003
    first.record_write()
    assert not first.has_permit()
    assert second.request_permit() == pytest.approx(INTERVAL_SECONDS)
    clock.now += INTERVAL_SECONDS - 0.001
    assert second.request_permit() > 0
    clock.now += 0.0011
    assert second.request_permit() == 0


def test_the_first_process_is_overtaken_only_when_it_sleeps(
    lines: Callable[[int], list[FilePacerBackend]], clock: Clock
) -> None:
    holder, first, second = lines(3)
    assert holder.request_permit() == 0
    assert first.request_permit() > 0
    assert second.request_permit() > 0
    holder.record_write()
    clock.now += INTERVAL_SECONDS + 0.001
    assert second.request_permit() > 0  # it is the first one's turn
    assert first.request_permit() == 0
    first.record_write()
    assert first.request_permit() > 0  # again, and now behind
    clock.now += INTERVAL_SECONDS + 0.001
    assert first.request_permit() > 0
    clock.now += host_pace.GRACE_SECONDS
    assert first.request_permit() == 0  # the second sleeps


def test_a_slot_that_was_given_back_is_free_at_once(lines: Callable[[int], list[FilePacerBackend]]) -> None:
    first, second = lines(2)
    assert first.request_permit() == 0
    first.release()
    assert second.request_permit() == 0
    third = lines(1)[0]
    assert third.request_permit() > 0
    third.release()  # leaves the line
    second.release()
    assert first.request_permit() == 0


def test_a_process_that_hangs_with_the_slot_loses_it(
    lines: Callable[[int], list[FilePacerBackend]], clock: Clock
) -> None:
    hanging, other = lines(2)
    assert hanging.request_permit() == 0
    clock.now += host_pace.HELD_TOO_LONG - 0.1
    assert other.request_permit() > 0
    clock.now += 0.2
    assert other.request_permit() == 0
    assert not hanging.has_permit()
    hanging.record_write()  # it did after all: the next keeps its distance
    other.record_write()
    third = lines(1)[0]
    assert third.request_permit() == pytest.approx(INTERVAL_SECONDS)


def test_a_widened_pace_is_widened_for_all(lines: Callable[[int], list[FilePacerBackend]], clock: Clock) -> None:
    first, second = lines(2)
    first.throttle(1.5, 4.0, 30.0, 2.0)
    assert second.request_permit() == pytest.approx(2.0)
    clock.now += 2.1
    assert second.request_permit() == 0
    second.record_write()
    assert first.request_permit() == pytest.approx(INTERVAL_SECONDS * 1.5)
    clock.now += 31
    assert first.request_permit() == 0
    first.record_write()
    assert second.request_permit() == pytest.approx(INTERVAL_SECONDS)


def head(free_at: float, ticket: int = 1) -> bytes:
    return host_pace.NOTE.pack(0, 0.0) + host_pace.HEAD.pack(host_pace.MAGIC, free_at, 1.0, 0.0, ticket, 0, 0.0, 0, 0)


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"cplpace1", b"\xff" * 4000, b"{}", head(float("nan")), head(float("inf")), head(1e300)],
)
def test_a_damaged_file_grants_no_permit_at_once(
    lines: Callable[[int], list[FilePacerBackend]], tmp_path: Path, clock: Clock, content: bytes
) -> None:
    line, other = lines(2)
    assert line.request_permit() == 0
    (tmp_path / "a.pace").write_bytes(content)
    assert other.request_permit() == pytest.approx(INTERVAL_SECONDS)
    clock.now += INTERVAL_SECONDS + 0.001
    assert other.request_permit() == 0
    other.record_write()
    assert line.request_permit() == pytest.approx(INTERVAL_SECONDS)


def test_tickets_do_not_run_out(lines: Callable[[int], list[FilePacerBackend]], tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "a.pace").write_bytes(head(clock.now + 1, 2**64 - 1))
    first, second = lines(2)
    assert first.request_permit() > 0
    assert second.request_permit() > 0
    clock.now += 1.01
    assert first.request_permit() == 0


def test_a_clock_that_began_anew_does_not_hold_up(lines: Callable[[int], list[FilePacerBackend]], clock: Clock) -> None:
    first, second = lines(2)
    clock.now = 1_000_000
    assert first.request_permit() == 0
    first.record_write()
    clock.now = 50.0
    assert second.request_permit() == pytest.approx(INTERVAL_SECONDS)


def test_a_file_that_is_never_let_go_is_begun_anew(
    lines: Callable[[int], list[FilePacerBackend]], tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """As when a process is stopped inside it; the others stay together."""
    stopped, first, second = lines(3)
    with stopped._file.entered():
        assert first.request_permit() == second.request_permit() == pytest.approx(0.001)
        clock.now += host_pace.LOST + 0.1
        first.request_permit()
        second.request_permit()
        assert "is replaced" in caplog.text
        assert first.request_permit() > 0
        assert second.request_permit() > 0
        clock.now += INTERVAL_SECONDS + 0.001
        assert first.request_permit() == 0
        assert second.request_permit() > 0
        first.record_write()
    clock.now += 1
    assert not stopped.has_permit()
    assert stopped.request_permit() >= 0  # it goes on with the new one
    assert len({os.stat(line._file._opened()).st_ino for line in (stopped, first, second)}) == 1


def test_without_the_file_each_keeps_to_its_share(
    lines: Callable[[int], list[FilePacerBackend]],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = lines(1)[0]

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(line._file, "enter", full)
    assert line.request_permit() == 0
    assert "this one sends every 164 ms at most" in caplog.text
    line.record_write()
    assert line.request_permit() == pytest.approx(INTERVAL_SECONDS * 4)
    monkeypatch.undo()
    clock.now += host_pace.LOCAL_SHARE_SECONDS
    assert line.request_permit() == 0
    assert line.has_permit()


def test_a_file_that_was_removed_is_made_anew_its_folder_too(
    lines: Callable[[int], list[FilePacerBackend]], tmp_path: Path, clock: Clock
) -> None:
    first, second = lines(2)
    assert first.request_permit() == 0
    first.record_write()
    shutil.rmtree(tmp_path)
    assert first.request_permit() == pytest.approx(INTERVAL_SECONDS)
    assert second.request_permit() > INTERVAL_SECONDS  # both see the new one
    clock.now += INTERVAL_SECONDS + 0.001
    assert first.request_permit() == 0
    assert second.request_permit() > 0


def test_only_own_unused_files_are_removed(tmp_path: Path) -> None:
    old = time.time() - 10 * 86_400
    names = [".bashrc", "thesis.docx", "journal.sqlite", f"{'a' * 32}.pace", f"{'b' * 32}.token", f"{'c' * 32}.txt"]
    for name in names:
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (old, old))
    (tmp_path / f"{'d' * 32}.pace").write_text("in use")
    HostLimits(folder=tmp_path).pacer(ME)
    left = {path.name for path in tmp_path.iterdir()}
    assert {*names[:3], names[5], f"{'d' * 32}.pace"} <= left
    assert not {names[3], names[4]} & left


def test_many_files_are_not_all_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_file, "MAX_OPEN_FILES", 4)
    files = [SharedFile(tmp_path / str(number)) for number in range(10)]
    for file in files:
        with file.entered():
            file.write(b"x")
    assert sum(file._descriptor is not None for file in files) <= 4
    with files[0].entered():
        assert files[0].read() == b"x"


@posix
def test_the_files_are_private_and_others_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "new"
    monkeypatch.setenv("CPL_RUNTIME_DIR", str(folder))
    assert stat.S_IMODE(runtime_folder().stat().st_mode) == 0o700
    limits = HostLimits()
    limits.pacer(ME)
    limits.token_cache(ME)
    files = list(folder.iterdir())
    assert sorted(file.suffix for file in files) == [".pace", ".token"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert not any(part == "me" or "secret" in part for file in files for part in file.name.split("."))
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="others may write"):
        runtime_folder()
    folder.chmod(0o700)
    files[0].chmod(0o644)
    with pytest.raises(PermissionError, match="not this user's alone"), SharedFile(files[0]).entered():
        pass
    link = tmp_path / "link"
    link.symlink_to(files[1])
    with pytest.raises(OSError), SharedFile(link).entered():  # noqa: PT011 - the system's words
        pass


def test_where_no_file_can_be_there_is_a_warning_and_a_share(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("CPL_RUNTIME_DIR", str(blocked / "folder"))
    limits = HostLimits(share=0.5)
    assert limits.pacer(ME).interval == pytest.approx(INTERVAL_SECONDS / 0.5)
    limits.token_cache(ME)
    assert len(caplog.records) == 1
    assert "keeps to 50 % of the limits" in caplog.text
    assert "CPL_RUNTIME_DIR" in caplog.text
    monkeypatch.setenv("CPL_LIMITS_SHARE", "0.1")
    assert HostLimits().pacer(ME).interval == pytest.approx(INTERVAL_SECONDS / 0.1)
    monkeypatch.delenv("CPL_LIMITS_SHARE")
    assert HostLimits().pacer(ME).interval == pytest.approx(INTERVAL_SECONDS * 4)


async def test_a_share_holds_for_all_who_use_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for containers that do not see each other: nothing tells them so."""
    monkeypatch.setenv("CPL_LIMITS_SHARE", "0.5")
    one, other = (HostLimits(folder=tmp_path).pacer(ME) for _ in range(2))
    times = []
    for pace in (one, other, one, other):
        slot = await pace.acquire(Priority.INTERACTIVE)
        times.append(time.monotonic())
        slot.record_write()
    assert min(after - before for before, after in itertools.pairwise(times)) >= INTERVAL_SECONDS / 0.5 - 0.0005
    shelf = HostLimits(folder=tmp_path).token_cache(ME)._store
    assert isinstance(shelf, FileTokenStore)
    assert shelf._fetches == MAX_FETCHES // 2


def test_a_relative_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPL_RUNTIME_DIR", "run")
    with pytest.raises(ConfigurationError, match="must be an absolute path"):
        HostLimits().pacer(ME)


@pytest.mark.parametrize("share", ["0", "1.5", "-1", "much", "nan"])
def test_a_share_that_is_none_is_refused(share: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPL_LIMITS_SHARE", share)
    with pytest.raises(ConfigurationError, match="CPL_LIMITS_SHARE is a number over 0 and at most 1"):
        HostLimits().pacer(ME)


def token(value: str, clock: Clock, seconds: float = 1800.0) -> Token:
    return Token.from_lifetime(value, seconds, clock.now)


@pytest.fixture
def shelves(tmp_path: Path, clock: Clock) -> list[FileTokenStore]:
    """The shelves of two processes."""
    return [FileTokenStore(SharedFile(tmp_path / "a.token"), MAX_FETCHES, 3, clock) for _ in range(2)]


def test_a_token_is_fetched_by_one_and_used_by_all(shelves: list[FileTokenStore], clock: Clock) -> None:
    first, second = shelves
    assert first.load() == 0.0
    assert second.load() == pytest.approx(0.03)  # while the first one asks
    first.store(token("t1", clock))
    found = second.load()
    assert isinstance(found, Token)
    assert (found.value, found.ends_at) == ("t1", clock.now + 1800)
    assert "t1" not in repr(found)
    clock.now += 1750
    assert second.load() == 0.0  # it is renewed by one
    assert first.load() == pytest.approx(0.03)
    second.store(token("t2", clock))
    found = first.load()
    assert isinstance(found, Token)
    first.discard(token("t1", clock))  # an old one: the new one stays
    assert isinstance(second.load(), Token)
    first.discard(found)
    assert second.load() == 0.0


def test_token_requests_of_all_are_counted_together(shelves: list[FileTokenStore], clock: Clock) -> None:
    for number in range(MAX_FETCHES):
        assert shelves[number % 2].load() == 0.0
        shelves[number % 2].store(None)
        clock.now += 1
    wait = shelves[0].load()
    assert wait == pytest.approx(61 - MAX_FETCHES)
    shelves[1].store(None, refusal="no such client")
    with pytest.raises(AuthenticationError, match="no such client"):
        shelves[0].load()


def test_a_token_request_refused_with_429_counts_briefly(shelves: list[FileTokenStore], clock: Clock) -> None:
    for number in range(MAX_FETCHES):
        assert shelves[number % 2].load() == 0.0
        shelves[number % 2].store(None, is_limited=True)
    assert shelves[0].load() == pytest.approx(5)
    clock.now += 5
    assert shelves[0].load() == 0.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"token": 5}',
        b'{"flight": [1]}',
        b'{"flight": [1, 2, 1e400]}',
        b'{"flight": [1e400, 2, 3]}',
        b'{"token": {"value": "x"}}',
        b'{"token": {"ends_at": 1000.0}}',
        b'{"asked": 7}',
    ],
)
def test_a_damaged_token_file_is_empty(shelves: list[FileTokenStore], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.token").write_bytes(len(content).to_bytes(4, "little") + content)
    (tmp_path / "a.token").chmod(0o600)
    assert shelves[0].load() == 0.0


def test_a_fetch_that_died_is_done_by_the_next(shelves: list[FileTokenStore], tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from cpl_async.auth.file_store import FileTokenStore;"
        "from cpl_async.system.locked_file import SharedFile;"
        "print(FileTokenStore(SharedFile(Path(sys.argv[1])), 12, 3).load())"
    )
    file = tmp_path / "real.token"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.0"
    assert FileTokenStore(SharedFile(file), MAX_FETCHES, 3).load() == 0.0


def test_a_suspended_fetch_does_not_block_other_processes(shelves: list[FileTokenStore], clock: Clock) -> None:
    first, second = shelves
    assert first.load() == 0.0
    clock.now += host_token.LOST_FETCH_SECONDS - 0.1
    assert second.load() == pytest.approx(0.03)
    clock.now += 0.2
    assert second.load() == 0.0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_a_zombie_process_is_not_alive() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(ended.pid)
    ended.wait()
    assert not is_alive(ended.pid)
    assert is_alive(os.getpid())


def test_stores_are_let_go(tmp_path: Path) -> None:
    import gc
    import weakref

    store = weakref.ref(HostLimits(folder=tmp_path))
    gc.collect()
    assert store() is None


HOLD = """
import sys, time
from pathlib import Path
from cpl_async.ratelimit.file_backend import FilePacerBackend
from cpl_async.system.locked_file import SharedFile

file = SharedFile(Path(sys.argv[1]))
if sys.argv[2] == "slot":
    line = FilePacerBackend(file, 0.041, 0.041)
    while wait := line.request_permit():
        time.sleep(wait)
    print("holding", flush=True)
    time.sleep(60)
with file.entered():
    print("inside", flush=True)
    time.sleep(60)
"""


@posix
@pytest.mark.parametrize("what", ["slot", "file"])
def test_a_process_that_is_killed_inside_blocks_nobody(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.pace"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path), what], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    line = FilePacerBackend(SharedFile(path), INTERVAL_SECONDS, INTERVAL_SECONDS)
    assert line.request_permit() > 0
    time.sleep(INTERVAL_SECONDS)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    deadline = time.monotonic() + host_pace.HELD_TOO_LONG / 2  # at once, not after it counts as hanging
    while (wait := line.request_permit()) > 0:
        assert time.monotonic() < deadline
        time.sleep(wait)


async def test_waiters_of_two_processes_share_the_slots(tmp_path: Path) -> None:
    """Two stores stand for two processes: each has opened the files itself."""
    written: list[tuple[float, int]] = []

    async def process(number: int) -> None:
        pace = HostLimits(folder=tmp_path).pacer(ME)
        for _ in range(10):
            slot = await pace.acquire(Priority.BATCH)
            written.append((time.monotonic(), number))
            slot.record_write()

    await asyncio.gather(process(0), process(1))
    times = [at for at, _ in written]
    assert min(after - before for before, after in itertools.pairwise(times)) >= INTERVAL_SECONDS - 0.0005
    assert [number for _, number in written[:10]].count(0) in range(3, 8)


async def test_a_cancelled_waiter_leaves_the_line(tmp_path: Path) -> None:
    one, other = (HostLimits(folder=tmp_path).pacer(ME) for _ in range(2))
    slot = await one.acquire(Priority.INTERACTIVE)
    waiting = asyncio.ensure_future(other.acquire(Priority.INTERACTIVE))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
    slot.release()
    line = one._backend
    assert isinstance(line, FilePacerBackend)
    state = host_pace._PacerState.of(line._file.peek())
    assert state.line == {}
    assert state.holder == 0


def ask_in_a_process(base_url: str, folder: str, count: int) -> None:
    os.environ["CPL_RUNTIME_DIR"] = folder

    async def ask() -> None:
        async with Client(client_id="sandbox", client_secret="sandbox", base_url=base_url) as cpl:
            await asyncio.gather(*(cpl.codelists.products(limit=1) for _ in range(count)))

    asyncio.run(ask())


def test_processes_share_one_token_and_one_pace(make_sandbox: Callable[..., Sandbox], fresh_limits: Path) -> None:
    sandbox = make_sandbox()
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=ask_in_a_process, args=(sandbox.base_url, str(fresh_limits), 8)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    summary = sandbox.ledger.summary()
    assert summary["by_operation"] == {"login.get_access_token": 1, "codelists.products": 32}
    assert summary["refused_for_pace"] == 0


def test_busy_is_told_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "x"
    with SharedFile(path).entered(), pytest.raises(FileBusy), SharedFile(path).entered():
        pass
