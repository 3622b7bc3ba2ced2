"""What several hosts share: one token and one pace through Redis.

:class:`RedisLimits` goes to a client as ``shared``. All who use the same credentials then keep the carrier's limits
together, on whatever host they are, and go on within their part of them while Redis is away.
"""

from __future__ import annotations

from .redis_limits import RedisLimits

__all__ = ["RedisLimits"]
