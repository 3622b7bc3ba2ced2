"""The proxy of a request: the configured one, or the one in the environment for its address."""

from __future__ import annotations

from yarl import URL

from ..settings import proxy_from

__all__ = ["proxy_for"]


def proxy_for(url: URL, *, proxy: str | None, trust_env: bool) -> str | None:
    """Return the address of the proxy for a request, or ``None`` if there is no proxy for it.

    Only the proxy is read from the environment. The HTTP library would also read credentials from ``.netrc``, which
    conflict with the token, and send them where no token is needed.

    :param url: Address of the request.
    :param proxy: Address of the configured proxy, or ``None`` if there is no proxy.
    :param trust_env: Whether ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` are used if no proxy is configured.
    :raises ConfigurationError: The environment contains a proxy that cannot be used.
    """
    if proxy is not None or not trust_env:
        return proxy
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get(url.scheme)
    if not found or (url.host and proxy_bypass(url.host)):
        return None
    return proxy_from(found, f"{url.scheme.upper()}_PROXY")
