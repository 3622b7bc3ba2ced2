# generated from cpl_async/client.py by tools/generate_sync.py, do not edit
"""The client: it takes credentials and settings, and provides all resources of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from os import PathLike
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack, cast

from cpl_async import client as core
from cpl_async.settings import PRODUCTION

from . import portal, proxies

if TYPE_CHECKING:
    from cpl_async.bulk import Reconciled
    from cpl_async.client import ClientSettings, P, RawResponse, T
    from cpl_async.errors import Problem
    from cpl_async.models.products import ProductChoice
    from cpl_async.models.shipment_batches import Shipment
    from cpl_async.ratelimit.registry import LimitStore
    from cpl_async.transport.call import CallOptions
    from cpl_async.transport.events import EventHook

    from .bulk.api import Bulk
    from .resources.access_points import AccessPoints
    from .resources.address_whisper import AddressWhisper
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

__all__ = ["Client"]


class Client(proxies.OwningProxy[core.Client]):
    """A client of the CPL API that all callers can share safely.

    Clients with the same credentials and base URL share one token and one rate limit on all threads and loops of the
    process, because the limits apply to the credentials.

        with Client.from_config() as cpl:
            batch = cpl.shipment_batches.create(shipments)
            result = batch.wait(timeout=120)
    """

    __slots__ = ()

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
        super().__init__(
            proxies.new_core(
                core.Client,
                client_id=client_id,
                client_secret=client_secret,
                base_url=base_url,
                timeout=timeout,
                correlation_id=correlation_id,
                language=language,
                log_level=log_level,
                max_connections=max_connections,
                proxy=proxy,
                ssl=ssl,
                trust_env=trust_env,
                allow_plain_http=allow_plain_http,
                shared=shared,
                journal=journal,
                on_event=on_event,
            )
        )

    @property
    def shipment_batches(self) -> ShipmentBatches:
        """Creation of shipments, their state and labels."""
        inner = self._core.shipment_batches
        from .resources.shipment_batches import ShipmentBatches

        return ShipmentBatches(inner, self)

    @property
    def shipments(self) -> Shipments:
        """Tracking and cancellation of shipments, additional contacts and documents."""
        inner = self._core.shipments
        from .resources.shipments import Shipments

        return Shipments(inner, self)

    @property
    def order_batches(self) -> OrderBatches:
        """Orders of collections and transports, and the state of a batch."""
        inner = self._core.order_batches
        from .resources.order_batches import OrderBatches

        return OrderBatches(inner, self)

    @property
    def orders(self) -> Orders:
        """Tracking and cancellation of orders."""
        inner = self._core.orders
        from .resources.orders import Orders

        return Orders(inner, self)

    @property
    def access_points(self) -> AccessPoints:
        """Pickup points."""
        inner = self._core.access_points
        from .resources.access_points import AccessPoints

        return AccessPoints(inner, self)

    @property
    def address_whisper(self) -> AddressWhisper:
        """Suggestions of addresses."""
        inner = self._core.address_whisper
        from .resources.address_whisper import AddressWhisper

        return AddressWhisper(inner, self)

    @property
    def codelists(self) -> Codelists:
        """Meanings of the API's codes."""
        inner = self._core.codelists
        from .resources.codelists import Codelists

        return Codelists(inner, self)

    @property
    def customer(self) -> CustomerResource:
        """The customer's accounts, addresses and number series."""
        inner = self._core.customer
        from .resources.customer import CustomerResource

        return CustomerResource(inner, self)

    @property
    def routing(self) -> Routing:
        """Routing information for custom labels."""
        inner = self._core.routing
        from .resources.routing import Routing

        return Routing(inner, self)

    @property
    def data(self) -> Data:
        """Single labels by their address."""
        inner = self._core.data
        from .resources.data import Data

        return Data(inner, self)

    @property
    def info(self) -> InfoResource:
        """Version, state and clock of the service."""
        inner = self._core.info
        from .resources.info import InfoResource

        return InfoResource(inner, self)

    @property
    def login(self) -> Login:
        """The access token."""
        inner = self._core.login
        from .resources.login import Login

        return Login(inner, self)

    @property
    def version_information(self) -> VersionInformationResource:
        """News and planned outages."""
        inner = self._core.version_information
        from .resources.version_information import VersionInformationResource

        return VersionInformationResource(inner, self)

    @property
    def bulk(self) -> Bulk:
        """Many shipments, exactly once. Requires the extra ``bulk``.

        :raises ConfigurationError: The extra is not installed.
        """
        inner = self._core.bulk
        from .bulk.api import Bulk

        return Bulk(inner, self)

    def reconcile(
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
        return portal.call(
            self._core.reconcile, references, since=since, canaries=canaries, known=known, settle_time=settle_time
        )

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **settings: Unpack[ClientSettings]) -> Self:
        """Create a client from ``CPL_CLIENT_ID``, ``CPL_CLIENT_SECRET`` (or ``…_FILE``) and ``CPL_BASE_URL``.

        All other settings can be set in the environment too: ``CPL_TIMEOUT``, ``CPL_PROXY``, ``CPL_LANGUAGE`` and so
        on.

        :param environment: Variables to read. Default: the process's environment.
        :param settings: Other settings of a client, e.g. ``timeout`` or ``language``. They override the environment.
        :raises ConfigurationError: A setting is missing or cannot be used. The message contains its name.
        """
        return proxies.for_class(core.Client.from_env, cls)(environment, **settings)

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
        return proxies.for_class(core.Client.from_config, cls)(profile, file=file, environment=environment, **settings)

    @property
    def base_url(self) -> str:
        """Base URL of the API."""
        return self._core.base_url

    @property
    def client_id(self) -> str:
        """Client ID of this client."""
        return self._core.client_id

    @property
    def journal_address(self) -> str | None:
        """Address of the PostgreSQL with the journal; it may contain a password."""
        return self._core.journal_address

    @property
    def requests_sent(self) -> int:
        """Number of requests sent so far, including token requests and retries."""
        return self._core.requests_sent

    def server_time(self, **options: Unpack[CallOptions]) -> datetime | None:
        """Return the carrier's time, as the ``Date`` headers of its responses show it.

        Dates of the carrier are by its clock: compare them with this time and not with that of the machine, e.g. for
        ``since`` of :meth:`reconcile`. The clock continues between responses; ``/info`` is requested if there was no
        response yet.

        :return: The time in UTC, accurate to about a second, or ``None`` if responses have no date.
        :raises CplError: There was no response yet, and ``/info`` failed.
        """
        return portal.call(self._core.server_time, **options)

    def check(self, shipments: Iterable[Shipment], **options: Unpack[CallOptions]) -> list[Problem]:
        """Check shipments before they are sent: each by itself, against each other, and against the code lists.

        The code lists are fetched once and kept for a day.

        :param shipments: Any number of shipments.
        :return: Every problem with its place, its cause and the allowed values. Shipments with problems that are a
            ``warning`` can be sent. Empty if there is no problem.
        :raises CplError: The code lists cannot be fetched.
        """
        return portal.call(self._core.check, shipments, **options)

    def choose_product(
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
        return portal.call(
            self._core.choose_product,
            country,
            pickup_point=pickup_point,
            business=business,
            cash_on_delivery=cash_on_delivery,
            **options,
        )

    def with_raw_response(self, call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> RawResponse[T]:
        """Make a call and return its result together with its response.

            answer = cpl.with_raw_response(cpl.shipments.list, shipment_numbers=["40900000001"])
            answer.value, answer.status, answer.headers, answer.body

        :param call: Any call of this client.
        :param arguments: Positional arguments of the call.
        :param options: Keyword arguments of the call.
        :return: The result, with the last response if the call makes several requests.
        :raises CplError: The call failed. The server's message is in the ``document`` of the error.
        """
        return cast("RawResponse[T]", portal.call(self._core.with_raw_response, call, *arguments, **options))

    def open(self) -> Self:
        """Load lazy modules, so that the first call is not delayed. Calls open a client automatically.

        :raises ConfigurationError: The client is closed, or belongs to another event loop.
        """
        portal.call(self._core.open)
        return self

    def close(self) -> None:
        """Close the connections. A second call has no effect.

        :raises ConfigurationError: The client was used on another event loop.
        """
        portal.call(self._core.close)

    def __enter__(self) -> Self:
        portal.call(self._core.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        portal.call(self._core.__aexit__, kind, error, traceback)
