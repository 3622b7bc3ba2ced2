"""Celery's workers carry a job: every task's work is what the journal says, however often and however late it comes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from benchmarks.servers import PostgreSQL, Redis
from cpl_async import Client, ConfigurationError
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..cli.conftest import Runner, access_to, cpl
from ..conftest import many_rows, write_rows
from ..serving import served

__all__ = ["cpl"]  # a fixture
celery = pytest.importorskip("cpl_async.celery.tasks", reason="Celery is not installed")
exceptions = pytest.importorskip("celery.exceptions")
SoftTimeLimitExceeded, Retry = exceptions.SoftTimeLimitExceeded, exceptions.Retry


class Queue:
    """Stands for Celery's app: what is put in its queue is done when it is told so, by this process."""

    def __init__(self, client: Callable[[], Client], **conf: Any) -> None:
        self.conf: dict[str, Any] = {"cpl_client": lambda account: client(), "cpl_lease": 4.0, **conf}
        self.tasks = {"cpl.process_shard": self}
        self.timelimit: tuple[int | None, int | None] = (None, None)
        self.waiting: list[tuple[tuple[Any, ...], dict[str, Any], float | None]] = []
        self.results: list[dict[str, Any]] = []
        self.told: list[tuple[str, str, dict[str, Any]]] = []

    @contextmanager
    def connection_for_write(self) -> Iterator[Any]:
        yield SimpleNamespace(ensure_connection=lambda **_: None)

    def apply_async(self, arguments: Any, options: Any, countdown: float | None) -> None:
        self.waiting.append((arguments, options, countdown))

    def do_next(self) -> dict[str, Any]:
        """Do the first task that waits for no moment."""
        place = next(n for n, (_, _, countdown) in enumerate(self.waiting) if countdown is None)
        arguments, options, _ = self.waiting.pop(place)
        return self.do(*arguments, **options)

    def do_all(self) -> None:
        while self.ready:
            self.do_next()

    def do(self, *arguments: Any, identifier: str | None = None, retries: int = 0, **options: Any) -> dict[str, Any]:
        def retry(*, exc: Exception, countdown: float, max_retries: int) -> Exception:
            if retries >= max_retries:
                raise exc
            self.waiting.append((arguments, {**options, "retries": retries + 1}, countdown))
            again: Exception = Retry(exc=exc)
            return again

        def note(task_id: str, state: str, meta: dict[str, Any]) -> None:
            self.told.append((task_id, state, meta))

        request = SimpleNamespace(id=identifier, timelimit=self.timelimit, retries=retries)
        task = SimpleNamespace(app=self, request=request, update_state=note, retry=retry)
        try:
            done: dict[str, Any] = celery._process_shard(task, *arguments, **options)
        except Retry as again:
            done = {"shard": None, "is_finished": False, "problem": str(again.exc)}
        self.results.append(done)
        return done

    @property
    def ready(self) -> int:
        return sum(countdown is None for _, _, countdown in self.waiting)


@pytest.fixture
def queue(tmp_path: Path, sandbox: Sandbox, database: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setenv("CPL_JOURNAL", database.url)
    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))
    return Queue(lambda: Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url))


def ship(queue: Queue, tmp_path: Path, rows: int = 40, **options: Any) -> Any:
    path = write_rows(tmp_path / "rows.csv", many_rows(rows))
    options = {
        "name": "job",
        "shard_size": 20,
        "batch_size": 10,
        "settle_time": 1.0,
        "pilot_rows": 0,
        "reports": False,
    } | options
    return celery.ship_job(path, out=tmp_path / "out", app=queue, **options)


def references(sandbox: Sandbox) -> list[str]:
    return [shipment.reference for shipment in sandbox.shipments() if shipment.error_code is None]


