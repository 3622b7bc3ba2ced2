"""Says whether an address or a secret can be used."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from yarl import URL

from .errors import ConfigurationError

__all__ = [
    "PRODUCTION",
    "TESTING",
    "base_url_from",
    "is_loopback",
    "proxy_from",
    "secret_from_file",
    "text_from_file",
]

MAX_SECRET_BYTES = 16 * 1024
"""Bytes of the file of a secret."""
PRODUCTION = "https://api.dhl.com/ecs/ppl/myapi2"
"""The vendor's production system."""
TESTING = "https://api-dev.dhl.com/ecs/ppl/myapi2"
"""The vendor's testing system."""


def base_url_from(text: str, *, allow_plain_http: bool = False) -> str:
    """Return a usable base URL without a slash at its end.

    :param text: the address up to and with ``/myapi2``.
    :param allow_plain_http: take ``http`` for another host than loopback too; token and data then go unencrypted.
    :raises ConfigurationError: when it cannot be used.
    """
    try:
        url = URL(text.strip())
    except ValueError:
        raise ConfigurationError(f"the base URL {text!r} cannot be read; it looks like {PRODUCTION}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(f"the base URL {text!r} is no https address; it looks like {PRODUCTION}")
    if url.user or url.password or url.query_string or url.fragment:
        raise ConfigurationError("the base URL must hold no user, password, query or fragment")
    if url.scheme == "http" and not allow_plain_http and not is_loopback(url.host):
        raise ConfigurationError(
            f"the base URL {text!r} is not encrypted, and {url.host} is not this machine: use https"
        )
    return str(url).rstrip("/")


def proxy_from(text: str, name: str = "proxy") -> str:
    """Return the address of a proxy; one without a scheme is completed with `http://`, as curl does.

    :param text: Host and port, with or without scheme, user and password.
    :param name: Name of the setting, for the error.
    :raises ConfigurationError: It is not the address of an HTTP proxy. The error does not show it, since it may hold a
        password.
    """
    complete = text.strip() if "://" in text else f"http://{text.strip()}"
    try:
        url = URL(complete)
        usable = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        usable = False
    if not usable or not complete.isprintable() or " " in complete:
        raise ConfigurationError(f"{name} must be the address of an HTTP proxy, for example http://proxy.example:3128")
    return complete


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def text_from_file(path: Path, limit: int) -> str:
    """Return the text of a file.

    :param limit: Largest number of bytes.
    :raises OSError: It cannot be read.
    :raises ValueError: It is larger than the limit, or not UTF-8.
    """
    with path.open("rb") as file:  # also a device or a pipe, which has no size
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None


def secret_from_file(path: Path) -> str:
    """Return the secret that a file holds, without the white space around it.

    :raises ConfigurationError: The file cannot be read, is empty or too large.
    """
    try:
        secret = text_from_file(path, MAX_SECRET_BYTES).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"the secret's file {path} cannot be read: {reason}") from None
    if not secret:
        raise ConfigurationError(f"the secret's file {path} is empty")
    return secret
