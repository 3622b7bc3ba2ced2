"""What the facade promises of a call that crosses to the background loop and back."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import copy
import gc
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import cpl_sync
from cpl_async.errors import ConfigurationError, NotFound, ValidationError
from cpl_async.ratelimit.pacer import Pacer
from cpl_async.ratelimit.registry import Credentials, ProcessLimits
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.transport.events import Event, EventKind
from cpl_sync import Client, portal
from cpl_sync import blocking_call as steps
from cpl_sync.loop_thread import loop_thread

from ..conftest import shipment

STATE: contextvars.ContextVar[str] = contextvars.ContextVar("state", default="nothing")
HERE = Path(__file__).name


async def given(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def refused(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


class Course:
    """What an async generator goes through."""

    def __init__(self) -> None:
        self.yielded = 0
        self.ended = threading.Event()

    async def numbers(self, most: int) -> AsyncGenerator[int, None]:
        try:
            for number in range(most):
                await asyncio.sleep(0)
                self.yielded += 1
                yield number
        finally:
            await asyncio.sleep(0)
            self.ended.set()


async def each_doubled(values: AsyncIterable[int]) -> AsyncGenerator[int, None]:
    async for value in values:
        yield value * 2


def in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a call was lost"


def test_results_and_exceptions_go_to_their_own_caller() -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(100):
            mine = (number, turn)
            if turn % 3:
                if portal.call(given, mine) != mine:
                    wrong.append(mine)
            else:
                try:
                    portal.call(refused, LookupError(mine))
                    wrong.append(mine)
                except LookupError as error:
                    if error.args != (mine,):
                        wrong.append(mine)

    in_threads(64, work)
    assert wrong == []


def test_a_slow_call_holds_up_none_of_the_fast_ones() -> None:
    release = threading.Event()

    async def slow() -> str:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return "slow"

    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(portal.call(slow)))
    waiting.start()

    def fast(number: int) -> None:
        for _ in range(50):
            assert portal.call(given, number) == number

    in_threads(8, fast)
    assert answers == []
    release.set()
    waiting.join(10)
    assert answers == ["slow"]


def test_64_threads_share_one_client(
    make_sandbox: Callable[..., Sandbox], make_sync_client: Callable[..., Client]
) -> None:
    sandbox = make_sandbox(forgiven=0.04)
    cpl = make_sync_client(sandbox)
    found: dict[int, list[str]] = {}

    def work(number: int) -> None:
        batch = cpl.shipment_batches.create([shipment(f"t{number}")])
        found[number] = list(batch.references)

    in_threads(64, work)
    assert found == {number: [f"t{number}"] for number in range(64)}
    assert sorted(s.reference for s in sandbox.shipments()) == sorted(f"t{number}" for number in range(64))


def frames_of(error: BaseException) -> list[str]:
    return [
        Path(frame.filename).parent.name + "/" + Path(frame.filename).name
        for frame in traceback.extract_tb(error.__traceback__)
    ]


def test_a_traceback_shows_the_callers_line_and_the_cores(cpl: Client) -> None:
    with pytest.raises(NotFound) as caught:
        cpl.shipment_batches.get("none")
    frames = frames_of(caught.value)
    assert frames[0] == f"facade/{HERE}"
    assert frames[1] == "resources/shipment_batches.py"
    assert frames[-1] == "transport/requester.py"
    assert not any(Path(cpl_sync.__file__).parent.name in frame for frame in frames)
    assert caught.value.__context__ is None
    with pytest.raises(ValidationError) as refusal:
        list(cpl.shipments.iterate(page=0))
    assert frames_of(refusal.value)[:2] == [f"facade/{HERE}", "resources/base.py"]
    with pytest.raises(TypeError) as mistake:
        cpl.shipments.list(5)  # type: ignore[call-arg]  # the mistake that is tried
    assert frames_of(mistake.value) == [f"facade/{HERE}"]
    with pytest.raises(ConfigurationError) as setting:
        Client(client_id="", client_secret="")
    assert frames_of(setting.value) == [f"facade/{HERE}", "cpl_async/client.py"]
    with pytest.raises(ConfigurationError) as missing:
        Client.from_env({})
    assert frames_of(missing.value)[:2] == [f"facade/{HERE}", "cpl_async/client.py"]
    iterator = portal.iterate(Course().numbers, 3)
    next(iterator)
    for words in ("while it goes on", "when it has ended"):
        with pytest.raises(LookupError) as thrown:
            iterator.throw(LookupError(words))
        assert not [frame for frame in frames_of(thrown.value) if frame.startswith("cpl_sync/")]


class Stop(BaseException):
    """What a framework raises from a signal handler."""


@pytest.fixture
def stopped_soon() -> Iterator[Callable[..., None]]:
    """Have an exception raised in this thread by a signal, once something has happened."""
    before = signal.getsignal(signal.SIGUSR1)
    threads: list[threading.Thread] = []

    def stop(kind: type[BaseException], after: threading.Event, times: int = 1) -> None:
        def handler(number: int, frame: object) -> None:
            raise kind

        def send() -> None:
            for _ in range(times):
                assert after.wait(10)
                after.clear()
                os.kill(os.getpid(), signal.SIGUSR1)

        signal.signal(signal.SIGUSR1, handler)
        threads.append(threading.Thread(target=send))
        threads[-1].start()

    yield stop
    for thread in threads:
        thread.join(10)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stop])
def test_a_signal_cancels_the_call_and_waits_for_cleanup(
    stopped_soon: Callable[..., None], kind: type[BaseException]
) -> None:
    begun, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            cleaned.set()

    stopped_soon(kind, begun)
    with pytest.raises(kind) as caught:
        portal.call(work)
    assert cleaned.is_set()
    assert frames_of(caught.value)[-1] == f"facade/{HERE}"
    assert portal.call(given, 1) == 1


def test_a_second_signal_does_not_wait(stopped_soon: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "CLEANUP_SECONDS", 10.0)
    busy, release = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            busy.set()
            await asyncio.sleep(60)
        finally:
            busy.set()
            while not release.is_set():
                await asyncio.sleep(0.01)

    stopped_soon(KeyboardInterrupt, busy, times=2)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            portal.call(work)
    finally:
        release.set()
    assert isinstance(caught.value.__context__, KeyboardInterrupt)  # the second one, while the first was dealt with
    assert portal.call(given, 1) == 1


def test_clean_up_that_takes_too_long_is_not_waited_for(
    stopped_soon: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "CLEANUP_SECONDS", 0.1)
    begun, release = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            while not release.is_set():
                await asyncio.sleep(0.01)

    stopped_soon(KeyboardInterrupt, begun)
    with pytest.raises(KeyboardInterrupt) as caught:
        portal.call(work)
    release.set()
    assert caught.value.__notes__ == ["the call did not end in time: what became of it is unknown"]


def test_an_interrupt_says_what_is_known_of_the_call(
    sandbox: Sandbox, make_sync_client: Callable[..., Client], stopped_soon: Callable[..., None]
) -> None:
    left = threading.Event()

    def on_event(event: Event) -> None:
        if event.kind is EventKind.REQUEST and event.operation == "shipment_batches.create":
            left.set()

    cpl = make_sync_client(sandbox, on_event=on_event)
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=30))
    stopped_soon(KeyboardInterrupt, left)
    with pytest.raises(KeyboardInterrupt) as caught:
        cpl.shipment_batches.create([shipment("r1")], correlation_id="my-id")
    known = "shipment_batches.create was cancelled: outcome unknown [correlation id my-id]"
    advice = "It may have been done: ask for the references before anything is sent again (r1)"
    assert caught.value.__notes__ == [f"{known}. {advice}"]
    assert cpl.info.get().version  # the client still works


def test_an_interrupt_while_a_batch_is_waited_for_names_it(
    make_sandbox: Callable[..., Sandbox], make_sync_client: Callable[..., Client], stopped_soon: Callable[..., None]
) -> None:
    looked = threading.Event()

    def on_event(event: Event) -> None:
        if event.kind is EventKind.RESPONSE and event.operation == "shipment_batches.get":
            looked.set()

    batch = make_sync_client(make_sandbox(speed=0.001), on_event=on_event).shipment_batches.create([shipment("r1")])
    stopped_soon(KeyboardInterrupt, looked)
    with pytest.raises(KeyboardInterrupt) as caught:
        batch.wait()
    assert (
        caught.value.__notes__[-1]
        == f"batch {batch.id} was accepted and its import continues: poll it again with its handle"
    )


def test_an_interrupt_while_shipments_are_tracked_says_so(
    sandbox: Sandbox, make_sync_client: Callable[..., Client], stopped_soon: Callable[..., None]
) -> None:
    asked = threading.Event()
    cpl = make_sync_client(sandbox, on_event=lambda event: asked.set() if event.kind is EventKind.REQUEST else None)
    cpl.codelists.products()
    asked.clear()
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipments.list", seconds=30))
    stopped_soon(KeyboardInterrupt, asked)
    with pytest.raises(KeyboardInterrupt) as caught:
        list(cpl.shipments.track(["1"]))
    assert caught.value.__notes__ == ["the call was cancelled"]


def test_a_call_that_is_broken_off_before_it_began_was_not_sent(stopped_soon: Callable[..., None]) -> None:
    begun: list[bool] = []
    busy = threading.Event()

    def hold_up() -> None:
        while not loop_thread()._inbox:  # until the call has been put there
            time.sleep(0.001)
        busy.set()
        time.sleep(0.3)

    async def work() -> None:
        begun.append(True)

    loop_thread().post(hold_up)
    stopped_soon(KeyboardInterrupt, busy)
    with pytest.raises(KeyboardInterrupt) as caught:
        portal.call(work)
    assert caught.value.__notes__ == ["the call had not begun: nothing was sent"]
    assert portal.call(given, 1) == 1
    assert begun == []


def test_two_signals_at_once_leave_no_call_running() -> None:
    """The second handler raises before the first has been dealt with."""
    ended, begun = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            ended.set()

    def handler(number: int, frame: object) -> None:
        raise Stop(number)

    before = {number: signal.signal(number, handler) for number in (signal.SIGUSR1, signal.SIGUSR2)}

    def send() -> None:
        begun.wait(10)
        signal.pthread_kill(main, signal.SIGUSR1)
        signal.pthread_kill(main, signal.SIGUSR2)

    main = threading.get_ident()
    try:
        sender = threading.Thread(target=send)
        sender.start()
        with pytest.raises(Stop):
            portal.call(work)
        assert ended.wait(10)
    finally:
        with contextlib.suppress(Stop):
            sender.join(10)
        for number, was in before.items():
            signal.signal(number, was)


def test_a_hook_that_exits_does_not_end_the_loop(sandbox: Sandbox, make_sync_client: Callable[..., Client]) -> None:
    def on_event(event: Event) -> None:
        raise SystemExit(event.operation)

    for _ in range(2):
        with pytest.raises(SystemExit):
            make_sync_client(sandbox, on_event=on_event).codelists.products()
    assert make_sync_client(sandbox).info.get().version


def test_a_task_that_exits_does_not_end_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def leave() -> None:
        raise SystemExit

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(leave())

    task = portal.call(begin)
    assert portal.call(given, 1) == 1
    assert isinstance(task.exception(), SystemExit)
    assert "the event loop goes on" in caplog.text


def test_inside_a_running_loop_it_works_and_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_warned", False)

    async def careless() -> list[int]:
        return [portal.call(given, 1), portal.call(given, 2)]

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert asyncio.run(careless()) == [1, 2]
    assert [warning.category for warning in seen] == [RuntimeWarning]
    assert "cpl_async.Client" in str(seen[0].message)
    assert seen[0].filename == __file__


def test_an_async_iterable_is_refused(cpl: Client) -> None:
    with pytest.raises(ConfigurationError, match="async iterable"):
        cpl.shipments.track(cast("Any", Course().numbers(3)))
    with pytest.raises(ConfigurationError, match="async iterable"):
        cpl.shipment_batches.create(cast("Any", Course().numbers(3)))


def test_on_the_loops_own_thread_it_is_an_error_at_once(cpl: Client) -> None:
    async def careless() -> None:
        cpl.info.get()

    with pytest.raises(ConfigurationError, match="own event loop's thread"):
        portal.call(careless)


def test_context_variables_are_seen_as_the_caller_had_them(sandbox: Sandbox, cpl: Client) -> None:
    async def state() -> str:
        return STATE.get()

    def work(number: int) -> None:
        STATE.set(f"of {number}")
        seen[number] = portal.call(state)

    seen: dict[int, str] = {}
    in_threads(8, work)
    assert seen == {number: f"of {number}" for number in range(8)}
    marker = cpl_sync.correlation_id.set("of-the-web-request")
    try:
        cpl.info.get()
    finally:
        cpl_sync.correlation_id.reset(marker)
    assert sandbox.ledger.entries[-1].correlation_id == "of-the-web-request"


def test_an_iterator_is_lazy_and_leaving_it_early_closes_it() -> None:
    course = Course()
    for number in portal.iterate(course.numbers, 1_000_000):
        if number == 2:
            break
    assert course.ended.wait(5)
    assert course.yielded == 3
    course = Course()
    iterator = portal.iterate(course.numbers, 10)
    assert course.yielded == 0
    assert next(iterator) == 0
    iterator.close()
    assert course.ended.is_set()
    assert list(iterator) == []
    course = Course()
    assert list(portal.iterate(course.numbers, 3)) == [0, 1, 2]
    assert course.ended.is_set()


def test_an_iterator_can_be_thrown_into() -> None:
    course = Course()
    iterator = portal.iterate(course.numbers, 10)
    next(iterator)
    with pytest.raises(LookupError):
        iterator.throw(LookupError("mine"))
    assert course.ended.is_set()
    with pytest.raises(StopIteration):
        next(iterator)


def test_iterables_are_read_in_the_callers_thread() -> None:
    mine, inside, seen = threading.get_ident(), [False], []

    def source() -> Iterator[int]:
        for number in range(5):
            seen.append((threading.get_ident() == mine, inside[0]))
            yield number

    results = []
    iterator = portal.iterate(each_doubled, source())
    while True:
        inside[0] = True
        value = next(iterator, None)
        inside[0] = False
        if value is None:
            break
        results.append(value)
        assert len(seen) == len(results)  # as it is needed, not ahead
    assert results == [0, 2, 4, 6, 8]
    assert seen == [(True, True)] * 5


def test_an_iterable_for_a_call_is_read_in_the_callers_thread(cpl: Client) -> None:
    mine = threading.get_ident()

    def source() -> Iterator[Any]:
        for number in range(3):
            assert threading.get_ident() == mine
            yield shipment(f"s{number}")

    assert cpl.shipment_batches.create(source()).references == ("s0", "s1", "s2")


def test_leaving_early_unwinds_both_sides_in_their_own_threads() -> None:
    mine, ended = threading.get_ident(), []

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            ended.append(threading.get_ident() == mine)

    for value in portal.iterate(each_doubled, source()):
        if value == 4:
            break
    assert ended == [True]


def test_an_iterable_that_fails_fails_the_iteration() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise LookupError("the file is damaged")

    iterator = portal.iterate(each_doubled, source())
    assert next(iterator) == 2
    with pytest.raises(LookupError, match="damaged") as caught:
        next(iterator)
    assert frames_of(caught.value) == [f"facade/{HERE}"] * 2  # where it was asked for, and where it was raised


def test_a_callback_runs_in_the_callers_thread(cpl: Client) -> None:
    mine = threading.get_ident()
    batch = cpl.shipment_batches.create([shipment("w1")])
    numbers = batch.wait().numbers
    seen: list[tuple[bool, int]] = []

    def enough(tracked: Any) -> bool:
        again = cpl.shipments.list(shipment_numbers=[tracked.shipment_number])
        seen.append((threading.get_ident() == mine, len(again)))
        return True

    changes = list(cpl.shipments.watch(numbers, until=enough, every=0.05))
    assert seen == [(True, 1)]
    assert [change.number for change in changes] == numbers


def test_a_callback_that_fails_fails_the_call(cpl: Client) -> None:
    numbers = cpl.shipment_batches.create([shipment("w1")]).wait().numbers

    def enough(tracked: Any) -> bool:
        raise LookupError(tracked.shipment_number)

    with pytest.raises(LookupError, match=numbers[0]):
        list(cpl.shipments.watch(numbers, until=enough, every=0.05))


def test_a_callback_that_must_be_awaited_is_refused(cpl: Client, make_sync_client: Callable[..., Client]) -> None:
    numbers = cpl.shipment_batches.create([shipment("w1")]).wait().numbers

    async def enough(tracked: Any) -> bool:
        return False

    with pytest.raises(ConfigurationError, match="give a plain function"):
        list(cpl.shipments.watch(numbers, until=cast("Any", enough), every=0.05))

    async def on_event(event: Event) -> None:
        return None

    with pytest.raises(ConfigurationError, match="on_event must be awaited"):
        make_sync_client(client_id="a", on_event=on_event)


def test_every_call_that_takes_an_iterable_takes_a_generator(cpl: Client) -> None:
    numbers = cpl.shipment_batches.create(shipment(f"g{n}") for n in range(2)).wait().numbers
    changes = cpl.shipments.watch((number for number in numbers), until=lambda _: True, every=0.05)
    assert sorted(change.number for change in changes) == sorted(numbers)
    assert [result.number for result in cpl.shipments.track(number for number in numbers)] == numbers
    assert all(problem.warning for problem in cpl.check(shipment(f"g{n}") for n in range(2)))


def test_an_iterator_refuses_a_second_reader() -> None:
    inside, go_on = threading.Event(), threading.Event()

    async def slow() -> AsyncGenerator[int, None]:
        for number in range(3):
            inside.set()
            while not go_on.is_set():
                await asyncio.sleep(0.01)
            yield number

    iterator = portal.iterate(slow)
    results: list[int] = []
    reader = threading.Thread(target=lambda: results.extend(iterator))
    reader.start()
    assert inside.wait(10)
    for use in (lambda: next(iterator), iterator.close):
        with pytest.raises(ValueError, match="being read already"):
            use()
    go_on.set()
    reader.join(10)
    assert results == [0, 1, 2]


def test_an_iterator_may_not_be_read_by_what_it_reads() -> None:
    def source() -> Iterator[int]:
        yield next(iterator)

    iterator = portal.iterate(each_doubled, source())
    with pytest.raises(ValueError, match="being read already"):
        next(iterator)


def test_an_iterator_in_a_cycle_is_closed_once(caplog: pytest.LogCaptureFixture) -> None:
    courses = [Course() for _ in range(50)]
    for course in courses:
        iterator = portal.iterate(course.numbers, 100)
        next(iterator)
        cycle: list[Any] = [iterator]
        cycle.append(cycle)
        del iterator, cycle
    gc.collect()
    assert all(course.ended.wait(10) for course in courses)

    async def settle() -> None:
        await asyncio.sleep(0.05)
        gc.collect()

    portal.call(settle)
    assert caplog.text == ""
    assert loop_thread().pinned == set()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"])
def test_an_iterator_is_not_copied_and_goes_on(copied: Callable[[Any], object]) -> None:
    course = Course()
    iterator = portal.iterate(course.numbers, 5)
    first = next(iterator)
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        copied(iterator)
    gc.collect()
    assert not course.ended.is_set()
    assert len([first, *iterator]) == 5


def test_an_event_hook_runs_in_the_thread_of_its_call(
    sandbox: Sandbox, make_sync_client: Callable[..., Client]
) -> None:
    seen: list[tuple[str, str]] = []
    cpl = make_sync_client(
        sandbox, on_event=lambda event: seen.append((event.correlation_id, threading.current_thread().name))
    )
    cpl.info.get()

    def work(number: int) -> None:
        threading.current_thread().name = f"id-{number}"
        cpl.info.get(correlation_id=f"id-{number}")

    seen.clear()
    in_threads(4, work)
    assert len(seen) == 8  # request and answer
    assert all(identifier == thread for identifier, thread in seen)


def test_a_closed_client_says_so_and_closing_twice_is_fine(sandbox: Sandbox) -> None:
    cpl = Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url)
    cpl.info.get()
    cpl.close()
    cpl.close()
    with pytest.raises(ConfigurationError, match="the client is closed"):
        cpl.info.get()


def test_there_is_one_background_loop_in_a_daemon_thread(
    sandbox: Sandbox, make_sync_client: Callable[..., Client]
) -> None:
    for _ in range(3):
        make_sync_client(sandbox).info.get()
    threads = [thread for thread in threading.enumerate() if thread.name == "cpl-sync"]
    assert threads == [loop_thread().thread]
    assert threads[0].daemon


def settled(count: Callable[[], int], most: int) -> int:
    deadline = time.monotonic() + 10
    while count() > most and time.monotonic() < deadline:
        time.sleep(0.01)
    return count()


class NoPace(ProcessLimits):
    """Limits without the distance between requests, so that thousands of them take seconds."""

    def pacer(self, credentials: Credentials) -> Pacer:
        return Pacer(0.0)


def test_10_000_calls_leave_nothing_behind(
    make_sandbox: Callable[..., Sandbox], make_sync_client: Callable[..., Client]
) -> None:
    """No thread, task, socket or memory: requests, iterators left early and failed calls alike."""
    import gc

    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    sandbox = make_sandbox(interval=0.0)
    cpl = make_sync_client(sandbox, shared=NoPace())

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects()) - len(sandbox.ledger.entries)  # the sandbox is in this process and remembers

    def some(count: int) -> None:
        for _ in range(count // 3):
            cpl.info.get()
        for number in range(count):
            portal.call(given, number)
            iterator = portal.iterate(Course().numbers, 10)
            next(iterator)
            del iterator
            with pytest.raises(LookupError):
                portal.call(refused, LookupError())

    async def tasks() -> int:
        return len(asyncio.all_tasks()) - 1

    cpl.info.get()
    some(300)
    before, objects_before = (threading.active_count(), process.num_fds()), objects()
    some(3000)
    assert settled(lambda: portal.call(tasks), 0) == 0
    assert (threading.active_count(), process.num_fds()) == before
    assert objects() - objects_before < 500


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
def test_uvloop_is_used_when_present_and_can_be_turned_off(program: Callable[..., Any]) -> None:
    pytest.importorskip("uvloop")
    text = """
        from cpl_sync import Client
        from cpl_sync.loop_thread import loop_thread
        with Client.from_env() as cpl:
            kinds = [kind.__module__ for kind in type(loop_thread().loop).__mro__]
            print(bool(cpl.info.get().version), any("uvloop" in kind for kind in kinds))
    """
    assert program(text).stdout.split() == ["True", "True"]
    assert program(text, CPL_UVLOOP="0").stdout.split() == ["True", "False"]


def test_a_loop_that_was_not_woken_is_woken_by_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between filling the inbox and waking the loop must not hang all calls that follow."""
    loop = loop_thread()
    monkeypatch.setattr(steps, "WAKE_SECONDS", 0.05)
    assert portal.call(given, 1) == 1
    loop._awake = True  # as it stands when a signal came in between
    assert portal.call(given, 2) == 2
