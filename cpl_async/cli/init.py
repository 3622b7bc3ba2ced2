"""``cpl init``: prompts for the settings, tests them, and writes them to the file that all commands read."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import click
import tomlkit

from ..configuration import FILE_NAME, read_settings, settings_from_environment, user_file
from ..errors import ConfigurationError, CplError
from ..settings import PRODUCTION, TESTING, base_url_from, secret_from_file
from ..system.atomic_file import replacing
from .access import Access
from .failures import plain_failures, quiet_libraries
from .output import say

__all__ = ["init"]

NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
SYSTEMS = {"test": TESTING, "production": PRODUCTION}


@click.command(short_help="Ask for client id and secret, try them, and keep them.")
@click.option("--profile", help="Store them as a profile, e.g. test. Default: the settings without a profile.")
@click.option("--client-id", help="Client id. Default: it is requested.")
@click.option(
    "--secret-file", type=click.Path(path_type=Path), help="File with the secret. Default: the secret is requested."
)
@click.option("--system", type=click.Choice([*SYSTEMS]), help="System. Default: it is requested.")
@click.option("--base-url", help="Another address than the carrier's.")
@click.option("--file", "path", type=click.Path(path_type=Path), help="File to write. Default: the user's own file.")
@click.option("--try/--no-try", "trying", default=True, help="Request a token from the server first. Default: try.")
@click.option("--yes", is_flag=True, help="Replace settings that are there.")
def init(
    profile: str | None,
    client_id: str | None,
    secret_file: Path | None,
    system: str | None,
    base_url: str | None,
    path: Path | None,
    trying: bool,
    yes: bool,
) -> None:
    """Ask for client id and secret, try them on the server, and write them to a file that all commands read.

    The secret lies in a file of its own that only you can read. Nothing is shipped.

    \b
    Examples:
      cpl init
      cpl init --profile test --system test
      cpl init --profile shop --client-id shop-1 --secret-file /run/secrets/cpl --system production
    """
    quiet_libraries()
    if profile is not None and not NAME.fullmatch(profile):
        raise click.UsageError("a profile's name has 1 to 40 letters, digits, - and _")
    if base_url and system:
        raise click.UsageError("give either --base-url or --system")
    with plain_failures():
        path = (path or user_file()).absolute()
        content = _content_of(path)
        table = _table(content, profile)
        if not ADDRESSES.isdisjoint(table) and not yes:
            _may_replace(path, profile)
        address = base_url_from(base_url or SYSTEMS[system or _asked("System", "test", click.Choice([*SYSTEMS]))])
        client_id = client_id or _asked("Client id")
        secret = secret_from_file(secret_file) if secret_file else _asked("Client secret (not shown)", hidden=True)
        if trying:
            options = settings_from_environment().options  # e.g. a proxy
            _try(Access(client_id=client_id, client_secret=secret, base_url=address, options=options))
        kept = secret_file.absolute() if secret_file else _keep_secret(path, profile, secret)
        _write(path, content, table, {"client_id": client_id, "client_secret_file": str(kept), "base_url": address})
    name = f" --profile {profile}" if profile else ""
    say(f"written: {path}")
    say(f"next: cpl doctor{name}")


def _content_of(path: Path) -> tomlkit.TOMLDocument:
    """Return the current content of the file, including comments.

    :raises ConfigurationError: It cannot be read, or is not a file of this library.
    """
    if path.name == "pyproject.toml":
        raise ConfigurationError(f"cpl init writes no pyproject.toml: name a {FILE_NAME} with --file")
    if not path.exists():
        return tomlkit.document()
    read_settings(file=path, environment={})  # reports the error with its place
    return tomlkit.parse(path.read_text(encoding="utf-8"))


def _table(content: MutableMapping[str, Any], profile: str | None) -> MutableMapping[str, Any]:
    """Return the table of a file that contains the settings."""
    if profile is None:
        return content
    if "profiles" not in content:
        content["profiles"] = tomlkit.table(is_super_table=True)
    profiles: MutableMapping[str, Any] = content["profiles"]
    if profile not in profiles:
        profiles[profile] = tomlkit.table()
    table: MutableMapping[str, Any] = profiles[profile]
    return table


def _may_replace(path: Path, profile: str | None) -> None:
    what = f"the profile {profile}" if profile else "settings"
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{path} has {what} already: give --yes to replace them, or another --profile")
    click.confirm(f"{path} has {what} already. Replace?", abort=True, err=True)


def _asked(question: str, default: str | None = None, kind: Any = None, *, hidden: bool = False) -> str:
    """Return the user's answer to a prompt.

    :raises ConfigurationError: There is no user at a terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "nobody is there to be asked: give --client-id, --secret-file and --system (or --base-url)"
        )
    return str(click.prompt(question, default=default, type=kind, hide_input=hidden, err=True)).strip()


def _try(access: Access) -> None:
    """Fetch a token, and verify that the address belongs to the API.

    :raises CplError: That failed.
    """

    async def ask() -> str:
        async with access.client() as client:
            await client.login.get_access_token()
            return (await client.info.get()).version or ""

    say(f"asking {access.base_url} for a token …")
    try:
        version = asyncio.run(ask())
    except CplError as error:
        say("nothing was written; --no-try writes all the same")
        raise error from None
    say(f"it works{f': version {version}' if version else ''}")


def _keep_secret(path: Path, profile: str | None, secret: str) -> Path:
    """Write the secret beside the file, readable by its user only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = path.with_name(f"cpl-secret-{profile}" if profile else "cpl-secret")
    kept.unlink(missing_ok=True)  # created again, so that its permissions are set by this command
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")
    return kept


def _write(path: Path, content: tomlkit.TOMLDocument, table: MutableMapping[str, Any], values: dict[str, str]) -> None:
    """Write the settings to their table and rewrite the file; its other content is unchanged."""
    for name in ADDRESSES - values.keys():
        table.pop(name, None)
    table.update(values)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path) as fresh:
        fresh.write_text(tomlkit.dumps(content), encoding="utf-8")


ADDRESSES = frozenset({"client_id", "client_secret_file", "client_secret_command", "base_url", "test_system"})
"""Settings that are replaced."""
