"""Celery tasks that process the shards of a job, whose progress is kept in the journal.

A task only contains the name of the job; its next step is read from the journal. So a task that is duplicated, late, or
lost with the broker costs no more than a look into the journal.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Mapping
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from anyio import to_thread
from attrs import field, frozen
from celery import current_app, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.imports import symbol_by_name

from ..bulk import LEASE_SECONDS, SHARD_SIZE, EnqueuedJob, Journal, NoSuchJob, RejectedRow, locate_journal
from ..client import Client
from ..errors import ConfigurationError, CplError, JournalError
from ..system.clock import monotonic
from ..system.process_identity import patched_by

if TYPE_CHECKING:
    from ..bulk import BulkJob, FileOptions, Progress, ShardResult, ShardStats
    from ..models.shipment_batches import Shipment

__all__ = [
    "JobTasks",
    "ShardFailed",
    "ShipJob",
    "check_broker",
    "process_shard",
    "requeue_jobs",
    "ship_job",
    "shipping_job",
    "why_tasks_failed",
]

logger: logging.Logger = logging.getLogger("cpl_async.distributed")
T = TypeVar("T")
MAX_TASKS = 64
"""Maximum number of tasks of a job that are enqueued at once. Each task that has processed a shard enqueues another."""
UPDATE_SECONDS = 1.0
"""Seconds between two state updates of a task."""
FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS = 5.0, 600.0
"""Seconds until an incomplete shard is retried: first pause and maximum. The pause doubles each time."""
MAX_FAILURES = 12
"""Maximum number of consecutive failed attempts of one task."""
CHECK_SECONDS = 1.0
"""Seconds between two checks of a job."""
REQUEUE_SECONDS = 30.0
"""Seconds without a worker for a free shard, after which its tasks are enqueued again. Doubles each time."""
BROKER_TIMEOUT = 5.0
SOFT_LIMIT: int = getattr(signal, "SIGUSR1", 0)
"""Signal for the soft time limit of a task in a process of Celery's pool; 0 on Windows."""
TIME_LIMIT = "the time limit of its task passed before the shard was done: give tasks more time, or make smaller shards"


def _process_shard(
    self: Any, name: str, account: str = "", journal: str = "", is_watch: bool = False
) -> dict[str, Any]:
    """Process one shard of a job, or make labels and reports if all shards are done.

    A shard that is not completed is retried by Celery, after 5 seconds at first and 10 minutes at most.

    :param name: Name of the job.
    :param account: Account of the job, for which the client is created; see :func:`ship_job`.
    :param journal: Identifier of the journal of the job. This worker must use the same journal.
    :param is_watch: Whether this task checks for shards that dead workers have left. Default: false.
    :return: The processed shard, its result, and the state of the job's shards.
    :raises ShardFailed: A retry cannot help, or the task has failed twelve times.
    """
    tasks = JobTasks(self.app, name, account, journal)
    lease = float(self.app.conf.get("cpl_lease", LEASE_SECONDS))
    try:
        worked = _run(_work(self, tasks, lease), is_task=True)
    except ConfigurationError:
        raise
    except NoSuchJob as error:
        raise ShardFailed(str(error)) from error
    except SoftTimeLimitExceeded:
        raise _retry(self, name, TIME_LIMIT) from None
    except CplError as error:  # the database or the server is unavailable, or another worker has the shard
        raise _retry(self, name, str(error)) from error
    left = worked.stats
    if worked.retry_in is not None:
        tasks.put(countdown=worked.retry_in, is_watch=True)
    if worked.is_refused:
        raise ShardFailed(f"{name}: {worked.problem}")
    if is_watch and left.free and not left.leased:  # tasks were lost with their broker
        tasks.put(left.free)
    if worked.problem:
        raise _retry(self, name, worked.problem)
    if worked.shard is not None and left.free:
        tasks.put()
    return {
        "job": name,
        "shard": worked.shard,
        "is_finished": worked.is_finished,
        "shards": left.shards,
        "done": left.done,
    }


def _retry(task: Any, name: str, why: str) -> Exception:
    """Have Celery retry a task later, and return the exception that ends this attempt.

    :raises ShardFailed: The task has failed too often.
    """
    logger.warning("job %s: %s; trying again later", name, why)
    countdown = min(FIRST_RETRY_SECONDS * 2**task.request.retries, MAX_RETRY_SECONDS)
    error: Exception = task.retry(exc=ShardFailed(f"{name}: {why}"), countdown=countdown, max_retries=MAX_FAILURES - 1)
    return error


