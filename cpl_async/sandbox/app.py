"""Web application of the sandbox: authentication, rate limits, fault injection and routing."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from aiohttp import web

from .arrival_time import arrival_time_of, reset_arrival_time
from .clock import wall_time
from .context import CLIENT, CONTEXT, IGNORES_FILTERS, REJECTED_FOR, SandboxContext
from .faults import Fault, FaultKind
from .handlers import OPERATIONS
from .handlers.batch_responses import rejected_response
from .ledger import LedgerEntry
from .problems import problem_response, translator_for
from .request_parsing import OPERATION, PARSED, header_text, not_found_problem, read_form, read_request
from .roles import Role

__all__ = ["BASE_PATH", "LEDGER_PATH", "make_app"]

BASE_PATH = "/myapi2"
LEDGER_PATH = "/sandbox/ledger"
UNAUTHENTICATED_OPERATIONS = ("login.get_access_token", "info.get")
MAX_BODY_BYTES = 32 * 1024 * 1024
EARLY_RESETS = (FaultKind.RESET_EARLY, FaultKind.RESET_MIDWAY)
"""Faults that drop the connection before the body is received."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(context: SandboxContext) -> web.Application:
    """Return the web application of one sandbox."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_problem_middleware, _host_middleware])
    app.on_response_prepare.append(_add_date)
    app[CONTEXT] = context
    for (method, path), (operation, handler) in OPERATIONS.items():
        app.router.add_route(method, BASE_PATH + path, _pipeline(operation, handler))
    for path in {
        path for _, path in OPERATIONS if "{" not in path
    }:  # otherwise another method would match a path with a placeholder
        methods = sorted(method for method, route in OPERATIONS if route == path)
        app.router.add_route("*", BASE_PATH + path, _not_allowed(methods))
    app.router.add_get(LEDGER_PATH, _ledger)
    return app


def _not_allowed(methods: list[str]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMethodNotAllowed(request.method, methods)

    return handle


async def _add_date(request: web.Request, response: web.StreamResponse) -> None:
    """Show this machine's time, even if a test freezes time in this process."""
    response.headers["Date"] = formatdate(wall_time(), usegmt=True)


@web.middleware
async def _problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return errors of the framework as problem+json: unknown paths and methods, too large bodies."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        status = 400 if error.status == 413 else error.status
        headers = {name: value for name, value in error.headers.items() if name == "Allow"}
        return problem_response(status, error.reason, headers=headers)


@web.middleware
async def _host_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject foreign host names, against DNS rebinding: a web page may resolve its own name to this machine.

    A sandbox that is bound to a public address accepts all names.
    """
    host, name = request.app[CONTEXT].settings.host, _host_name(request.host)
    if _is_loopback(host) and not _is_loopback(name):
        await request.read()
        return problem_response(421, f"This is the sandbox at {host}, not {name[:100]!r}.")
    return await handler(request)


def _host_name(host: str) -> str:
    """Return the host name in a ``Host`` header, without the port."""
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0].lower()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _ledger(request: web.Request) -> web.Response:
    """Return the ledger's statistics; not an operation of the API."""
    context = request.app[CONTEXT]
    shipments = context.store.all_shipments()
    summary = context.ledger.summary()
    summary["shipments"] = len(shipments)
    summary["references"] = len({shipment.reference for shipment in shipments})
    summary["parcels"] = sum(len(shipment.parcels) for shipment in shipments)
    return web.json_response(summary)


