"""``cpl doctor``: checks of settings, network, clock, token, roles and limits, one by one."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click
from attrs import frozen
from yarl import URL

from ..client import Client
from ..errors import AuthenticationError, ConfigurationError, CplError, NotFound, PermissionDenied, RateLimited
from ..settings import is_loopback
from ..system.clock import monotonic, wall
from ..transport.proxy import proxy_for
from .access import Access
from .connection import Connection, connected
from .failures import NOT_ALL
from .output import print_text
from .tables import show

__all__ = ["doctor"]

PATIENCE = 10.0
"""Seconds for each step."""
CLOCK_OFF = 60.0
"""Seconds by which the machine's clock may be wrong without harm."""
CERTIFICATE_ENDS = 14
"""Days before the end of a certificate from which it is reported."""
PROBES = 10
"""Number of requests that test the rate limit."""
RUN_INIT = "Run `cpl init`, or set CPL_CLIENT_ID and CPL_CLIENT_SECRET; see --help"
OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"


@frozen
class CheckFinding:
    """The result of one step."""

    step: str
    result: str
    """``ok``, ``warning``, ``failed`` or ``skipped``."""
    what: str
    advice: str = ""


@click.command(short_help="Check settings, network, clock, token, roles and limits.")
@connected
def doctor(connection: Connection) -> None:
    """Check settings, reachability, TLS, clock, token, roles and limits one by one, and say what to do.

    Nothing is created or changed. Exit status 1: something failed.

    \b
    Example:
      cpl doctor --profile test
    """
    try:
        account = None if connection.sandbox else connection.chosen.account()
        findings = connection.run(lambda client: _all_steps(client, account))
    except ConfigurationError as error:
        findings = [
            CheckFinding(
                "settings", FAILED, error.message, error.next_step or ("" if connection.chosen.profile else RUN_INIT)
            )
        ]
    columns: dict[str, Any] = {
        "check": lambda one: one.step,
        "result": lambda one: one.result,
        "what was found": lambda one: one.what,
    }
    if connection.as_json:
        rows = [{"check": f.step, "result": f.result, "found": f.what, "advice": f.advice} for f in findings]
        show(rows, {}, as_json=True)
    else:
        show(findings, columns, as_json=False)
        for finding in findings:
            if finding.advice:
                print_text(f"{finding.step}: {finding.advice}")
    if any(finding.result == FAILED for finding in findings):
        raise SystemExit(NOT_ALL)


async def _all_steps(client: Client, account: Access | None) -> list[CheckFinding]:
    findings = [CheckFinding("settings", OK, f"{client.client_id} at {client.base_url}")]
    options: Mapping[str, Any] = {}
    if account is not None:
        findings += [CheckFinding(name, OK, f"from {place}") for name, place in account.origins.items()]
        options = account.options
    left = ["service", "token", "roles", "limits"]
    for steps in (_network(client, options), _service(client), _token(client)):
        async for finding in steps:
            findings.append(finding)
        if findings[-1].result == FAILED:  # what comes after rests on it
            return findings + [CheckFinding(step, SKIPPED, "rests on what failed") for step in left]
        left.pop(0)
    async for finding in _roles(client):
        findings.append(finding)
    findings.append(await _limits(client))
    return findings


async def _network(client: Client, options: Mapping[str, Any]) -> AsyncIterator[CheckFinding]:
    url = target = URL(client.base_url)
    proxy = proxy_for(url, proxy=options.get("proxy"), trust_env=options.get("trust_env", False))
    if proxy is not None:
        target = URL(proxy)
        source = "the settings" if options.get("proxy") else f"{url.scheme.upper()}_PROXY"
        yield CheckFinding("proxy", OK, f"{target.host}:{target.port}, from {source}")
    host, port = target.host or "", target.port or 443
    what = "base URL" if proxy is None else "proxy"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        yield CheckFinding("name", FAILED, f"{host} is not known: {error}", f"Check the {what}, DNS and the network")
        return
    if host != found[0][4][0]:
        yield CheckFinding("name", OK, f"{host} is {found[0][4][0]}")
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
    except (OSError, TimeoutError) as error:
        problem = f"{host}:{port} does not answer: {error or 'no response in time'}"
        advice = (
            f"Start the {'proxy' if proxy else 'server'} there"
            if is_loopback(host)
            else "Check firewall and proxy; the port must be open outwards"
        )
        yield CheckFinding("reachable", FAILED, problem, advice)
        return
    yield CheckFinding("reachable", OK, f"{host}:{port} takes connections")
    if proxy is not None:
        yield CheckFinding("TLS", SKIPPED, "the proxy makes the connection")
    elif url.scheme == "https":
        yield await _tls(host, port, options.get("ssl"))
    else:
        yield CheckFinding("TLS", SKIPPED, "plain HTTP on this machine")