def _may_be_killed(task: Any) -> bool:
    """Return whether the pool kills the process of a task at a time limit."""
    limits = getattr(task.request, "timelimit", None) or (None,)
    return bool(limits[0] or getattr(task, "time_limit", None) or task.app.conf.get("task_time_limit"))


def _requeue_jobs(account: str = "") -> list[str]:
    """Enqueue tasks for every unfinished job of an account, e.g. every ten minutes by Celery's beat.

    Only needed if a broker without persistence has lost all tasks of a job, and no caller waits for the job.

    :param account: Account of the jobs; see :func:`ship_job`.
    :return: Names of the jobs.
    """
    names = _run(_unfinished(account))
    for name in names:
        JobTasks(current_app, name, account, "").put(is_watch=True)
    return names


process_shard: Any = shared_task(
    bind=True, name="cpl.process_shard", acks_late=True, reject_on_worker_lost=True, track_started=True
)(_process_shard)
"""Task that processes one shard of a job: ``process_shard.delay(name, account)``."""
requeue_jobs: Any = shared_task(name="cpl.requeue_jobs")(_requeue_jobs)
"""Task that resumes every unfinished job of an account: for Celery's beat, ``"schedule": 600, "args": [account]``."""


class ShardFailed(Exception):
    """A shard failed in every attempt. It is free for a worker of a later run."""


@frozen(kw_only=True)
class ShipJob:
    """A job that workers process."""

    name: str
    account: str = ""
    rejected: tuple[RejectedRow, ...] = field(default=(), repr=False)
    """Rows that the local validation rejected. They are not sent."""
    app: Any = field(default=None, repr=False, eq=False)
    """Celery app. Default: the current one."""
    tasks: list[Any] = field(factory=list, repr=False, eq=False)
    """Celery results of the enqueued tasks."""

    def stats(self) -> ShardStats:
        """Return the state of the job's shards from the journal."""
        return _run(_shard_stats(self._app, self.name, self.account))

    def rows(self) -> BulkJob:
        """Return the current number of rows by outcome from the journal."""
        return _run(_job(self._app, self.name, self.account))

    def requeue(self) -> None:
        """Enqueue tasks for the free shards of the job."""
        self.tasks.extend(JobTasks(self._app, self.name, self.account, "").put(self.stats().free))

    def wait(self, timeout: float | None = None, *, on_change: Callable[[ShardStats], object] | None = None) -> BulkJob:
        """Wait until labels and reports are created. Enqueue tasks again that were lost with their broker.

        :param timeout: Seconds to wait, at least 0. Default: no limit.
        :param on_change: Function that is called with the state of the shards at each change. Default: no function.
        :return: Number of rows by outcome.
        :raises TimeoutError: The job was not finished in time. The workers continue.
        :raises JournalError: The journal was unavailable for ten minutes.
        """
        deadline = None if timeout is None else monotonic() + timeout
        before: ShardStats | None = None
        moved, patience = monotonic(), REQUEUE_SECONDS
        lost_at: float | None = None
        while True:
            try:
                now = self.stats()
            except JournalError as error:  # e.g. the database restarts: the workers retry too
                if lost_at is None:
                    logger.warning("job %s: %s; trying again", self.name, error)
                lost_at = lost_at or monotonic()
                if monotonic() > min(lost_at + MAX_RETRY_SECONDS, deadline or inf):
                    raise
                time.sleep(CHECK_SECONDS)
                continue
            if now.is_finished:
                break
            lost_at = None
            told = before is None or (now.done, now.leased, now.free) != (before.done, before.leased, before.free)
            if told and on_change is not None:
                on_change(now)
            if told or now.leased or not now.free:
                moved = monotonic()
            elif monotonic() > moved + patience:
                why = why_tasks_failed(self.tasks) or now.problem
                logger.warning("no worker takes the job %s up: %s", self.name, why or "is one running?")
                self.requeue()
                moved, patience = monotonic(), min(2 * patience, MAX_RETRY_SECONDS)
            if deadline is not None and monotonic() > deadline:
                raise TimeoutError(f"the job {self.name} is not finished: {now.done} of {now.shards} shards are done")
            before = now
            time.sleep(CHECK_SECONDS)
        return self.rows()

    @property
    def _app(self) -> Any:
        return self.app if self.app is not None else current_app


