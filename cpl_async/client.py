"""The client: credentials in, resources out; opens and closes."""

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
    """The result of a call, and the answer that it was read from."""

    value: T
    """What the call returns."""
    status: int
    """HTTP status."""
    headers: Mapping[str, str] = field(repr=False)
    """Without regard to case."""
    body: bytes = field(repr=False)
    """As it came, with the fields that no model knows."""


class ClientSettings(TypedDict, total=False):
    """What a client takes besides its credentials and base URL; see :class:`Client`."""

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
    """A client of the CPL API, safe to share among all who call it.

    Clients with the same credentials and base URL share one token and one pace, on whatever thread or loop of
    the process they are, for the limits belong to the credentials.

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
        """Take the settings; nothing is sent and no connection is opened yet.

        :param client_id: as the carrier gave it.
        :param client_secret: the secret, or a function that returns it, which is called again once when the secret is
            refused, for one that is rotated. Shown in no log, error or repr.
        :param base_url: production unless given; see ``TESTING``.
        :param timeout: seconds for a whole call, unless the call has its own.
        :param correlation_id: ``X-Correlation-ID`` of all calls; each has one of its own unless given.
        :param language: ``Accept-Language`` of all calls, e.g. ``en-GB``.
        :param log_level: ``X-LogLevel`` of all calls.
        :param max_connections: requests under way at once, at least 1.
        :param proxy: address of an HTTP proxy, ``http://host:port`` or ``host:port``.
        :param ssl: a context with certificates of your own.
        :param trust_env: take the proxy from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``; ``.netrc`` is never used.
        :param allow_plain_http: take a base URL without encryption for another host than loopback.
        :param shared: where token and pace are kept: in files for all processes of this user on this host unless given;
            the address of a Redis for all hosts, ``redis://…`` (extra ``distributed``), or a :class:`RedisLimits`.
        :param journal: address of the PostgreSQL where ``bulk`` keeps its journal, for several hosts: ``postgresql://…``
            (extra ``distributed``); that of ``CPL_JOURNAL`` unless given, else a file of this user.
        :param on_event: called with each :class:`Event` while its call is under way: it must be quick.
        :raises ConfigurationError: when a setting cannot be used.
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
        """Creating shipments, their state and labels."""
        from .resources.shipment_batches import ShipmentBatches

        return self._family(ShipmentBatches)

    @property
    def shipments(self) -> Shipments:
        """Tracking of shipments, cancelling them, adding contacts and documents."""
        from .resources.shipments import Shipments

        return self._family(Shipments)

    @property
    def order_batches(self) -> OrderBatches:
        """Ordering collections and transports, and the state of a batch."""
        from .resources.order_batches import OrderBatches

        return self._family(OrderBatches)

    @property
    def orders(self) -> Orders:
        """Tracking and cancelling of orders."""
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
        """What the codes mean."""
        from .resources.codelists import Codelists

        return self._family(Codelists)

    @property
    def customer(self) -> CustomerResource:
        """The customer's accounts, addresses and series of numbers."""
        from .resources.customer import CustomerResource

        return self._family(CustomerResource)

    @property
    def routing(self) -> Routing:
        """Routing information for labels of one's own."""
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
        """Many shipments, exactly once; needs the extra ``bulk``.

        :raises ConfigurationError: when the extra is not installed.
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
        """Find out what became of shipments whose write lost its answer, before anything is sent again.

        Each is asked for by its external number of code ``CUST`` until it is found, or until it was not seen for the
        whole settling time: only then is it absent. Without a canary nothing is ever called absent.

        :param references: values of ``CUST``, or the shipments themselves: then recipient and product must agree too.
        :param since: the carrier's time just before the write, see :meth:`server_time`: what is older is not its work.
        :param canaries: values of ``CUST`` of shipments that are known to be there, to see that the search works.
        :param known: numbers of shipments that are known to be something else.
        :param settle: seconds until what was created must be visible.
        :return: one result for each, in the order in which they were given.
        :raises ValidationError: for a reference that cannot be asked for, or twice.
        :raises CplError: when the search is refused.
        """
        from .bulk import reconcile_references

        return await reconcile_references(
            self, references, since=since, canaries=canaries, known=known, settle_time=settle_time
        )

    def _family(self, kind: type[Family]) -> Family:
        """Return the calls of one family, which are loaded when they are first asked for."""
        family = self._families.get(kind)
        if family is None:
            family = self._families[kind] = kind(self)
        return family

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **settings: Unpack[ClientSettings]) -> Self:
        """Make a client from ``CPL_CLIENT_ID``, ``CPL_CLIENT_SECRET`` (or ``…_FILE``) and ``CPL_BASE_URL``.

        All other settings may stand in the environment too: ``CPL_TIMEOUT``, ``CPL_PROXY``, ``CPL_LANGUAGE`` and so on.

        :param environment: another mapping than the process's environment.
        :param settings: all else that a client takes, e.g. ``timeout`` or ``language``.
        :raises ConfigurationError: names what is missing, or cannot be used.
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
        """Make a client from a file with settings, e.g. ``cpl.toml``; what stands in the environment goes before it.

        :param profile: Name of a profile, e.g. ``test``. Default: ``CPL_PROFILE``, else the one that a file chooses.
        :param file: Default: ``CPL_CONFIG``, else the ``cpl.toml``, or ``pyproject.toml`` with ``[tool.cpl]``, of this
            folder or the nearest above it, and below it the user's own, which ``cpl init`` writes.
        :param environment: another mapping than the process's environment.
        :param settings: go before both.
        :raises ConfigurationError: names what is missing, unknown or cannot be used, and where it stands.
        """
        from .configuration import read_settings

        return _made(cls, read_settings(profile=profile, file=file, environment=environment), settings)

    @property
    def base_url(self) -> str:
        """The system that this client talks to."""
        return self._credentials.base_url

    @property
    def client_id(self) -> str:
        """The client id that this client uses."""
        return self._credentials.client_id

    @property
    def journal_address(self) -> str | None:
        """The PostgreSQL that it was given for its journal; it may hold a password."""
        return self._journal

    @property
    def _journal_memory(self) -> JournalMemory | None:
        """Where hosts know which journal each account has, or ``None`` if they share nothing."""
        memory: JournalMemory | None = getattr(self._limits, "journals", None)
        return memory

    @property
    def requests_sent(self) -> int:
        """How many requests have left so far, tokens and second tries counted."""
        requester = self._opened()
        return requester.requests_sent if requester is not None else 0

    async def server_time(self, **options: Unpack[CallOptions]) -> datetime | None:
        """Return the carrier's time, as the ``Date`` headers of its responses show it.

        Dates that the carrier shows are by its clock: take this time, not that of the machine, for what is compared
        with them, e.g. ``since`` of :meth:`reconcile`. It runs on between responses; ``/info`` is requested if there
        was no response yet.

        :return: the time in UTC, to about a second, or ``None`` if responses have no date.
        :raises CplError: when there was no response yet, and none can be had.
        """
        if self._server_clock.now() is None:
            await self.info.get(**options)
        now = self._server_clock.now()
        return datetime.fromtimestamp(now, UTC) if now is not None else None

    async def check(self, shipments: Iterable[Shipment], **options: Unpack[CallOptions]) -> list[Problem]:
        """Check shipments before anything is sent: each by itself, among them, and against the code lists.

        The code lists are fetched once and kept for a day.

        :param shipments: any number of them.
        :return: every problem with where, what is wrong and what is allowed; those with ``warning`` may be taken all
            the same. Empty when all is well.
        :raises CplError: when the code lists cannot be fetched.
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
        """Choose the product for a shipment, and hold it against the code lists, which are kept for a day.

        :param country: of the recipient, two letters, ISO 3166-1.
        :param pickup_point: the code of a pickup point, or whether it goes to one; to an address unless given.
        :param business: whether the recipient is a company.
        :param cash_on_delivery: whether the courier collects money.
        :return: the product's code, or ``None`` with the reason.
        :raises CplError: when the code lists cannot be fetched.
        """
        from .resources.checks import choose_checked_product

        return await choose_checked_product(self.codelists, country, pickup_point, business, cash_on_delivery, options)

    async def with_raw_response(
        self, call: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs
    ) -> RawResponse[T]:
        """Make a call and return its result together with the answer that it was read from.

            answer = await cpl.with_raw_response(cpl.shipments.list, shipment_numbers=["40900000001"])
            answer.value, answer.status, answer.headers, answer.body

        :param call: any call of this client.
        :param arguments: its arguments.
        :param options: its keyword arguments.
        :return: of a call that makes several requests, the last one's answer.
        :raises CplError: as the call does; what the server said is in the error's ``document``.
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
        """Load what was put off, so that the first call pays nothing for it; calls open a client by themselves.

        :raises ConfigurationError: when it was closed, or belongs to another event loop.
        """
        if self._opened() is None:
            _warm_up()
        await self._transport()
        return self

    async def close(self) -> None:
        """Close the connections; closing twice is fine.

        :raises ConfigurationError: on another event loop than the one that it was used on.
        """
        requester = self._opened()
        if requester is not None:
            self._check_loop()
            await requester.close()
        self._closed = True

    async def _transport(self) -> Requester:
        """Return what carries the calls, opening it at first use."""
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
        """Return what carries the calls, unless it was inherited: a forked child opens connections of its own."""
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
    """Make a client of what was found, and of what goes before it."""
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