def _pipeline(operation: str, handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        at = arrival_time_of(request)
        fault = context.faults.next_for(operation)
        if fault is not None and fault.kind is FaultKind.EXPIRED_TOKEN:
            context.tokens.expire_all()
        client, rejection = await _authenticate(request, context, operation)
        gap = context.limits.gap(client, at) if client else None
        if client and context.limits.too_close(gap):
            rejection = _rate_limit_problem(request, context)
        request[CLIENT] = client
        request[OPERATION] = operation
        if rejection is None and fault is not None and fault.kind in EARLY_RESETS:
            await _read_before_reset(request, fault)
            response: web.StreamResponse = web.Response(status=500)
            dropped = True
        else:
            if rejection is None:
                rejection = await _contract_problem(request, operation)
            inner: Handler = handler if rejection is None else _constant_handler(rejection)
            response, dropped = await _with_fault(request, inner, fault if rejection is None else None)
        identifier = header_text(request, "X-Correlation-ID")
        if identifier and not response.prepared:
            response.headers["X-Correlation-ID"] = identifier
        context.ledger.add(
            LedgerEntry(
                at=at,
                client=client,
                method=request.method,
                path=request.path,
                operation=operation,
                status=0 if dropped else response.status,
                gap=gap,
                refused_for=request.get(REJECTED_FOR, ""),
                correlation_id=identifier,
                fault=fault.kind.value if fault else "",
            )
        )
        if request.method != "GET":
            context.store.save_time(context.clock.now())
        reset_arrival_time(request)
        if dropped and request.transport is not None:
            request.transport.abort()
        return response

    return handle


async def _authenticate(
    request: web.Request, context: SandboxContext, operation: str
) -> tuple[str, web.Response | None]:
    """Return the client id for the rate limits, and the error response or ``None`` if the request is permitted."""
    if operation == "login.get_access_token":
        return (await read_form(request)).get("client_id", ""), None
    client = context.tokens.client_of(request.headers.get("Authorization", ""))
    if client is None and operation not in UNAUTHENTICATED_OPERATIONS:
        await request.read()
        translate = translator_for(request)
        return "", problem_response(
            401, translate("Nepřihlášeno.", "Unauthorized."), headers={"WWW-Authenticate": "Bearer"}
        )
    role = context.settings.roles.get(client or "", Role.CLIENT)
    if client is not None and not role.may(operation):
        await request.read()
        title = translator_for(request)(f"Role {role} to nesmí.", f"The role {role} may not do this.")
        return client, problem_response(context.settings.missing_role, title)
    return client or "", None


async def _contract_problem(request: web.Request, operation: str) -> web.Response | None:
    """Parse a request, and return the error response or ``None`` if it conforms to the contract."""
    translate = translator_for(request)
    parsed, errors = await read_request(operation, request, translate)
    request[PARSED] = parsed
    if any(name in request.match_info for name in errors):
        return not_found_problem(request, "Taková položka neexistuje.", "There is no such thing.")
    return rejected_response(request, errors) if errors else None


def _rate_limit_problem(request: web.Request, context: SandboxContext) -> web.Response:
    request[REJECTED_FOR] = "pace"
    seconds = context.settings.retry_after
    headers = {"Retry-After": str(seconds)} if seconds is not None else {}
    title = translator_for(request)("Příliš mnoho požadavků.", "Too many requests.")
    return problem_response(context.settings.over_limit, title, headers=headers)


def _constant_handler(response: web.Response) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        return response

    return handle


async def _read_before_reset(request: web.Request, fault: Fault) -> None:
    """Read at most a part of the body before the connection is dropped."""
    if fault.kind is FaultKind.RESET_MIDWAY:
        await request.content.readany()


async def _with_fault(request: web.Request, inner: Handler, fault: Fault | None) -> tuple[web.StreamResponse, bool]:
    """Return the response with a fault applied, and whether to drop the connection."""
    if fault is None or fault.kind is FaultKind.EXPIRED_TOKEN:
        return await inner(request), False
    if fault.kind is FaultKind.RESET:
        await request.read()
        return web.Response(status=500), True
    if fault.kind is FaultKind.EMPTY_LIST:
        return web.json_response([]), False
    if fault.kind is FaultKind.IGNORED_FILTER:
        request[IGNORES_FILTERS] = True
    if fault.kind is FaultKind.STATUS and not fault.after_work:
        await request.read()
        return _fault_response(fault), False
    response = await inner(request)
    if fault.kind is FaultKind.STATUS:
        return _fault_response(fault), False
    if fault.kind is FaultKind.LOST_ANSWER:
        return response, True
    if fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
    elif fault.kind is FaultKind.GARBAGE:
        return web.Response(status=response.status, body=b'{"items": [', content_type="application/json"), False
    elif fault.kind is FaultKind.NO_LOCATION:
        response.headers.pop("Location", None)
    elif fault.kind is FaultKind.TRUNCATED and isinstance(response, web.Response):
        return await _truncated(request, response), True
    return response, False


async def _truncated(request: web.Request, response: web.Response) -> web.StreamResponse:
    body = response.body if isinstance(response.body, bytes) else b""
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    stream = web.StreamResponse(status=response.status, headers=headers)
    stream.content_length = len(body) + 10
    await stream.prepare(request)
    await stream.write(body[: len(body) // 2] or b" ")
    return stream


def _fault_response(fault: Fault) -> web.Response:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.body is not None:
        return web.Response(status=fault.status, text=fault.body, content_type="text/html", headers=headers)
    return problem_response(
        fault.status, "Service unavailable" if fault.status == 503 else "Server error", headers=headers
    )