def ship_job(
    source: str | Path | Iterable[Shipment | Mapping[str, Any]] | AsyncIterable[Shipment | Mapping[str, Any]],
    *,
    out: str | Path,
    name: str | None = None,
    account: str = "",
    app: Any = None,
    shard_size: int = SHARD_SIZE,
    columns: Mapping[str, str] | None = None,
    **options: Unpack[FileOptions],
) -> ShipJob:
    """Split a file or a query into shards and have Celery's workers ship them, exactly once even after failures.

    Rows are read and checked here, and are in the journal when this function returns; then their tasks are enqueued.
    Call it again after any interruption. A worker gets its client for an account from ``app.conf.cpl_client``: a
    function, or its address (``"shop.carriers:client"``). Default: the client of the settings, with the account as
    profile. ``app.conf.cpl_lease`` is the number of seconds after which a silent worker loses its shard. Default: 60.

    :param source: File or rows; see :meth:`Bulk.enqueue`.
    :param out: Absolute path of the folder for labels and reports, on the host of the last worker.
    :param name: Name of the job. Default: for a file, a name from its content.
    :param account: Account of the shipments. Default: no account.
    :param app: Celery app. Default: the current one.
    :param shard_size: Maximum number of rows in a shard, at least 1. Default: 10,000.
    :param columns: Columns of the rows; see :meth:`Bulk.ship`.
    :param options: Options of the job; see :class:`FileOptions`.
    :return: Handle of the job, to wait for it or to query its state.
    :raises ConfigurationError: The source or an option cannot be used, the journal is a file, or the broker cannot be
        reached. Nothing was enqueued.
    :raises JournalError: The journal cannot be used, or a run holds the job exclusively.
    """
    given = {**options, "out": out, "name": name, "shard_size": shard_size, "columns": columns}
    used = app if app is not None else current_app
    check_broker(used)
    handed, journal = _run(_hand_over(used, source, account, given))
    put = JobTasks(used, handed.job, account, journal).put(handed.stats.free)
    return ShipJob(name=handed.job, account=account, rejected=handed.rejected, app=app, tasks=put)


def shipping_job(name: str, *, account: str = "", app: Any = None) -> ShipJob:
    """Return the handle of an existing job by its name."""
    return ShipJob(name=name, account=account, app=app)


@frozen
class JobTasks:
    """The tasks of one job in the queue of one app."""

    app: Any
    name: str
    account: str
    journal: str

    def put(self, count: int = 1, *, countdown: float = 0.0, **more: Any) -> list[Any]:
        """Enqueue up to :data:`MAX_TASKS` tasks and return their Celery results.

        An unavailable broker only costs time, until the job is checked again.
        """
        put: list[Any] = []
        arguments = self.name, self.account, self.journal
        try:
            for _ in range(min(count, MAX_TASKS)):
                put.append(
                    self.app.tasks["cpl.process_shard"].apply_async(arguments, more, countdown=countdown or None)
                )
        except Exception as error:  # errors of kombu, of the broker's library, and of the result backend
            logger.warning("no task for the job %s could be put in the queue: %s", self.name, error)
        return put


def check_broker(app: Any) -> None:
    """Check that the broker is available, before rows are enqueued.

    :raises ConfigurationError: The broker cannot be reached, or its address is invalid.
    """
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=BROKER_TIMEOUT)
    except Exception as error:  # any error of its library
        raise ConfigurationError(
            f"Celery's broker cannot be reached: {error}",
            advice="See that it runs, and that its address is right, e.g. CPL_BROKER=redis://host:6379/0",
        ) from None


def why_tasks_failed(tasks: Iterable[Any]) -> str | None:
    """Return the error of a failed or retried task, or ``None`` if there is no failure or no result backend."""
    try:
        for task in tasks:
            if task.state in ("FAILURE", "RETRY"):
                return str(task.result)
        return None
    except Exception:  # without a result backend, or while it is unavailable
        return None


def _client_for(app: Any, account: str) -> Client:
    made_by = app.conf.get("cpl_client")
    if made_by is None:
        return Client.from_config(account or None)
    make: Any = symbol_by_name(made_by) if isinstance(made_by, str) else made_by
    client = make(account)
    if not isinstance(client, Client):
        raise ConfigurationError(f"cpl_client gives a cpl_async.Client, not {type(client).__name__}")
    return client


