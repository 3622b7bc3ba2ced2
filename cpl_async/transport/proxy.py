"""The proxy of a request: the one that is set, or the one that the environment names for its address."""

from __future__ import annotations

from yarl import URL

from ..settings import proxy_from

__all__ = ["proxy_for"]


def proxy_for(url: URL, *, proxy: str | None, trust_env: bool) -> str | None:
    """Return the address of the proxy for a request, or `None` if it goes directly.

    Only the proxy is taken from the environment. The HTTP library would also take credentials from ``.netrc``, which
    conflict with the token, and send them where no token is needed.

    :param url: Address of the request.
    :param proxy: The proxy that is set.
    :param trust_env: Whether ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` count where none is set.
    :raises ConfigurationError: The environment names a proxy that cannot be used.
    """
    if proxy is not None or not trust_env:
        return proxy
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get(url.scheme)
    if not found or (url.host and proxy_bypass(url.host)):
        return None
    return proxy_from(found, f"{url.scheme.upper()}_PROXY")
