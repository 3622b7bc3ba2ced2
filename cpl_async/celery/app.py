"""A Celery app for projects without their own, and for ``cpl ship --distributed``.

``celery --app cpl_async.celery.app worker`` runs a worker. ``CPL_BROKER`` contains the address of broker and results.
``CPL_LEASE`` is the number of seconds after which a silent worker loses its shard.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

from ..bulk import LEASE_SECONDS
from ..errors import ConfigurationError

__all__ = ["BROKER", "app"]

BROKER, SECONDS = "CPL_BROKER", "CPL_LEASE"


def _lease() -> float:
    text = os.environ.get(SECONDS, "").strip()
    try:
        seconds = float(text) if text else LEASE_SECONDS
    except ValueError:
        seconds = 0.0
    if not seconds >= 1:
        raise ConfigurationError(f"{SECONDS} is a number of seconds from 1 on, not {text!r}")
    return seconds


_address: str | None = os.environ.get(BROKER, "").strip() or None
app: Any = Celery("cpl", broker=_address, backend=_address, include=["cpl_async.celery.tasks"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    cpl_lease=_lease(),
    result_expires=86_400,
    task_default_queue="cpl",
    task_ignore_result=_address is None,
    worker_prefetch_multiplier=1,  # a shard is long: no task may wait behind another while a worker is idle
)
app.set_default()
