"""Access tokens issued by the sandbox."""

from __future__ import annotations

import secrets
from typing import Any

import jwt

from .clock import wall_time
from .settings import SandboxSettings

__all__ = ["Tokens"]


class Tokens:
    """Issuer of JWTs signed with a random key of this run."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._key = secrets.token_hex(32)
        self._oldest = 0
        self._count = 0

    def is_valid(self, client_id: str, secret: str) -> bool:
        """Return whether credentials are valid."""
        return secrets.compare_digest(self._settings.clients.get(client_id, "").encode(), secret.encode()) and bool(
            secret
        )

    def issue(self, client_id: str) -> dict[str, Any]:
        """Return the response body with a new token for a client."""
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
        """Return the client id of the token in an ``Authorization`` header, or ``None`` if the token is invalid."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer":
            return None
        try:
            # expiry is checked below, because the library uses a clock that a test may freeze
            claims = jwt.decode(
                token.strip(), self._key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except (jwt.InvalidTokenError, ValueError):  # includes undecodable bytes
            return None
        is_valid = int(claims["jti"]) > self._oldest and wall_time() < int(claims["exp"])
        return str(claims["sub"]) if is_valid else None

    def expire_all(self) -> None:
        """Invalidate all issued tokens, as if they had expired."""
        self._oldest = self._count