def test_tasks_process_shards_and_the_last_makes_labels(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    job = ship(queue, tmp_path)
    assert (job.name, job.rejected, queue.ready) == ("job", (), 2)
    assert job.stats().shards == 2
    queue.do_all()
    assert [result["shard"] is not None for result in queue.results].count(True) == 3
    assert queue.results[-1]["is_finished"] or any(result["is_finished"] for result in queue.results)
    assert job.stats().is_finished
    rows = job.wait(timeout=1)
    assert (rows.rows, rows.shipped, rows.state) == (40, 40, "finished")
    assert (tmp_path / "out" / "labels.pdf").exists()
    assert len(references(sandbox)) == len(set(references(sandbox))) == 40


def test_a_task_that_comes_again_or_for_nothing_does_nothing(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    job = ship(queue, tmp_path, rows=20)
    threads = [threading.Thread(target=queue.do, args=("job", "")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result["shard"] is not None for result in queue.results) in (1, 2)
    queue.do_all()
    queue.do("job", "")
    assert queue.results[-1]["shard"] is None
    assert job.rows().shipped == 20
    assert len(references(sandbox)) == 20
    queue.waiting.clear()
    again = ship(queue, tmp_path, rows=20)
    queue.do_all()
    assert again.rows().shipped == 20
    assert len(references(sandbox)) == 20


def test_one_task_looks_after_what_dead_workers_leave(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    ship(queue, tmp_path)
    queue.do_next()
    later = [(options, countdown) for _, options, countdown in queue.waiting if countdown is not None]
    assert [options for options, _ in later] == [{"is_watch": True}]
    queue.do_next()
    assert sum(countdown is not None for _, _, countdown in queue.waiting) == 1  # one at a time
    queue.waiting.clear()  # the broker has forgotten all
    queue.do("job", "", is_watch=True)
    queue.do_all()
    assert celery.shipping_job("job", app=queue).stats().is_finished
    assert len(references(sandbox)) == 40


def test_an_unfinished_shard_is_retried_and_fails_at_last(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    job = ship(queue, tmp_path, rows=20)
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, operation="shipment_batches.create", status=404, times=9))
    result = queue.do_next()
    assert result["problem"]
    again = [(options, countdown) for _, options, countdown in queue.waiting if "retries" in options]
    assert again == [({"retries": 1}, celery.FIRST_RETRY_SECONDS)]
    assert result["problem"] == f"job: {job.stats().problem}"
    with pytest.raises(celery.ShardFailed, match="job: "):
        queue.do("job", "", retries=celery.MAX_FAILURES - 1)
    sandbox.faults.clear()
    queue.waiting.clear()
    job.requeue()
    queue.do_all()
    assert job.rows().shipped == 20


def test_what_cannot_be_used_is_said_before_anything_is_sent(
    queue: Queue, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="give its whole path"):
        celery.ship_job(tmp_path / "rows.csv", out="out", app=queue)
    with pytest.raises(ConfigurationError, match="shard_size is a number of rows"):
        ship(queue, tmp_path, shard_size=0)
    with pytest.raises(ConfigurationError, match="need a name"):
        celery.ship_job(many_rows(3), out=tmp_path / "out", app=queue)
    with pytest.raises(ConfigurationError, match=r"cpl_client gives a cpl_async\.Client, not str"):
        ship(Queue(lambda: "no"), tmp_path)  # type: ignore[arg-type, return-value]  # that is the point
    monkeypatch.delenv("CPL_JOURNAL")
    with pytest.raises(ConfigurationError, match="CPL_JOURNAL"):
        ship(queue, tmp_path)
    assert queue.waiting == []
    assert references(sandbox) == []


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "foo", "http://127.0.0.1:1"])
def test_a_missing_broker_is_reported_before_enqueueing(
    tmp_path: Path, environment: dict[str, str], cpl: Runner, address: str
) -> None:
    path = write_rows(tmp_path / "rows.csv", many_rows(5))
    out = tmp_path / "out"
    done = cpl("ship", path, "--out", out, "--distributed", status=2, access=environment | {"CPL_BROKER": address})
    assert "Celery's broker cannot be reached" in done.stderr
    assert json.loads(cpl("jobs", "list", "--json", access=environment).stdout) == []


def test_a_worker_with_another_account_refuses_the_task(
    queue: Queue, tmp_path: Path, make_sandbox: Callable[..., Sandbox], caplog: pytest.LogCaptureFixture
) -> None:
    ship(queue, tmp_path, rows=20)
    other = make_sandbox(clients={"other": "s"})
    queue.conf["cpl_client"] = lambda account: Client(client_id="other", client_secret="s", base_url=other.base_url)
    with pytest.raises(celery.ShardFailed, match="the job job is another account's than other at"):
        queue.do_next()
    assert queue.waiting == []
    with pytest.raises(celery.ShardFailed, match="there is no job 'job'"):  # a task that does not know whose it is
        queue.do("job", "")


def test_credentials_that_are_refused_are_not_tried_again_soon(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    job = ship(queue, tmp_path, rows=20)
    queue.conf["cpl_client"] = lambda account: Client(
        client_id="sandbox", client_secret="wrong", base_url=sandbox.base_url
    )
    before = len(sandbox.ledger.of("login.get_access_token"))
    with pytest.raises(celery.ShardFailed):
        queue.do_next()
    assert len(sandbox.ledger.of("login.get_access_token")) - before == 1
    assert [(options, countdown) for _, options, countdown in queue.waiting] == [({"is_watch": True}, 600.0)]
    assert "401" in job.stats().problem or "credentials" in job.stats().problem.lower()


async def test_an_event_loop_is_not_blocked(queue: Queue, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"asyncio\.to_thread"):
        ship(queue, tmp_path)
    job = await asyncio.to_thread(ship, queue, tmp_path)
    with pytest.raises(ConfigurationError, match=r"asyncio\.to_thread"):
        job.stats()


def test_rows_of_a_query_are_shipped(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    rows = many_rows(25)
    rows[7]["country"] = "Atlantis"
    options = {"name": "query", "shard_size": 10, "settle_time": 1.0, "pilot_rows": 0, "reports": False}
    job = celery.ship_job(iter(rows), out=tmp_path / "out", app=queue, **options)
    assert [(one.row, "country" in one.message) for one in job.rejected] == [(8, True)]
    queue.do_all()
    found = job.rows()
    assert (found.shipped, found.rejected) == (24, 1)


def test_a_task_says_how_far_its_part_is(queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery, "UPDATE_SECONDS", 0.0)
    ship(queue, tmp_path)
    queue.do("job", "", identifier="t-1")
    assert {(task, state) for task, state, _ in queue.told} == {("t-1", "PROGRESS")}
    counts = [meta for _, _, meta in queue.told]
    assert counts[0] == {"job": "job", "rows": 20, "sent": 0, "created": 0}
    assert counts[-1] == {"job": "job", "rows": 20, "sent": 20, "created": 20}


class TooLong(BaseException):
    """As Celery raises it in the middle of a task whose time is up."""


def raise_when_heard(error: type[BaseException], signal_number: int, frame: FrameType | None) -> None:
    """Raise an error where it is not lost: in a callback of the garbage collector, it would only be printed."""
    if frame is not None and frame.f_code.co_name == "_remove":
        threading.Timer(0.01, os.kill, (os.getpid(), signal_number)).start()
    else:
        raise error


def test_a_task_that_is_broken_off_gives_its_part_back(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    job = ship(queue, tmp_path, rows=20)
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=10.0))
    before = signal.signal(signal.SIGALRM, partial(raise_when_heard, TooLong))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        with pytest.raises(TooLong):
            queue.do_next()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (job.stats().free, job.stats().leased) == (1, 0)
    queue.waiting.clear()
    job.requeue()
    queue.do_all()
    rows = job.rows()
    assert rows.shipped + rows.shipped_without_label == 20
    assert len(references(sandbox)) == len(set(references(sandbox))) == 20


soft_limit = partial(raise_when_heard, SoftTimeLimitExceeded)
"""Raises what Celery's own handler raises."""


def test_a_soft_time_limit_releases_the_shard(queue: Queue, tmp_path: Path, sandbox: Sandbox) -> None:
    job = ship(queue, tmp_path, rows=20)
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=30.0))

    def end_when_sending() -> None:
        while not sandbox.ledger.of("login.get_access_token"):
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, soft_limit)
    threading.Thread(target=end_when_sending, daemon=True).start()
    try:
        result = queue.do_next()
        assert signal.getsignal(signal.SIGUSR1) is soft_limit
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert result["problem"] == f"job: {celery.TIME_LIMIT}"
    assert job.stats().problem == celery.TIME_LIMIT
    assert (job.stats().free, job.stats().leased) == (1, 0)
    [options] = [options for _, options, countdown in queue.waiting if countdown == celery.FIRST_RETRY_SECONDS]
    queue.waiting.clear()
    queue.do("job", "", **options)
    queue.do_all()
    rows = job.rows()
    assert rows.shipped + rows.shipped_without_label == 20
    assert len(references(sandbox)) == len(set(references(sandbox))) == 20


