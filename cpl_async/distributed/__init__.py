"""Limits that several hosts share: one token and one rate limit through Redis.

Pass :class:`RedisLimits` to a client as ``shared``. All clients with the same credentials then keep the carrier's
limits together on all hosts. While Redis is unavailable, each continues within its share of them.
"""

from __future__ import annotations

from .redis_limits import RedisLimits

__all__ = ["RedisLimits"]
