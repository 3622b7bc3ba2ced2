"""Gives out access tokens and knows its own."""

from __future__ import annotations

import secrets
import time
from typing import Any

import jwt

from .settings import SandboxSettings

__all__ = ["Tokens"]


class Tokens:
    """Tokens of this run: JWTs, signed with a key that nobody else has."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._key = secrets.token_hex(32)
        self._oldest = 0
        self._count = 0

    def knows(self, client_id: str, secret: str) -> bool:
        """Return whether these credentials are good."""
        return secrets.compare_digest(self._settings.clients.get(client_id, "").encode(), secret.encode()) and bool(
            secret
        )

    def issue(self, client_id: str) -> dict[str, Any]:
        """Return a new token as the API answers it."""
        self._count += 1
        now = int(time.time())
        claims = {
            "sub": client_id,
            "iat": now,
            "exp": now + self._settings.token_seconds,
            "scope": "myapi2",
            "jti": str(self._count),
        }
        return {
            "access_token": jwt.encode(claims, self._key, algorithm="HS256"),
            "token_type": "Bearer",
            "expires_in": self._settings.token_seconds,
            "scope": "myapi2",
        }

    def client_of(self, authorization: str) -> str | None:
        """Return whose token an ``Authorization`` header holds; ``None`` when it is not good."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer":
            return None
        try:
            claims = jwt.decode(token.strip(), self._key, algorithms=["HS256"])
        except (jwt.InvalidTokenError, ValueError):  # or bytes that are no text
            return None
        return str(claims["sub"]) if int(claims["jti"]) > self._oldest else None

    def expire_all(self) -> None:
        """Make all tokens given out so far bad, as if their time were up."""
        self._oldest = self._count