@pytest.mark.parametrize("limits", [{"request": (90, 60)}, {"conf": 90}])
def test_a_task_killed_at_its_limit_is_followed_by_another(
    queue: Queue, tmp_path: Path, sandbox: Sandbox, limits: dict[str, Any]
) -> None:
    def kill(*_: object) -> None:
        raise TooLong

    job = ship(queue, tmp_path, rows=20)
    if "conf" in limits:
        queue.conf["task_time_limit"] = limits["conf"]
    queue.timelimit = limits.get("request", (None, None))
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=10.0))
    before = signal.signal(signal.SIGALRM, kill)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        with pytest.raises(TooLong):
            queue.do_next()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert [(options, countdown) for _, options, countdown in queue.waiting] == [({"is_watch": True}, 4.0)]
    queue.waiting.clear()
    queue.do("job", "", is_watch=True)
    queue.do_all()
    assert job.stats().is_finished
    queue.waiting.clear()
    queue.do("job", "", is_watch=True)
    assert queue.waiting == []  # nobody looks after a job that is closed


def test_in_a_patched_process_the_worker_says_how_to_start(
    queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ship(queue, tmp_path, rows=20)
    monkeypatch.setattr(celery, "patched_by", lambda: "gevent")
    with pytest.raises(ConfigurationError, match=r"patched by gevent.*--pool prefork"):
        queue.do_next()
    with pytest.raises(ConfigurationError, match="patched by gevent"):
        job.stats()


def test_failed_tasks_say_why_no_worker_acts(queue: Queue, tmp_path: Path) -> None:
    good = SimpleNamespace(state="SUCCESS", result={"shard": 1})
    gave_up = SimpleNamespace(state="RETRY", result=celery.ShardFailed("HTTP 404"))
    failed = SimpleNamespace(state="FAILURE", result=ValueError("broken"))
    assert celery.why_tasks_failed([good, SimpleNamespace(state="PENDING", result=None)]) is None
    assert celery.why_tasks_failed([good, gave_up]) == "HTTP 404"
    assert celery.why_tasks_failed([good, failed]) == "broken"


def test_a_slow_look_does_not_blind_who_follows() -> None:
    from cpl_async.cli import distributed

    assert distributed.pause_after(0.001) == distributed.MIN_CHECK_SECONDS
    assert distributed.pause_after(14.0) == distributed.pause_after(1000.0) == distributed.MAX_CHECK_SECONDS <= 10


def test_other_queues_use_the_facade(
    tmp_path: Path, sandbox: Sandbox, database: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cpl_sync import Client as SyncClient

    monkeypatch.setenv("CPL_STATE_DIR", str(tmp_path / "state"))
    options: dict[str, Any] = {"settle_time": 1.0, "pilot_rows": 0, "reports": False}
    given: dict[str, Any] = {"client_id": "sandbox", "client_secret": "sandbox", "base_url": sandbox.base_url}
    with SyncClient(**given, journal=database.url) as cpl:
        handed = cpl.bulk.enqueue(iter(many_rows(30)), out=tmp_path / "out", name="any", shard_size=10, **options)
        assert (handed.job, handed.stats.free) == ("any", 3)
        seen: list[int] = []
        while not (
            worked := cpl.bulk.process_shard("any", lease=5, on_progress=lambda now: seen.append(now.sent))
        ).is_finished:
            assert worked.shard is not None
        assert worked.summary is not None
        assert worked.summary.shipped == 30
        assert cpl.bulk.shards("any").is_finished
        assert cpl.bulk.process_shard("any").shard is None
        assert max(seen) == 30
        with pytest.raises(ConfigurationError, match="lease is a number of seconds from 1 on"):
            cpl.bulk.process_shard("any", lease=0.5)


# --- with a broker and workers of its own


@contextmanager
def workers(folder: Path, environment: dict[str, str], count: int = 1, tasks: str = "") -> Iterator[None]:
    (folder / "tasks.py").write_text("from cpl_async.celery.app import app\n" + tasks)
    command = [sys.executable, "-m", "celery", "--app", "tasks", "worker", "--concurrency", str(count)]
    command += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    ready = folder / "ready"
    (folder / "tasks.py").write_text(
        (folder / "tasks.py").read_text()
        + "from celery.signals import worker_ready\n"
        + f"worker_ready.connect(lambda **_: open({str(ready)!r}, 'w').close(), weak=False)\n"
    )
    with served(command, folder, environment, ready.exists):
        yield


@pytest.fixture
def environment(tmp_path: Path, sandbox: Sandbox, database: PostgreSQL, server: Redis) -> dict[str, str]:
    own = {name: str(tmp_path / name) for name in ("state", "run")}
    for folder in own.values():
        Path(folder).mkdir()
    return access_to(sandbox) | {
        "CPL_JOURNAL": database.url,
        "CPL_BROKER": server.url,
        "CPL_STATE_DIR": own["state"],
        "CPL_RUNTIME_DIR": own["run"],
        "C_FORCE_ROOT": "1",
        "CPL_LEASE": "4",
    }


def test_a_file_is_handed_over_and_followed(
    tmp_path: Path, environment: dict[str, str], cpl: Runner, sandbox: Sandbox
) -> None:
    path = write_rows(tmp_path / "rows.csv", many_rows(60))
    command = [
        "ship",
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--distributed",
        "--shard-size",
        "20",
        "--pilot-rows",
        "0",
    ]
    with workers(tmp_path, environment, 2):
        done = cpl(*command, "--json", access=environment)
        again = cpl(*command, "--json", access=environment)
    assert '"shipped": 60' in done.stdout
    assert "60 sent" in done.stderr
    assert (tmp_path / "out" / "labels.pdf").exists()
    assert (tmp_path / "out" / "report.html").exists()
    assert '"already_done": true' in again.stdout
    assert len(references(sandbox)) == len(set(references(sandbox))) == 60


def test_a_shard_past_the_visibility_timeout_runs_once(
    tmp_path: Path, environment: dict[str, str], cpl: Runner, sandbox: Sandbox
) -> None:
    tasks = "app.conf.broker_transport_options = {'visibility_timeout': 1}\n"
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.get", seconds=1.5, times=3))
    path = write_rows(tmp_path / "rows.csv", many_rows(20))
    with workers(tmp_path, environment, 3, tasks):
        cpl("ship", path, "--out", tmp_path / "out", "--distributed", "--json", access=environment)
    assert len(references(sandbox)) == len(set(references(sandbox))) == 20
    assert len(sandbox.ledger.of("shipment_batches.create")) == 2  # the pilot, and the rest


def test_a_missing_worker_is_reported(
    tmp_path: Path, environment: dict[str, str], cpl: Runner, sandbox: Sandbox
) -> None:
    path = write_rows(tmp_path / "rows.csv", many_rows(20))
    command = ["ship", str(path), "--out", str(tmp_path / "out"), "--distributed", "--json"]
    following = cpl.start(*command, access=environment)
    assert following.stderr is not None
    while "sending: 20 rows" not in (line := following.stderr.readline()):  # it is handed over, and followed
        assert line, "it has ended"
    os.kill(following.pid, signal.SIGINT)
    _, said = following.communicate(timeout=20)
    assert following.returncode == 130
    [name] = [job["name"] for job in json.loads(cpl("jobs", "list", "--json", access=environment).stdout)]
    assert "0 of 1 done, 0 leased, 1 free" in cpl("jobs", "show", name, access=environment).stdout
    assert "the workers go on; run the same command again" in said
    assert references(sandbox) == []


@pytest.mark.parametrize("missing", ["CPL_BROKER", "CPL_JOURNAL"])
def test_what_handing_over_needs_is_named(
    tmp_path: Path, environment: dict[str, str], cpl: Runner, missing: str
) -> None:
    path = write_rows(tmp_path / "rows.csv", many_rows(5))
    without = environment | {missing: ""}
    done = cpl("ship", path, "--out", tmp_path / "out", "--distributed", status=2, access=without)
    assert f"{missing}=" in done.stderr