def _run(work: Coroutine[Any, Any, T], *, is_task: bool = False) -> T:
    """Run asynchronous work to its end, on a loop of its own.

    :param is_task: Whether the work runs in a Celery task, which may have a time limit. Default: false.
    :raises ConfigurationError: A loop already runs in this thread, or green threads share it.
    :raises SoftTimeLimitExceeded: The time limit of the task has passed.
    """
    problem: ConfigurationError | None = None
    if (library := patched_by()) is not None:
        problem = ConfigurationError(
            f"threads or sockets of this process are patched by {library}: its tasks would share one event loop",
            advice="Start the worker with --pool prefork, threads or solo, and call from a process that is not patched",
        )
    elif asyncio._get_running_loop() is not None:
        problem = ConfigurationError("this would block the event loop: call it by asyncio.to_thread(…)")
    if problem is not None:
        work.close()
        raise problem
    with asyncio.Runner() as runner:
        before = _soft_limit_handler() if is_task else None
        return runner.run(work) if before is None else _run_until_soft_limit(runner, work, before)


def _soft_limit_handler() -> Any:
    """Return Celery's handler of the soft time limit, or ``None`` if there is no such handler here."""
    if SOFT_LIMIT == 0 or threading.current_thread() is not threading.main_thread():
        return None
    before = signal.getsignal(SOFT_LIMIT)
    return before if callable(before) else None


def _run_until_soft_limit(runner: asyncio.Runner, work: Coroutine[Any, Any, T], before: Any) -> T:
    """Run work, and cancel it at the soft time limit of its task, so that it can clean up.

    Celery raises the limit as an exception at any point of the main thread. In the middle of a callback it would be
    mistaken for an error of that callback.

    :param before: Celery's handler of the limit.
    """
    is_over = False

    async def limited() -> T:
        task = asyncio.ensure_future(work)

        def end() -> None:
            nonlocal is_over
            is_over = True
            task.cancel(TIME_LIMIT)

        asyncio.get_running_loop().add_signal_handler(SOFT_LIMIT, end)
        return await task

    try:
        return runner.run(limited())
    except asyncio.CancelledError:
        if is_over:
            raise SoftTimeLimitExceeded(TIME_LIMIT) from None
        raise
    finally:
        runner.get_loop().remove_signal_handler(SOFT_LIMIT)
        signal.signal(SOFT_LIMIT, before)


async def _work(task: Any, tasks: JobTasks, lease: float) -> ShardResult:
    told_at = 0.0

    async def tell(progress: Progress) -> None:
        nonlocal told_at
        if monotonic() < told_at + UPDATE_SECONDS:
            return
        told_at = monotonic()
        counts = {"job": tasks.name, "rows": progress.rows, "sent": progress.sent, "created": progress.created}
        identifier = task.request.id
        await to_thread.run_sync(lambda: task.update_state(task_id=identifier, state="PROGRESS", meta=counts))

    async with _client_for(task.app, tasks.account) as client:
        if tasks.journal and (await locate_journal(client)).schema != tasks.journal:
            raise NoSuchJob(
                f"the job {tasks.name} is another account's than {client.client_id} at {client.base_url}, which this "
                f"worker's settings give for {tasks.account or 'no account'!r}"
            )
        if _may_be_killed(task):
            await _have_watched(client, tasks, lease)
        return await client.bulk.process_shard(tasks.name, lease=lease, on_progress=tell if task.request.id else None)


async def _have_watched(client: Client, tasks: JobTasks, lease: float) -> None:
    """Enqueue a task that checks the job, if the job has no such task: a killed task cannot enqueue another."""
    async with Journal.open(await locate_journal(client)) as journal:
        job = await journal.find(tasks.name)
        is_open = (await journal.shards.stats(job.id)).is_open
        if is_open and await journal.shards.reserve_watch(job.id, lease):
            await to_thread.run_sync(lambda: tasks.put(countdown=lease, is_watch=True))


async def _hand_over(app: Any, source: Any, account: str, given: dict[str, Any]) -> tuple[EnqueuedJob, str]:
    async with _client_for(app, account) as client:
        return await client.bulk.enqueue(source, **given), (await locate_journal(client)).schema


async def _shard_stats(app: Any, name: str, account: str) -> ShardStats:
    async with _client_for(app, account) as client:
        return await client.bulk.shards(name)


async def _job(app: Any, name: str, account: str) -> BulkJob:
    async with _client_for(app, account) as client:
        return await client.bulk.job(name)


async def _unfinished(account: str) -> list[str]:
    async with _client_for(current_app, account) as client, Journal.open(await locate_journal(client)) as journal:
        return await journal.shards.open_job_names()
