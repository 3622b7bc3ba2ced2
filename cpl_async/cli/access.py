"""Which system to talk to, and as whom; the secret is never an option on the command line."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
from attrs import evolve, field, frozen

from ..bulk.account import journal_place
from ..bulk.journal import JournalPlace
from ..client import Client
from ..errors import ConfigurationError
from ..settings import PRODUCTION, TESTING, base_url_from, secret_from_environment, secret_from_file

__all__ = ["Access", "access_from", "account_from", "journal_of"]


@frozen(kw_only=True)
class Access:
    """Credentials and address."""

    client_id: str
    client_secret: str = field(repr=False)
    base_url: str


def access_from(*, client_id: str | None, secret_file: Path | None, base_url: str | None, test_system: bool) -> Access:
    """Return credentials and address from options, environment, a file, or a prompt.

    :raises ConfigurationError: names what is missing.
    """
    account = account_from(client_id=client_id, secret_file=secret_file, base_url=base_url, test_system=test_system)
    return evolve(account, client_secret=_secret(secret_file))


def account_from(*, client_id: str | None, secret_file: Path | None, base_url: str | None, test_system: bool) -> Access:
    """Return whose account is meant, without its secret: for what is asked of the journal alone.

    :param secret_file: is not read.
    :raises ConfigurationError: names what is missing.
    """
    environment = os.environ
    if base_url and test_system:
        raise ConfigurationError("give either --base-url or --test-system")
    url = base_url or (TESTING if test_system else environment.get("CPL_BASE_URL", "").strip() or PRODUCTION)
    name = client_id or environment.get("CPL_CLIENT_ID", "").strip()
    if not name:
        raise ConfigurationError("no client id: set CPL_CLIENT_ID or give --client-id; to try without one: --sandbox")
    return Access(client_id=name, client_secret="", base_url=base_url_from(url))


def journal_of(access: Access) -> JournalPlace:
    """Return where the journal of an account lies; it takes no secret.

    :raises JournalError: see :func:`journal_place`.
    """

    async def find() -> JournalPlace:
        async with Client(client_id=access.client_id, client_secret="none", base_url=access.base_url) as client:  # noqa: S106 - /info needs no token
            return await journal_place(client)

    return asyncio.run(find())


def _secret(file: Path | None) -> str:
    if file is not None:
        return secret_from_file(file)
    if secret := secret_from_environment(os.environ):
        return secret
    if not sys.stdin.isatty():
        raise ConfigurationError("no client secret: set CPL_CLIENT_SECRET or give --secret-file")
    return str(click.prompt("Client secret", hide_input=True, err=True))
