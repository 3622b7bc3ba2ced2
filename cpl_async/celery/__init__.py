"""Celery tasks that process the shards of a job, and the handle of a job that they process."""

from __future__ import annotations

from .tasks import ShardFailed, ShipJob, ship_job, shipping_job, take_up, work

__all__ = ["ShardFailed", "ShipJob", "ship_job", "shipping_job", "take_up", "work"]
