"""Gives out access tokens and knows its own."""

from __future__ import annotations

import secrets
from typing import Any

import jwt

from .clock import wall_time
from .settings import SandboxSettings

__all__ = ["Tokens"]


class Tokens:
    """Tokens of this run: JWTs, signed with a key that nobody else has."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._key = secrets.token_hex(32)
        self._oldest = 0
        self._count = 0

    def is_valid(self, client_id: str, secret: str) -> bool:
        """Return whether these credentials are good."""
        return secrets.compare_digest(self._settings.clients.get(client_id, "").encode(), secret.encode()) and bool(
            secret
        )

    def issue(self, client_id: str) -> dict[str, Any]:
        """Return a new token as the API answers it."""
        self._count += 1
        now = int(wall_time())
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
            # the times are compared here: the library goes by a clock that a test may freeze
            claims = jwt.decode(
                token.strip(), self._key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except (jwt.InvalidTokenError, ValueError):  # or bytes that are no text
            return None
        is_good = int(claims["jti"]) > self._oldest and wall_time() < int(claims["exp"])
        return str(claims["sub"]) if is_good else None

    def expire_all(self) -> None:
        """Make all tokens given out so far bad, as if their time were up."""
        self._oldest = self._count
