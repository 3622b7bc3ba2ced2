"""Celery tasks that process the shards of a job, and the handle of a job that they process."""

from __future__ import annotations

from .tasks import ShardFailed, ShipJob, process_shard, requeue_jobs, ship_job, shipping_job

__all__ = ["ShardFailed", "ShipJob", "process_shard", "requeue_jobs", "ship_job", "shipping_job"]
