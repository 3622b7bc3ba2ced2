# generated from cpl_async/client.py by tools/generate_sync.py, do not edit
"""The client: credentials in, resources out; opens and closes."""

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
    """A client of the CPL API, safe to share among all who call it.

    Clients with the same credentials and base URL share one token and one pace, on whatever thread or loop of
    the process they are, for the limits belong to the credentials.

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
        """Creating shipments, their state and labels."""
        inner = self._core.shipment_batches
        from .resources.shipment_batches import ShipmentBatches

        return ShipmentBatches(inner, self)

    @property
    def shipments(self) -> Shipments:
        """Tracking of shipments, cancelling them, adding contacts and documents."""
        inner = self._core.shipments
        from .resources.shipments import Shipments

        return Shipments(inner, self)

    @property
    def order_batches(self) -> OrderBatches:
        """Ordering collections and transports, and the state of a batch."""
        inner = self._core.order_batches
        from .resources.order_batches import OrderBatches

        return OrderBatches(inner, self)

    @property
    def orders(self) -> Orders:
        """Tracking and cancelling of orders."""
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
        """What the codes mean."""
        inner = self._core.codelists
        from .resources.codelists import Codelists

        return Codelists(inner, self)

    @property
    def customer(self) -> CustomerResource:
        """The customer's accounts, addresses and series of numbers."""
        inner = self._core.customer
        from .resources.customer import CustomerResource

        return CustomerResource(inner, self)

    @property
    def routing(self) -> Routing:
        """Routing information for labels of one's own."""
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
        """Many shipments, exactly once; needs the extra ``bulk``.

        :raises ConfigurationError: when the extra is not installed.
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
        return portal.call(
            self._core.reconcile, references, since=since, canaries=canaries, known=known, settle_time=settle_time
        )

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **settings: Unpack[ClientSettings]) -> Self:
        """Make a client from ``CPL_CLIENT_ID``, ``CPL_CLIENT_SECRET`` (or ``…_FILE``) and ``CPL_BASE_URL``.

        All other settings may stand in the environment too: ``CPL_TIMEOUT``, ``CPL_PROXY``, ``CPL_LANGUAGE`` and so on.

        :param environment: another mapping than the process's environment.
        :param settings: all else that a client takes, e.g. ``timeout`` or ``language``.
        :raises ConfigurationError: names what is missing, or cannot be used.
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
        """Make a client from a file with settings, e.g. ``cpl.toml``; what stands in the environment goes before it.

        :param profile: Name of a profile, e.g. ``test``. Default: ``CPL_PROFILE``, else the one that a file chooses.
        :param file: Default: ``CPL_CONFIG``, else the ``cpl.toml``, or ``pyproject.toml`` with ``[tool.cpl]``, of this
            folder or the nearest above it, and below it the user's own, which ``cpl init`` writes.
        :param environment: another mapping than the process's environment.
        :param settings: go before both.
        :raises ConfigurationError: names what is missing, unknown or cannot be used, and where it stands.
        """
        return proxies.for_class(core.Client.from_config, cls)(profile, file=file, environment=environment, **settings)

    @property
    def base_url(self) -> str:
        """The system that this client talks to."""
        return self._core.base_url

    @property
    def client_id(self) -> str:
        """The client id that this client uses."""
        return self._core.client_id

    @property
    def journal_address(self) -> str | None:
        """The PostgreSQL that it was given for its journal; it may hold a password."""
        return self._core.journal_address

    @property
    def requests_sent(self) -> int:
        """How many requests have left so far, tokens and second tries counted."""
        return self._core.requests_sent

    def server_time(self, **options: Unpack[CallOptions]) -> datetime | None:
        """Return the carrier's time, as the ``Date`` headers of its responses show it.

        Dates that the carrier shows are by its clock: take this time, not that of the machine, for what is compared
        with them, e.g. ``since`` of :meth:`reconcile`. It runs on between responses; ``/info`` is requested if there
        was no response yet.

        :return: the time in UTC, to about a second, or ``None`` if responses have no date.
        :raises CplError: when there was no response yet, and none can be had.
        """
        return portal.call(self._core.server_time, **options)

    def check(self, shipments: Iterable[Shipment], **options: Unpack[CallOptions]) -> list[Problem]:
        """Check shipments before anything is sent: each by itself, among them, and against the code lists.

        The code lists are fetched once and kept for a day.

        :param shipments: any number of them.
        :return: every problem with where, what is wrong and what is allowed; those with ``warning`` may be taken all
            the same. Empty when all is well.
        :raises CplError: when the code lists cannot be fetched.
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
        """Choose the product for a shipment, and hold it against the code lists, which are kept for a day.

        :param country: of the recipient, two letters, ISO 3166-1.
        :param pickup_point: the code of a pickup point, or whether it goes to one; to an address unless given.
        :param business: whether the recipient is a company.
        :param cash_on_delivery: whether the courier collects money.
        :return: the product's code, or ``None`` with the reason.
        :raises CplError: when the code lists cannot be fetched.
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
        """Make a call and return its result together with the answer that it was read from.

            answer = cpl.with_raw_response(cpl.shipments.list, shipment_numbers=["40900000001"])
            answer.value, answer.status, answer.headers, answer.body

        :param call: any call of this client.
        :param arguments: its arguments.
        :param options: its keyword arguments.
        :return: of a call that makes several requests, the last one's answer.
        :raises CplError: as the call does; what the server said is in the error's ``document``.
        """
        return cast("RawResponse[T]", portal.call(self._core.with_raw_response, call, *arguments, **options))

    def open(self) -> Self:
        """Load what was put off, so that the first call pays nothing for it; calls open a client by themselves.

        :raises ConfigurationError: when it was closed, or belongs to another event loop.
        """
        portal.call(self._core.open)
        return self

    def close(self) -> None:
        """Close the connections; closing twice is fine.

        :raises ConfigurationError: on another event loop than the one that it was used on.
        """
        portal.call(self._core.close)

    def __enter__(self) -> Self:
        portal.call(self._core.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        portal.call(self._core.__aexit__, kind, error, traceback)
