"""Validation of base URLs, proxies and secret files."""

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
"""Maximum size of a secret file."""
PRODUCTION = "https://api.dhl.com/ecs/ppl/myapi2"
"""The vendor's production system."""
TESTING = "https://api-dev.dhl.com/ecs/ppl/myapi2"
"""The vendor's testing system."""


def base_url_from(text: str, *, allow_plain_http: bool = False) -> str:
    """Return a valid base URL without a trailing slash.

    :param text: URL up to and including ``/myapi2``.
    :param allow_plain_http: Whether to accept ``http`` for hosts other than loopback; token and data are then sent
        unencrypted. Default: ``False``.
    :raises ConfigurationError: If the URL is invalid or insecure.
    """
    try:
        url = URL(text.strip())
    except ValueError:
        raise ConfigurationError(f"the base URL {text!r} is invalid; example: {PRODUCTION}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(f"the base URL {text!r} is not an https URL; example: {PRODUCTION}")
    if url.user or url.password or url.query_string or url.fragment:
        raise ConfigurationError("the base URL must not contain a user, password, query or fragment")
    if url.scheme == "http" and not allow_plain_http and not is_loopback(url.host):
        raise ConfigurationError(
            f"the base URL {text!r} is not encrypted, and {url.host} is not this machine: use https"
        )
    return str(url).rstrip("/")


def proxy_from(text: str, name: str = "proxy") -> str:
    """Return the URL of a proxy. The default scheme is `http://`, as in curl.

    :param text: Host and port, with or without scheme, user and password.
    :param name: Name of the setting for the error message. Default: `proxy`.
    :raises ConfigurationError: If it is not the URL of an HTTP proxy. The message omits the value, because it may
        contain a password.
    """
    complete = text.strip() if "://" in text else f"http://{text.strip()}"
    try:
        url = URL(complete)
        is_valid = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        is_valid = False
    if not is_valid or not complete.isprintable() or " " in complete:
        raise ConfigurationError(f"{name} must be the URL of an HTTP proxy, for example http://proxy.example:3128")
    return complete


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def text_from_file(path: Path, limit: int) -> str:
    """Return the text of a file.

    :param path: Path of the file.
    :param limit: Maximum size in bytes.
    :raises OSError: If the file cannot be read.
    :raises ValueError: If the file is larger than the limit or not UTF-8.
    """
    with path.open("rb") as file:  # read with a limit, because a device or a pipe has no size
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None


def secret_from_file(path: Path) -> str:
    """Return the secret in a file, without surrounding whitespace.

    :param path: Path of the file.
    :raises ConfigurationError: If the file cannot be read, is empty or too large.
    """
    try:
        secret = text_from_file(path, MAX_SECRET_BYTES).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"the secret file {path} cannot be read: {reason}") from None
    if not secret:
        raise ConfigurationError(f"the secret file {path} is empty")
    return secret
