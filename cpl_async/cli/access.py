"""The system and the account of a command; the secret is never an option on the command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
from attrs import Factory, evolve, field, fields, frozen

from ..bulk import JournalLocation, locate_journal
from ..client import Client
from ..configuration import read_settings
from ..errors import ConfigurationError
from ..settings import base_url_from
from ..transport.tracing import TRACER
from .failures import quiet_libraries
from .output import say
from .trace import print_exchange

__all__ = ["Access", "Chosen", "access_options", "journal_of"]

FILE = click.Path(path_type=Path)


@frozen(kw_only=True)
class Access:
    """Credentials and address, and the settings of the client."""

    client_id: str
    client_secret: str = field(repr=False)
    read_secret: Callable[[], str] | None = field(default=None, repr=False)
    """Reads the secret again, for a secret that is rotated while a command runs."""
    base_url: str
    options: Mapping[str, Any] = Factory(dict)
    origins: dict[str, str] = Factory(dict)
    """Origin of each setting, by its name."""

    def client(self, **more: Any) -> Client:
        """Return a client.

        :param more: Settings that override those of the environment and the file.
        """
        return Client(
            client_id=self.client_id,
            client_secret=self._secret(),
            base_url=self.base_url,
            **{**self.options, **more},
        )

    def _secret(self) -> str | Callable[[], str]:
        """Return the secret, or a function that returns it and reads it again later."""
        if self.read_secret is None:
            return self.client_secret
        known, read = [self.client_secret], self.read_secret
        return lambda: known.pop() if known else read()


@frozen(kw_only=True)
class Chosen:
    """The options of the command line for the system and the account."""

    client_id: str | None
    secret_file: Path | None
    base_url: str | None
    test_system: bool
    profile: str | None
    config: Path | None

    @property
    def anything(self) -> bool:
        """Whether any option is set."""
        return any(getattr(self, one.name) for one in fields(Chosen))

    def account(self) -> Access:
        """Return the account without its secret, for commands that read only the journal.

        :raises ConfigurationError: A setting is missing or cannot be used; the error names it.
        """
        return self._found()[0]

    def access(self) -> Access:
        """Return credentials and address from options, environment, a file, or a prompt.

        :raises ConfigurationError: A setting is missing or cannot be used; the error names it.
        """
        account, secret = self._found()
        known = secret()
        return evolve(account, client_secret=known or _prompted(), read_secret=secret if known else None)

    def _found(self) -> tuple[Access, Callable[[], str]]:
        if self.base_url and self.test_system:
            raise ConfigurationError("give either --base-url or --test-system")
        arguments = {
            "client_id": self.client_id,
            "client_secret_file": self.secret_file,
            "base_url": self.base_url,
            "test_system": self.test_system or None,
        }
        found = read_settings(arguments, profile=self.profile, file=self.config)
        if not found.client_id:
            raise ConfigurationError(
                "no client id: set CPL_CLIENT_ID, give --client-id, or run `cpl init`; to try without one: --sandbox"
            )
        account = Access(
            client_id=found.client_id,
            client_secret="",
            base_url=base_url_from(found.base_url),
            options=found.options,
            origins=dict(found.origins),
        )
        return account, found.secret


def access_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for the system and the account; the command receives them as ``chosen``."""

    @click.option("--client-id", help="Client id; else CPL_CLIENT_ID.")
    @click.option("--secret-file", type=FILE, help="File that holds the client secret; else CPL_CLIENT_SECRET.")
    @click.option("--base-url", help="Address of the API; else CPL_BASE_URL, else production.")
    @click.option("--test-system", is_flag=True, help="Use the vendor's testing system.")
    @click.option("--profile", help="Profile of the file with settings; else CPL_PROFILE.")
    @click.option("--config", type=FILE, help="File with settings; else CPL_CONFIG, else the nearest cpl.toml.")
    @click.option(
        "--trace", is_flag=True, help="Print each exchange to standard error, secrets and personal data masked."
    )
    @wraps(command)
    def call(*arguments: Any, trace: bool, **given: Any) -> None:
        if trace:
            TRACER.set(print_exchange)
        chosen = Chosen(**{one.name: given.pop(one.name) for one in fields(Chosen)})
        command(*arguments, chosen=chosen, **given)

    return call


def journal_of(access: Access) -> JournalLocation:
    """Return the location of an account's journal, without the secret.

    :raises JournalError: See :func:`locate_journal`.
    """

    quiet_libraries()

    async def find() -> JournalLocation:
        async with evolve(access, client_secret="none").client() as client:  # noqa: S106 - /info needs no token
            return await locate_journal(client)

    place = asyncio.run(find())
    if place.warning:
        say(f"note: {place.warning}")
    return place


def _prompted() -> str:
    if not sys.stdin.isatty():
        raise ConfigurationError("no client secret: set CPL_CLIENT_SECRET or give --secret-file")
    return str(click.prompt("Client secret", hide_input=True, err=True))
