"""The requester sends one call and returns its response: token, permit, exchange, retry."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
from attrs import evolve
from yarl import URL

from .._nearest import nearest_names
from ..auth.secret_rotation import SecretRotation
from ..auth.token_cache import ClientClosed, Token
from ..errors import (
    AuthenticationError,
    ConfigurationError,
    CplError,
    Failure,
    Outcome,
    ProtocolError,
    RateLimited,
    Timeout,
    TransportError,
)
from ..messages import Message, message
from ..ratelimit.concurrency import ConcurrencyLimiter
from ..ratelimit.registry import Credentials, LimitStore
from ..system.clock import monotonic
from ..system.secret_values import HiddenText
from .call import COLLECTOR, OPTIONS, Call, CallContext, CallOptions, TransportSettings, correlation_id
from .events import LISTENER, LISTENERS, Event, EventKind, log_event, logger
from .exchange import CURRENT, Exchange, StaleConnection
from .multipart import FileChanged
from .redaction import Redactor
from .response_body import ERROR_BYTES
from .responses import RequestContext, Response, error_of, is_page_of_html, json_of, mapping_of, protocol_error
from .retry import FIRST_WAIT_SECONDS, MAX_ATTEMPTS, MAX_WAIT_SECONDS, RETRYING, AttemptFailed, pause_before_retry
from .server_clock import ServerClock
from .sessions import CONNECT_TIMEOUT, READ_TIMEOUT, Sessions
from .tracing import TRACER, trace_of
from .write_deadline import DeadlinePassed, WriteDeadline, is_timestamp

__all__ = ["Requester"]

T = TypeVar("T")
FORM = "application/x-www-form-urlencoded"
ACCEPT = "application/json, */*;q=0.5"
FEW = 5
"""Number of references that a note lists."""
STALE_TRIES = 3
"""Number of connections in a row that may turn out to be closed before the call fails."""


class Requester:
    """The transport of one client, bound to one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        settings: TransportSettings,
        limits: LimitStore,
        clock: ServerClock | None = None,
    ) -> None:
        self._credentials = credentials
        self._settings = settings
        self._base = URL(credentials.base_url.rstrip("/") + "/")
        self._limits = limits
        self._rotation = SecretRotation(settings.read_secret)
        self._pace = limits.pacer(credentials)
        self._token = limits.token_cache(credentials)
        self._gate = ConcurrencyLimiter(settings.max_connections)
        self._clock = clock or ServerClock()
        self.requests_sent: int = 0
        """Number of requests of which bytes were sent."""
        self._sessions = Sessions(self._base, settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._sessions.close()

    async def ready(self, options: CallOptions) -> Token:
        """Return the token and fetch it if necessary, so that an urgent call does not wait for it.

        :raises CplError: No token is available. No other request was sent.
        """
        call = Call(operation="login.get_access_token", method="POST", path="login/getAccessToken")
        course = self._context(call, options)
        try:
            async with asyncio.timeout(max(0.0, course.left)):
                return await self._renewing(self._fetched)
        except TimeoutError:
            error = self._timeout_error(course)
        raise error

    def emit_unknown(self, call: Call, error: ProtocolError) -> None:
        """Report a write whose response cannot be read to the hook and the log."""
        course = self._context(call, {"correlation_id": error.correlation_id or ""})
        self._emit(course, EventKind.UNKNOWN, outcome=Outcome.UNKNOWN, error=error.message)

    async def send(self, call: Call, options: CallOptions) -> Response:
        """Send a call and return its response, which has a status below 300.

        :raises CplError: The call failed. The error contains the known outcome.
        """
        course = self._context(call, options)
        try:
            async with asyncio.timeout(max(0.0, course.left)):
                answer = await self._attempt_once(course)
                answer.correlation_id = course.request.correlation_id
                return answer
        except TimeoutError:
            error = self._timeout_error(course)
        except asyncio.CancelledError as cancelled:
            if course.exchange is not None and course.exchange.is_open:
                kind = type(cancelled).__name__
                self._emit(course, EventKind.FAILURE, error="cancelled", error_type=kind, outcome=Outcome.UNKNOWN)
            self._emit_if_unknown(course, "cancelled")
            cancelled.add_note(self._outcome(course))
            raise
        raise error

    def _outcome(self, course: CallContext) -> str:
        """Return a text about the outcome of a cancelled call."""
        sent = course.exchange is not None and course.exchange.is_open
        outcome = Outcome.UNKNOWN if sent else Outcome.NOT_SENT
        what = f"outcome {outcome}" if course.call.writes else "it changes nothing"
        known = f"{course.call.operation} was cancelled: {what} [correlation id {course.request.correlation_id}]"
        references = course.call.references
        if not course.call.writes or not sent or not references:
            return known
        named = ", ".join(references[:FEW]) + (f" and {len(references) - FEW} more" if len(references) > FEW else "")
        return f"{known}. It may have been done: ask for the references before anything is sent again ({named})"

    def is_own_host(self, url: URL) -> bool:
        """Return whether an address is on the configured host, the only one that receives the token."""
        return url.origin() == self._base.origin()

    def _context(self, call: Call, options: CallOptions) -> CallContext:
        settings = self._settings
        if not options.keys() <= OPTIONS:
            raise TypeError(
                f"{call.operation} got an unexpected argument: {nearest_names(options.keys() - OPTIONS, OPTIONS)}"
            )
        identifier = (
            options.get("correlation_id") or correlation_id.get() or settings.correlation_id or _new_correlation_id()
        )
        headers = _headers(
            identifier,
            options.get("language") or settings.language,
            options.get("log_level") or settings.log_level,
        )
        timeout = options.get("timeout", settings.timeout)
        tries = options.get("tries", MAX_ATTEMPTS)
        if not isinstance(timeout, (int, float)) or not timeout > 0:
            raise ConfigurationError(f"timeout is a number of seconds over 0, not {timeout!r}")
        if not isinstance(tries, int) or not 1 <= tries <= MAX_ATTEMPTS:
            raise ConfigurationError(f"tries is a whole number from 1 to {MAX_ATTEMPTS}, not {tries!r}")
        write_deadline = options.get("write_deadline")
        if write_deadline is not None and not isinstance(write_deadline, WriteDeadline):
            if not is_timestamp(write_deadline):
                raise ConfigurationError(f"write_deadline is a time in seconds since the epoch, not {write_deadline!r}")
            write_deadline = WriteDeadline(write_deadline)
        return CallContext(
            call,
            call.request_context(identifier),
            options.get("priority") or call.priority,
            headers,
            monotonic() + timeout,
            tries,
            write_deadline,
        )

    async def _attempt_once(self, course: CallContext) -> Response:
        """Send a call and retry it until it succeeds or a retry cannot help."""
        try:
            return await self._with_token(course)
        except CplError as error:
            if course.tries == 1 or self._pause(course, error) is False:
                raise
            first = error
        return await self._retry(course, first)

    async def _retry(self, course: CallContext, failed: CplError) -> Response:
        """Retry after a first failure. The retry library is only imported here, so other calls do not pay for it."""
        import stamina

        tries = stamina.retry_context(
            on=partial(self._pause, course),
            attempts=course.tries,
            timeout=max(0.001, course.left),
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=MAX_WAIT_SECONDS,
            wait_jitter=FIRST_WAIT_SECONDS,
        )
        marker = RETRYING.set(True)
        try:
            async for attempt in tries:
                with attempt:
                    if attempt.num == 1:
                        raise AttemptFailed(failed)
                    last, kind = course.last_error, type(course.last_error).__name__
                    # The server's message may contain personal data, so it belongs in the error and not in the log.
                    why = kind if last is None else f"HTTP {last.status}" if last.status else last.message
                    self._emit(course, EventKind.RETRY, error=why, error_type=kind)
                    try:
                        return await self._with_token(course)
                    except CplError as error:
                        raise AttemptFailed(error) from None
        except AttemptFailed as failure:
            failed = failure.error
        finally:
            RETRYING.reset(marker)
        raise failed

    def _pause(self, course: CallContext, error: Exception) -> bool | float:
        error = error.error if isinstance(error, AttemptFailed) else error
        course.last_error = error if isinstance(error, CplError) else None
        if course.write_deadline is not None and course.write_deadline.passed:
            return False
        return pause_before_retry(error, writes=course.call.writes, left=course.left)

    async def _with_token(self, course: CallContext) -> Response:
        """Send with a token. Send once more if the secret was rotated in the meantime."""
        if not course.call.authorized:
            return self._checked(course, await self._exchange(course, None))
        return await self._renewing(partial(self._with_fresh_token, course))

    async def _with_fresh_token(self, course: CallContext) -> Response:
        """Send with a token. After a 401, discard it and send once more with a fresh one."""
        token = await self._fetched()
        answer = await self._exchange(course, token)
        if answer.status == 401:
            self._token.discard(token)
            answer = await self._exchange(course, await self._fetched())
        return self._checked(course, answer)

    async def _fetched(self) -> Token:
        return await self._token.get(self._fetch_token)

    async def _renewing(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run a function that needs the secret. Run it once more with the new secret if it was rotated.

        A 401 means that the server did nothing, so a write is also sent again.

        :raises AuthenticationError: The server refused the secret, and also the one that was read again.
        """
        used = self._credentials.secret
        try:
            return await work()
        except AuthenticationError as error:
            refusal = error
        if self._credentials.secret == used:  # otherwise another call has already read it
            await self._renew(refusal)
        return await work()

    async def _renew(self, refusal: AuthenticationError) -> None:
        """Read the secret again from its source.

        :raises AuthenticationError: The secret cannot be read again, or is unchanged.
        """
        secret, problem = await self._rotation.read(self._credentials.secret)
        if secret is None:
            message = f"{refusal.message.rstrip('. ')} ({problem})" if problem else refusal.message
            raise AuthenticationError(message, failure=refusal.failure, advice=refusal.next_step)
        if secret != self._credentials.secret:
            self._credentials = evolve(self._credentials, secret=secret)
            self._token = self._limits.token_cache(self._credentials)
            logger.warning("the client secret was refused; it was read again and has changed, so the calls go on")

    def _redactor(self, course: CallContext, answer: Response | None = None) -> Redactor:
        """Return a redactor for the secret, the tokens that a call has used, and the token that it has fetched."""
        fetched = _token_of(mapping_of(answer)) if answer is not None and course.request.is_login else None
        secrets = (self._credentials.secret, *self._rotation.refused)
        values = (*(secret.reveal() for secret in secrets), *course.tokens, *([fetched] if fetched else []))
        return Redactor(values)

    def _checked(self, course: CallContext, answer: Response) -> Response:
        words = _token_problem(course.call, answer) if answer.status < 300 else ""
        if course.call.url is None:
            self._clock.record(answer.headers, certain=answer.status < 300 and not words)
        if answer.status < 300:
            if not words:
                return answer
            failure = protocol_error(words, answer, course.call)
            if course.call.writes:
                self._emit(course, EventKind.UNKNOWN, status=answer.status, outcome=Outcome.UNKNOWN, error=words)
            raise failure
        error = error_of(answer, evolve(course.request, redactor=self._redactor(course)))
        if isinstance(error, RateLimited):
            self._pace.throttle(error.failure.retry_after)
        if course.call.writes and error.outcome is Outcome.UNKNOWN:
            self._emit(course, EventKind.UNKNOWN, status=answer.status, outcome=Outcome.UNKNOWN)
        raise error

    async def _fetch_token(self) -> Token:
        """Request a token once."""
        credentials = self._credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": HiddenText(credentials.secret.reveal()),
            "scope": "myapi2",
        }
        call = Call(
            operation="login.get_access_token",
            method="POST",
            path="login/getAccessToken",
            body=urlencode(form).encode(),
            content_type=FORM,
            authorized=False,
            limit=ERROR_BYTES,
        )
        course = self._context(call, {"timeout": CONNECT_TIMEOUT + READ_TIMEOUT})
        course.request = evolve(course.request, is_login=True)
        asked_at = monotonic()
        try:
            async with asyncio.timeout(course.left):
                answer = self._checked(course, await self._exchange(course, None))
            return self._token_in(answer, course.request, asked_at)
        except TimeoutError:
            error: CplError = self._timeout_error(course)
        except AuthenticationError:
            raise
        except CplError as other:
            error = other
        # However the token request failed, the call that needs the token was not sent.
        raise type(error)(error.message, failure=evolve(error.failure, outcome=Outcome.NOT_SENT))

    def _token_in(self, answer: Response, asked: RequestContext, asked_at: float) -> Token:
        data = json_of(answer, asked)
        value = _token_of(data) if isinstance(data, dict) else None
        if value is None:
            failure = Failure(operation=asked.operation, status=answer.status, correlation_id=asked.correlation_id)
            raise ProtocolError("the answer holds no access_token", failure=failure)
        lasts = data.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, (int, float)) and lasts > 0 else 1800.0
        kind, scope = data.get("token_type"), data.get("scope")
        return Token.from_lifetime(
            value,
            seconds,
            asked_at,
            kind if isinstance(kind, str) and kind else "Bearer",
            scope if isinstance(scope, str) else None,
        )

    async def _exchange(self, course: CallContext, token: Token | None) -> Response:
        """Send one request and return its response with any status."""
        tries = 0
        while True:
            tries += 1
            exchange, result = await self._attempt(course, token)
            if isinstance(result, Response):
                return result
            if not isinstance(result, StaleConnection) or tries == STALE_TRIES:
                break
        failure = self._connection_error(course, exchange, result)
        del result  # prevents a traceback with locals from showing the state of the HTTP library
        raise failure

    async def _attempt(self, course: CallContext, token: Token | None) -> tuple[Exchange, Response | Exception]:
        """Make one attempt.

        The error is returned, not raised: otherwise errors of this library would be chained to frames of the HTTP
        library, whose locals hold secrets.
        """
        course.attempt += 1
        if token is not None and token.value not in course.tokens:
            course.tokens.append(token.value)
        exchange = course.exchange = Exchange(self._pace, course.priority, course.write_deadline)
        if self._has_listener():
            exchange.on_wrote = partial(self._emit, course, EventKind.REQUEST)
        await self._gate.acquire(course.priority)
        if self._sessions.closed:
            self._gate.release()
            raise ClientClosed("the client is closed: make a new one, or use it before it is closed")
        marker = CURRENT.set(exchange)
        try:
            answer = await self._sessions.send(course.call, course.headers, exchange, token)
        except (aiohttp.ClientError, OSError, ValueError, MemoryError) as error:
            self._trace(course, exchange, None, str(_message_for(error)))
            return exchange, error
        except asyncio.CancelledError:
            self._trace(course, exchange, None, str(message("network.cancelled")))
            raise
        finally:
            CURRENT.reset(marker)
            self._gate.release()
            exchange.finish()
            self.requests_sent += exchange.wrote_at is not None
        self._emit(course, EventKind.RESPONSE, status=answer.status)
        self._trace(course, exchange, answer)
        if (collector := COLLECTOR.get()) is not None and not course.request.is_login:
            collector.last = answer
        return exchange, answer

    def _trace(self, course: CallContext, exchange: Exchange, answer: Response | None, error: str = "") -> None:
        """Pass an exchange to the tracer of the context, if there is one."""
        if (tracer := TRACER.get()) is None:
            return
        url = course.call.url or self._sessions.url(course.call)
        seconds = monotonic() - exchange.began
        try:
            seen = trace_of(course, str(url), seconds, answer, error, self._redactor(course, answer))
            tracer(seen)
        except Exception:  # as in _emit
            logger.exception("the tracer failed")

    def _connection_error(self, course: CallContext, exchange: Exchange, cause: Exception) -> CplError:
        sent = exchange.is_open
        timed_out = isinstance(cause, TimeoutError)
        problem = _message_for(cause)
        if timed_out:
            problem = message("network.timeout_detail", detail=exchange.time_spent_text())
        text = str(problem)
        outcome = Outcome.UNKNOWN if sent else Outcome.NOT_SENT
        kind = Timeout if timed_out or exchange.withheld else TransportError
        self._emit(course, EventKind.FAILURE, error=text, error_type=kind.__name__, outcome=outcome)
        if sent:
            self._emit_if_unknown(course, text)
        return kind(problem, failure=self._failure(course, outcome))

    def _timeout_error(self, course: CallContext) -> Timeout:
        exchange = course.exchange
        sent = exchange is not None and exchange.is_open
        if course.last_error is not None and not sent:
            tries = f"after {course.attempt} {'try' if course.attempt == 1 else 'tries'}, " if course.attempt else ""
            where = f"{tries}the last one ended with: {course.last_error.message}"
        else:
            where = exchange.time_spent_text() if exchange is not None else "waiting for a token"
        outcome = Outcome.NOT_SENT
        if sent:
            outcome = Outcome.UNKNOWN
            self._emit(course, EventKind.FAILURE, error="time-out", error_type=Timeout.__name__, outcome=outcome)
            self._emit_if_unknown(course, "time-out")
        return Timeout(message("network.time_is_up", detail=where), failure=self._failure(course, outcome))

    def _failure(self, course: CallContext, outcome: Outcome) -> Failure:
        return Failure(
            operation=course.call.operation,
            correlation_id=course.request.correlation_id,
            outcome=outcome,
            references=tuple(course.call.references),
        )

    def _emit_if_unknown(self, course: CallContext, why: str) -> None:
        exchange = course.exchange
        if course.call.writes and exchange is not None and exchange.is_open:
            self._emit(course, EventKind.UNKNOWN, error=why, outcome=Outcome.UNKNOWN)

    def _emit(
        self,
        course: CallContext,
        kind: EventKind,
        *,
        status: int | None = None,
        outcome: Outcome | None = None,
        error: str = "",
        error_type: str = "",
    ) -> None:
        if kind not in (EventKind.UNKNOWN, EventKind.RETRY) and not self._has_listener():
            return
        exchange = course.exchange
        event = Event(
            kind=kind,
            operation=course.call.operation,
            method=course.call.method,
            path=course.call.url.path if course.call.url else self._base.path + course.call.path,
            correlation_id=course.request.correlation_id,
            attempt=course.attempt,
            priority=course.priority,
            status=status,
            outcome=outcome,
            seconds=monotonic() - exchange.began if exchange else 0.0,
            waited=exchange.waited if exchange else 0.0,
            error=error,
            error_type=error_type,
            origin=str((course.call.url or self._base).origin()),
            references=tuple(course.call.references) if kind is EventKind.UNKNOWN else (),
        )
        log_event(event)
        for hook in (self._settings.on_event, LISTENER.get(), *LISTENERS):
            if hook is None:
                continue
            try:
                hook(event)
            except Exception:  # otherwise a failure of the hook would cause a retry of the call
                logger.exception("on_event failed")

    def _has_listener(self) -> bool:
        """Return whether the events have a listener; without one no event is created."""
        heard = self._settings.on_event is not None or LISTENER.get() is not None or bool(LISTENERS)
        return heard or logger.isEnabledFor(logging.DEBUG)


def _token_of(data: Mapping[str, Any]) -> HiddenText | None:
    """Return the token in a response, or ``None`` if there is no token that fits in a header."""
    value = data.get("access_token")
    usable = isinstance(value, str) and value.isprintable() and value.isascii()
    return HiddenText(value) if usable and value else None


def _headers(identifier: str, language: str | None, log_level: str | None) -> dict[str, str]:
    """Return the headers of a request.

    :raises ConfigurationError: A value is not text, or contains a character that is not allowed in a header.
    """
    headers = {"X-Correlation-ID": identifier, "Accept": ACCEPT}
    if language:
        headers["Accept-Language"] = language
    if log_level:
        headers["X-LogLevel"] = log_level
    for name, value in headers.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"{name} must be text, not {type(value).__name__}")
        # The HTTP library rejects such a character only after the permit was acquired, when the outcome is unknown.
        if not value.isprintable():
            raise ConfigurationError(f"{name} must not contain control characters or line breaks: {value[:100]!a}")
    return headers


def _token_problem(call: Call, answer: Response) -> str:
    """Return why a successful response cannot be used, or an empty text."""
    if answer.status < 200:
        return f"answered {answer.status:03}, which is no final status"
    if not answer.is_complete:
        return f"answered {answer.status} with a body of more than {call.limit:,} bytes"
    if is_page_of_html(answer):
        return f"answered {answer.status} with a page of HTML, as a gateway or a log-in page does"
    return ""


def _new_correlation_id() -> str:
    """Return a random ID in the form of a UUID, in half the time of ``uuid4``."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _message_for(cause: Exception) -> Message:
    """Return a message about the failure, without the request data that the HTTP library holds."""
    for inner in (cause, cause.__cause__, cause.__context__):
        if isinstance(inner, FileChanged | DeadlinePassed):
            return message("carrier.text", text=str(inner))
    if isinstance(cause, aiohttp.ClientConnectorError):
        host = f"{cause.host}:{cause.port}"
        return message("network.no_connection", host=host, error=str(cause.os_error.strerror or cause.os_error))
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return message("network.closed")
    if isinstance(cause, TimeoutError):
        return message("network.timeout")
    if isinstance(cause, aiohttp.ClientPayloadError):
        return message("network.broke_off")
    if isinstance(cause, aiohttp.ClientResponseError):
        return message("network.not_http")
    if isinstance(cause, aiohttp.InvalidURL):
        return message("network.invalid_address")
    return message("network.broken", error=type(cause).__name__)
