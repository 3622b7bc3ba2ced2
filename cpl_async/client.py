"""The client: it takes credentials and settings, and provides all resources of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypedDict, TypeVar

from attrs import field, frozen

from .errors import ConfigurationError
from .ratelimit.registry import Credentials, JournalMemory, LimitStore, host_limits
from .settings import PRODUCTION, base_url_from, proxy_from
from .system.event_loop import running_loop
from .system.fork_safety import belongs_to_this_process, this_process
from .system.secret_values import Secret
from .transport.call import COLLECTOR, ResponseCollector, TransportSettings
from .transport.events import EventHook
from .transport.requester import Requester
from .transport.server_clock import ServerClock

if TYPE_CHECKING:
    from typing import Unpack

    from .bulk import Bulk, Reconciled
    from .configuration import Settings
    from .errors import Problem
    from .models.products import ProductChoice
    from .models.shipment_batches import Shipment
    from .resources.access_points import AccessPoints
    from .resources.address_whisper import AddressWhisper
    from .resources.base import Resource
    from .resources.codelists import Codelists
    from .resources.customer import CustomerResource
    from .resources.data import Data
    from .resources.info import InfoResource
    from .resources.login import Login
    from .resources.order_batches import OrderBatches
    from .resources.orders import Orders
    from .resources.routing import Routing
    from .resources.shipment_batches import ShipmentBatches
    from .resources.shipments import Shipments
    from .resources.version_information import VersionInformationResource
    from .transport.call import CallOptions

__all__ = ["Client", "ClientSettings", "RawResponse"]

P = ParamSpec("P")
T = TypeVar("T")
Family = TypeVar("Family", bound="Resource")


@frozen(kw_only=True)
class RawResponse(Generic[T]):
    """The result of a call together with its HTTP response."""

    value: T
    """Return value of the call."""
    status: int
    """HTTP status."""
    headers: Mapping[str, str] = field(repr=False)
    """Headers of the response, case-insensitive."""
    body: bytes = field(repr=False)
    """Body as received, including fields that no model contains."""


class ClientSettings(TypedDict, total=False):
    """Settings of a client besides its credentials and base URL; see :class:`Client`."""

    timeout: float
    correlation_id: str | None
    language: str | None
    log_level: str | None
    max_connections: int
    proxy: str | None
    ssl: SSLContext | None
    trust_env: bool
    allow_plain_http: bool
    shared: LimitStore | str | None
    journal: str | None
    on_event: EventHook | None


def _store_of(shared: LimitStore | str | None) -> LimitStore:
    if not isinstance(shared, str):
        return shared or host_limits
    try:
        from .distributed.redis_limits import limits_at
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{error.name} is not installed: pip install 'cpl-sdk[distributed]'") from None
    return limits_at(shared)


class Client:
    """A client of the CPL API that all callers can share safely.

    Clients with the same credentials and base URL share one token and one rate limit on all threads and loops of the
    process, because the limits apply to the credentials.

        async with Client.from_config() as cpl:
            batch = await cpl.shipment_batches.create(shipments)
            result = await batch.wait(timeout=120)
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str | Callable[[], str],
        base_url: str = PRODUCTION,
        timeout: float = 60.0,
        correlation_id: str | None = None,
        language: str | None = None,
        log_level: str | None = None,
        max_connections: int = 64,
        proxy: str | None = None,
        ssl: SSLContext | None = None,
        trust_env: bool = False,
        allow_plain_http: bool = False,
        shared: LimitStore | str | None = None,
        journal: str | None = None,
        on_event: EventHook | None = None,
    ) -> None:
        """Create a client. Nothing is sent and no connection is opened yet.

        :param client_id: Client ID from the carrier.
        :param client_secret: Client secret, or a function that returns it. The function is called again once if the
            secret is refused, so that it can be rotated. The secret is hidden in logs, errors and reprs.
        :param base_url: Address of the API, e.g. ``TESTING``. Default: production.
        :param timeout: Seconds for a whole call, greater than 0, if the call has no timeout of its own. Default: 60.
        :param correlation_id: ``X-Correlation-ID`` of all calls. Default: a new one for each call.
        :param language: ``Accept-Language`` of all calls, e.g. ``en-GB``. Default: no header.
        :param log_level: ``X-LogLevel`` of all calls. Default: no header.
        :param max_connections: Maximum number of concurrent requests, at least 1. Default: 64.
        :param proxy: Address of an HTTP proxy, ``http://host:port`` or ``host:port``. Default: no proxy.
        :param ssl: Context with custom certificates. Default: the system's certificates.
        :param trust_env: Whether the proxy is read from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``; ``.netrc`` is
            never used. Default: false.
        :param allow_plain_http: Whether an unencrypted base URL is allowed for a host other than loopback. Default:
            false.
        :param shared: Storage of the token and the rate limit: the address of a Redis for all hosts, ``redis://…``
            (extra ``distributed``), or a :class:`RedisLimits`. Default: files for all processes of this user on this
            host.
        :param journal: Address of the PostgreSQL with the journal of ``bulk``, for several hosts: ``postgresql://…``
            (extra ``distributed``). Default: ``CPL_JOURNAL``, or a file of this user.
        :param on_event: Function that is called with each :class:`Event` during its call, so it must be fast. Default:
            no function.
        :raises ConfigurationError: A setting cannot be used.
        """
        secret, read_secret = (client_secret(), client_secret) if callable(client_secret) else (client_secret, None)
        if not client_id or not secret:
            raise ConfigurationError("client_id and client_secret must not be empty")
        if on_event is not None and not callable(on_event):
            raise ConfigurationError(f"on_event is a function that takes an event, not {on_event!r}")
        if timeout <= 0 or max_connections < 1:
            raise ConfigurationError("timeout must be over 0 seconds, max_connections at least 1")
        self._credentials = Credentials(
            base_url=base_url_from(base_url, allow_plain_http=allow_plain_http),
            client_id=client_id,
            secret=Secret(secret),
        )
        self._settings = TransportSettings(
            timeout=timeout,
            correlation_id=correlation_id,
            language=language,
            log_level=log_level,
            max_connections=max_connections,
            proxy=proxy_from(proxy) if proxy else None,
            ssl=ssl,
            trust_env=trust_env,
            on_event=on_event,
            read_secret=read_secret,
        )
        self._limits = _store_of(shared)
        self._journal = journal
        self._server_clock = ServerClock()
        self._requester: Requester | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = this_process()
        self._closed = False
        self._families: dict[type[Any], Any] = {}

    @property
    def shipment_batches(self) -> ShipmentBatches:
        """Creation of shipments, their state and labels."""
        from .resources.shipment_batches import ShipmentBatches

        return self._family(ShipmentBatches)

    @property
    def shipments(self) -> Shipments:
        """Tracking and cancellation of shipments, additional contacts and documents."""
        from .resources.shipments import Shipments

        return self._family(Shipments)

    @property
    def order_batches(self) -> OrderBatches:
        """Orders of collections and transports, and the state of a batch."""
        from .resources.order_batches import OrderBatches

        return self._family(OrderBatches)

    @property
    def orders(self) -> Orders:
        """Tracking and cancellation of orders."""
        from .resources.orders import Orders

        return self._family(Orders)

    @property
    def access_points(self) -> AccessPoints:
        """Pickup points."""
        from .resources.access_points import AccessPoints

        return self._family(AccessPoints)

    @property
    def address_whisper(self) -> AddressWhisper:
        """Suggestions of addresses."""
        from .resources.address_whisper import AddressWhisper

        return self._family(AddressWhisper)

    @property
    def codelists(self) -> Codelists:
        """Meanings of the API's codes."""
        from .resources.codelists import Codelists

        return self._family(Codelists)

    @property
    def customer(self) -> CustomerResource:
        """The customer's accounts, addresses and number series."""
        from .resources.customer import CustomerResource

        return self._family(CustomerResource)

    @property
    def routing(self) -> Routing:
        """Routing information for custom labels."""
        from .resources.routing import Routing

        return self._family(Routing)

    @property
    def data(self) -> Data:
        """Single labels by their address."""
        from .resources.data import Data

        return self._family(Data)

    @property
    def info(self) -> InfoResource:
        """Version, state and clock of the service."""
        from .resources.info import InfoResource

        return self._family(InfoResource)

    @property
    def login(self) -> Login:
        """The access token."""
        from .resources.login import Login

        return self._family(Login)

    @property
    def version_information(self) -> VersionInformationResource:
        """News and planned outages."""
        from .resources.version_information import VersionInformationResource

        return self._family(VersionInformationResource)

    @property
    def bulk(self) -> Bulk:
        """Many shipments, exactly once. Requires the extra ``bulk``.

        :raises ConfigurationError: The extra is not installed.
        """
        try:
            from .bulk import Bulk
        except ModuleNotFoundError as error:
            words = f"{error.name} is not installed: pip install 'cpl-sdk[bulk]'"
            raise ConfigurationError(words) from None
        return Bulk(self)

    async def reconcile(
        self,
        references: Iterable[str | Shipment],
        *,
        since: datetime,
        canaries: Sequence[str] = (),
        known: Iterable[str] = (),
        settle_time: float = 900.0,
    ) -> list[Reconciled]:
        """Determine the outcome of shipments whose write lost its response, before anything is resent.

        Each is searched by its external number of code ``CUST`` until it is found, or until it was not visible for the
        whole settle time: only then it counts as absent. Without a canary no shipment ever counts as absent.

        :param references: Values of ``CUST``, or the shipments themselves. For shipments, recipient and product must
            match too.
        :param since: The carrier's time just before the write, see :meth:`server_time`. Older shipments do not match.
        :param canaries: Values of ``CUST`` of existing shipments, to check that the search works. Default: no canary.
        :param known: Numbers of shipments that are known to be different ones. Default: no numbers.
        :param settle_time: Seconds until a created shipment must be visible, greater than 0. Default: 900.
        :return: One result for each reference, in the given order.
        :raises ValidationError: A reference cannot be searched, or is duplicated.
        :raises CplError: The server refused the search.
        """
        from .bulk import reconcile_references

        return await reconcile_references(
            self, references, since=since, canaries=canaries, known=known, settle_time=settle_time
        )

    def _family(self, kind: type[Family]) -> Family:
        """Return the resource of a kind, which is loaded at first use."""
        family = self._families.get(kind)
        if family is None:
            family = self._families[kind] = kind(self)
        return family

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **settings: Unpack[ClientSettings]) -> Self:
        """Create a client from ``CPL_CLIENT_ID``, ``CPL_CLIENT_SECRET`` (or ``…_FILE``) and ``CPL_BASE_URL``.

        All other settings can be set in the environment too: ``CPL_TIMEOUT``, ``CPL_PROXY``, ``CPL_LANGUAGE`` and so
        on.

        :param environment: Variables to read. Default: the process's environment.
        :param settings: Other settings of a client, e.g. ``timeout`` or ``language``. They override the environment.
        :raises ConfigurationError: A setting is missing or cannot be used. The message contains its name.
        """
        from .configuration import settings_from_environment

        return _made(cls, settings_from_environment(environment), settings)

    @classmethod
    def from_config(
        cls,
        profile: str | None = None,
        *,
        file: str | PathLike[str] | None = None,
        environment: Mapping[str, str] | None = None,
        **settings: Unpack[ClientSettings],
    ) -> Self:
        """Create a client from a settings file, e.g. ``cpl.toml``. The environment overrides the file.

        :param profile: Name of a profile, e.g. ``test``. Default: ``CPL_PROFILE``, or the one that a file selects.
        :param file: Path of the file. Default: ``CPL_CONFIG``, or the ``cpl.toml``, or ``pyproject.toml`` with
            ``[tool.cpl]``, of this folder or the nearest parent, which override the user's own file written by ``cpl
            init``.
        :param environment: Variables to read. Default: the process's environment.
        :param settings: Settings of a client that override both.
        :raises ConfigurationError: A setting is missing, unknown or cannot be used. The message contains its name and
            place.
        """
        from .configuration import read_settings

        return _made(cls, read_settings(profile=profile, file=file, environment=environment), settings)

    @property
    def base_url(self) -> str:
        """Base URL of the API."""
        return self._credentials.base_url

    @property
    def client_id(self) -> str:
        """Client ID of this client."""
        return self._credentials.client_id

    @property
    def journal_address(self) -> str | None:
        """Address of the PostgreSQL with the journal; it may contain a password."""
        return self._journal

    @property
    def _journal_memory(self) -> JournalMemory | None:
        """Shared record of the journal of each account, or ``None`` if there is no shared storage."""
        memory: JournalMemory | None = getattr(self._limits, "journals", None)
        return memory

    @property
    def requests_sent(self) -> int:
        """Number of requests sent so far, including token requests and retries."""
        requester = self._opened()
        return requester.requests_sent if requester is not None else 0

    async def server_time(self, **options: Unpack[CallOptions]) -> datetime | None:
        """Return the carrier's time, as the ``Date`` headers of its responses show it.

        Dates of the carrier are by its clock: compare them with this time and not with that of the machine, e.g. for
        ``since`` of :meth:`reconcile`. The clock continues between responses; ``/info`` is requested if there was no
        response yet.

        :return: The time in UTC, accurate to about a second, or ``None`` if responses have no date.
        :raises CplError: There was no response yet, and ``/info`` failed.
        """
        if self._server_clock.now() is None:
            await self.info.get(**options)
        now = self._server_clock.now()
        return datetime.fromtimestamp(now, UTC) if now is not None else None

    async def check(self, shipments: Iterable[Shipment], **options: Unpack[CallOptions]) -> list[Problem]:
        """Check shipments before they are sent: each by itself, against each other, and against the code lists.

        The code lists are fetched once and kept for a day.

        :param shipments: Any number of shipments.
        :return: Every problem with its place, its cause and the allowed values. Shipments with problems that are a
            ``warning`` can be sent. Empty if there is no problem.
        :raises CplError: The code lists cannot be fetched.
        """
        from .resources.checks import check_shipments

        return await check_shipments(self.codelists, shipments, options)

    async def choose_product(
        self,
        country: str,
        *,
        pickup_point: str | bool | None = None,
        business: bool = False,
        cash_on_delivery: bool = False,
        **options: Unpack[CallOptions],
    ) -> ProductChoice:
        """Choose the product for a shipment, and check it against the code lists, which are kept for a day.

        :param country: Country of the recipient, two letters, ISO 3166-1.
        :param pickup_point: Code of a pickup point, or whether the shipment goes to one. Default: to an address.
        :param business: Whether the recipient is a company. Default: false.
        :param cash_on_delivery: Whether the courier collects money. Default: false.
        :return: The code of the product, or ``None`` and the reason if there is no product.
        :raises CplError: The code lists cannot be fetched.
        """
        from .resources.checks import choose_checked_product

        return await choose_checked_product(self.codelists, country, pickup_point, business, cash_on_delivery, options)

    async def with_raw_response(
        self, call: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs
    ) -> RawResponse[T]:
        """Make a call and return its result together with its response.

            answer = await cpl.with_raw_response(cpl.shipments.list, shipment_numbers=["40900000001"])
            answer.value, answer.status, answer.headers, answer.body

        :param call: Any call of this client.
        :param arguments: Positional arguments of the call.
        :param options: Keyword arguments of the call.
        :return: The result, with the last response if the call makes several requests.
        :raises CplError: The call failed. The server's message is in the ``document`` of the error.
        """
        answers = ResponseCollector()
        marker = COLLECTOR.set(answers)
        try:
            value = await call(*arguments, **options)
        finally:
            COLLECTOR.reset(marker)
        answer = answers.last
        if answer is None:
            raise ConfigurationError("with_raw_response takes a call that asks the server")
        return RawResponse(value=value, status=answer.status, headers=answer.headers, body=answer.body)

    async def open(self) -> Self:
        """Load lazy modules, so that the first call is not delayed. Calls open a client automatically.

        :raises ConfigurationError: The client is closed, or belongs to another event loop.
        """
        if self._opened() is None:
            _warm_up()
        await self._transport()
        return self

    async def close(self) -> None:
        """Close the connections. A second call has no effect.

        :raises ConfigurationError: The client was used on another event loop.
        """
        requester = self._opened()
        if requester is not None:
            self._check_loop()
            await requester.close()
        self._closed = True

    async def _transport(self) -> Requester:
        """Return the requester, and open it at first use."""
        loop = running_loop()
        if self._closed:
            raise ConfigurationError("the client is closed: make a new one, or use it before it is closed")
        requester = self._opened()
        if requester is None:
            requester = self._requester = Requester(self._credentials, self._settings, self._limits, self._server_clock)
            belongs_to_this_process(requester)
            self._process = this_process()
            self._loop = loop
        else:
            self._check_loop()
        return requester

    def _opened(self) -> Requester | None:
        """Return the requester, unless it was inherited: a forked child opens its own connections."""
        return self._requester if self._process is this_process() else None

    def _check_loop(self) -> None:
        if self._loop is not running_loop():
            raise ConfigurationError("the client belongs to another event loop: make and close one on each loop")

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __reduce__(self) -> str:
        raise TypeError("a client is neither pickled nor copied, for it holds a secret: make one in each process")

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._opened() else "new"
        return f"<Client {self.client_id} at {self.base_url}, {state}>"


def _made(kind: Callable[..., T], found: Settings, settings: ClientSettings) -> T:
    """Create a client from the settings that were read, and those that override them."""
    client_id, _ = found.credentials()
    return kind(
        client_id=client_id, client_secret=found.secret, base_url=found.base_url, **{**found.options, **settings}
    )


def _warm_up() -> None:
    import stamina  # noqa: F401 - loaded here so that the first call does not wait for it

    from .models.codec import warm_up
    from .models.info import Info
    from .models.shipment_batches import CreateShipmentBatch, ShipmentBatchResult, UpdateShipmentBatch
    from .models.shipments import TrackedShipment

    warm_up(written=[CreateShipmentBatch, UpdateShipmentBatch], read=[ShipmentBatchResult, TrackedShipment, Info])
