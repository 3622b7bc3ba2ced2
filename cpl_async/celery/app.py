"""Celery's app for those who have none of their own, and for ``cpl ship --distributed``.

``celery --app cpl_async.celery.app worker`` runs a worker. Broker and results are at the address in
``CPL_BROKER``, and ``CPL_LEASE`` has the seconds after which a worker that is not heard of has lost its part.
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
    worker_prefetch_multiplier=1,  # a part is long: none waits behind another while a worker has nothing to do
)
app.set_default()
