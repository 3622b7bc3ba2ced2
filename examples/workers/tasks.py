"""A shop's Celery app whose workers ship files and queries, exactly once, however many of them die.

    pip install 'cpl-sdk[distributed,report]' 'celery[redis]'
    cd examples/workers
    celery --app tasks worker --queues cpl --concurrency 1 --loglevel info
    python -c "from tasks import tonight; print(tonight('/srv/orders.csv').wait())"

Broker, journal and shared limits are in the environment: CPL_BROKER, CPL_JOURNAL and CPL_SHARED; see compose.yaml.
LABELS is the folder for labels and reports, which all workers see and may write to.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

from celery import Celery

from cpl_async import Client
from cpl_async.celery import ShipJob, ship_job

LABELS = Path(os.environ.get("LABELS", "/srv/labels"))
"""Where all workers see the same folder: the last one writes labels and reports there."""
BROKER = os.environ.get("CPL_BROKER", "redis://127.0.0.1:6379/0")

app = Celery("shop", broker=BROKER, backend=BROKER, include=["cpl_async.celery.tasks"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,  # a shard is long: no task waits behind another
    task_routes={"cpl.*": "cpl"},  # a queue of their own, that of `cpl ship --distributed`: shards delay nothing else
    beat_schedule={  # one for each account
        "requeue jobs that a broker has lost": {"task": "cpl.requeue_jobs", "schedule": 600.0, "args": [""]}
    },
    cpl_client="tasks.client",
    cpl_lease=float(os.environ.get("CPL_LEASE", "60")),
)


def client(account: str) -> Client:
    """Return the client of an account: one profile of the settings for each shop that this company ships for."""
    return Client.from_config(account or None)


def tonight(path: str, account: str = "", which: str = "orders", **options: Any) -> ShipJob:
    """Have the workers ship a file; call it again after any stop.

    :param which: tells the files of a day apart.
    """
    name = f"{account or 'own'}-{date.today().isoformat()}-{which}"
    return ship_job(path, name=name, account=account, out=LABELS / name, app=app, **options)