async def _tls(host: str, port: int, context: ssl.SSLContext | None) -> CheckFinding:
    context = context or ssl.create_default_context()
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        advice = "A proxy may break TLS: give its certificate in ca_file; or the machine's clock is wrong"
        return CheckFinding("TLS", FAILED, f"the certificate is not trusted: {error.verify_message}", advice)
    except (OSError, TimeoutError) as error:
        return CheckFinding(
            "TLS", FAILED, f"no encrypted connection: {error or 'no response in time'}", "Check the proxy"
        )
    connection = writer.get_extra_info("ssl_object")
    certificate = connection.getpeercert() or {}
    writer.close()
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"])) if "notAfter" in certificate else None
    days = int((ends - wall()) / 86_400) if ends is not None else None
    what = (
        f"{connection.version()}, the certificate holds for {days} days" if days is not None else connection.version()
    )
    if days is not None and days < CERTIFICATE_ENDS:
        return CheckFinding("TLS", WARNING, what, "The carrier must renew it; nothing to do here yet")
    return CheckFinding("TLS", OK, what)


async def _service(client: Client) -> AsyncIterator[CheckFinding]:
    try:
        before = datetime.now(UTC)
        found = await client.info.get(timeout=PATIENCE, tries=1)
    except CplError as error:
        advice = "Check that the base URL is the API's, with /myapi2 or the path that you were given"
        yield CheckFinding("service", FAILED, error.message, advice)
        return
    what = " ".join(part for part in (found.application, found.version, found.state) if part)
    yield CheckFinding("service", OK, what or "answers")
    if found.time is None:
        yield CheckFinding("clock", SKIPPED, "the service does not say its time")
        return
    off = (before - found.time).total_seconds()
    if abs(off) > CLOCK_OFF:
        words = f"this machine is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the service"
        yield CheckFinding(
            "clock", WARNING, words, "Set the machine's clock (NTP); dates of collections would be wrong"
        )
    else:
        yield CheckFinding("clock", OK, f"{abs(off):.1f} s apart")


async def _token(client: Client) -> AsyncIterator[CheckFinding]:
    try:
        token = await client.login.get_access_token(timeout=PATIENCE * 3)
    except AuthenticationError as error:
        advice = "Check id and secret, and that they belong to this system (production or testing)"
        yield CheckFinding("token", FAILED, error.message, advice)
    except CplError as error:
        yield CheckFinding("token", FAILED, error.message, error.next_step)
    else:
        yield CheckFinding(
            "token", OK, f"holds for {token.expires_in} s" + (f", scope {token.scope}" if token.scope else "")
        )


async def _roles(client: Client) -> AsyncIterator[CheckFinding]:
    needs: dict[str, Any] = {
        "pickup points": lambda: client.access_points.list(limit=1, timeout=PATIENCE, tries=2),
        "code lists": lambda: client.codelists.products(limit=1, timeout=PATIENCE, tries=2),
        "tracking": lambda: client.shipments.list(limit=1, timeout=PATIENCE, tries=2),
        "orders": lambda: client.orders.list(limit=1, timeout=PATIENCE, tries=2),
        "customer": lambda: client.customer.get(timeout=PATIENCE, tries=2),
    }
    for name, call in needs.items():
        try:
            await call()
        except (PermissionDenied, AuthenticationError):
            yield CheckFinding(f"role: {name}", WARNING, "not allowed", "Ask the carrier for the role, if you need it")
        except NotFound:
            yield CheckFinding(f"role: {name}", OK, "allowed; nothing is configured")
        except CplError as error:
            yield CheckFinding(f"role: {name}", FAILED, error.message, error.next_step)
        else:
            yield CheckFinding(f"role: {name}", OK, "allowed")


async def _limits(client: Client) -> CheckFinding:
    began = monotonic()
    try:
        for _ in range(PROBES):
            await client.info.get(timeout=PATIENCE, tries=1)
    except RateLimited:
        advice = "Another program uses the same credentials: let them share one client, or one at a time"
        return CheckFinding("limits", WARNING, "the service says that the limits are exceeded", advice)
    except CplError as error:
        return CheckFinding("limits", FAILED, error.message, error.next_step)
    each = (monotonic() - began) / PROBES
    return CheckFinding("limits", OK, f"{PROBES} requests one after the other, {each * 1000:.0f} ms each, none refused")
