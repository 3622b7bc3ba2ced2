"""Reads settings from arguments, the environment and a file with profiles, and knows where each came from."""

from __future__ import annotations

import logging
import os
import shlex
import ssl
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from attrs import Factory, field, frozen

from ._nearest import nearest
from .errors import ConfigurationError
from .settings import PRODUCTION, TESTING, proxy_from, secret_from_file, text_from_file
from .system.user_folders import user_folder

__all__ = ["CONFIG", "FILE_NAME", "PROFILE", "Settings", "read_settings", "settings_from_environment", "user_file"]

FILE_NAME = "cpl.toml"
CONFIG, PROFILE = "CPL_CONFIG", "CPL_PROFILE"
"""Environment variables that name the file and the profile."""
TRUE, FALSE = ("1", "true", "yes"), ("0", "false", "no")
LONGEST_FILE = 1024 * 1024
"""Bytes of a file with settings."""
LONGEST_COMMAND = 60.0
"""Seconds for a command that prints the secret: a person may have to unlock something."""
logger: logging.Logger = logging.getLogger("cpl_async")
Convert = Callable[[Any], Any]


@frozen(kw_only=True)
class Settings:
    """What was found: whose account, at which address, and how the client works."""

    client_id: str
    base_url: str
    options: Mapping[str, Any] = Factory(dict)
    """All else that a client takes."""
    origins: Mapping[str, str] = Factory(dict)
    """Where each setting came from, by its name."""
    profile: str | None = None
    _secret: Callable[[], str] = field(repr=False, alias="secret")

    def secret(self) -> str:
        """Return the client secret; only now is a file read or a command run for it.

        :return: empty where there is none.
        :raises ConfigurationError: when it cannot be had.
        """
        return self._secret()

    def credentials(self) -> tuple[str, str]:
        """Return client id and secret.

        :raises ConfigurationError: names what is missing.
        """
        ahead = self._secret.ahead if isinstance(self._secret, _ReadOnce) else self._secret
        secret = ahead()  # kept for the client that is made of it: a command is run once
        found = {"CPL_CLIENT_ID": self.client_id, "CPL_CLIENT_SECRET": secret}
        if missing := [name for name, value in found.items() if not value]:
            raise ConfigurationError(
                f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set",
                advice=f"Set it in the environment, or in {FILE_NAME} for Client.from_config; `cpl sandbox` needs none",
            )
        return self.client_id, secret


@frozen(kw_only=True)
class _Source:
    """One place that settings come from."""

    values: Mapping[str, Any]
    where: Callable[[str], str]
    """What to call a setting of this place in an error."""
    folder: Path = field(factory=Path)
    """Relative paths begin here."""
    trusted: bool = True
    """Whether a person named it: else it may say neither where a secret comes from or goes to nor what is run."""
    again: Callable[[str], str | None] = lambda name: None
    """Reads a setting again; `None` where it does not change."""


def read_settings(
    arguments: Mapping[str, Any] | None = None,
    *,
    profile: str | None = None,
    file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Return the settings: arguments first, then the environment, the profile in the file, and the file.

    :param arguments: by name of the setting; those that are ``None`` are not given.
    :param profile: Name of a profile. Default: ``CPL_PROFILE``, else the one that a file chooses.
    :param file: TOML. Default: ``CPL_CONFIG``, else the ``cpl.toml`` or ``pyproject.toml`` (``[tool.cpl]``) of this
        folder or the nearest above it, and below it the user's own.
    :param environment: another mapping than the process's environment.
    :param folder: where looking for the file begins; the working folder unless given.
    :raises ConfigurationError: names the setting, where it stands, and what is wrong with it.
    """
    environment = os.environ if environment is None else environment
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    sources = [_Source(values=given, where=lambda name: f"argument {name}"), _of_environment(environment)]
    files = _files(file or environment.get(CONFIG, "").strip() or None, folder)
    named = profile or environment.get(PROFILE, "").strip() or next((one.profile for one in files if one.profile), None)
    if named is not None:
        _check_profile(named, files)
    return _merge([*sources, *(source for one in files for source in one.sources(named))], named)


def settings_from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment alone gives; no file is looked for.

    :param environment: another mapping than the process's environment.
    :raises ConfigurationError: names the setting and what is wrong with it.
    """
    return _merge([_of_environment(os.environ if environment is None else environment)], None)


def user_file() -> Path:
    """Return the place of the user's own file, which need not be there.

    :raises ConfigurationError: If the user has no home directory.
    """
    if (own := _own_file()) is None:
        raise ConfigurationError(
            "this user has no home directory for settings",
            advice=f"Name a file with --config or {CONFIG}, or set HOME or XDG_CONFIG_HOME",
        )
    return own


def _own_file() -> Path | None:
    folder = user_folder("config")
    return folder / FILE_NAME if folder is not None else None


def _of_environment(environment: Mapping[str, str]) -> _Source:
    values = {
        name: text for name in ("client_secret", *KEYS) if (text := environment.get(f"CPL_{name.upper()}", "").strip())
    }
    best = next((name for name in SECRETS if name in values), None)
    values = {name: text for name, text in values.items() if name not in SECRETS or name == best}
    return _Source(
        values=values,
        where=lambda name: f"CPL_{name.upper()}",
        again=lambda name: environment.get(f"CPL_{name.upper()}", "").strip(),
    )


def _find(folder: Path | None) -> Path | None:
    """Return the nearest file with settings, from a folder upwards, or `None` if there is none."""
    try:
        begin = (folder or Path.cwd()).absolute()
        places = (begin, *begin.parents)
    except OSError:  # the working folder was removed: there is nothing near it
        places = ()
    for place in places:
        for name in (FILE_NAME, "pyproject.toml"):
            path = place / name
            if os.path.isfile(path) and _has_settings(path) and _is_ours(path):  # no error where it may not be looked
                return path
    return None


def _has_settings(path: Path) -> bool:
    """Return whether a file is meant for us: another tool's ``pyproject.toml`` may even be broken."""
    if path.name == FILE_NAME:
        return True
    try:
        return "cpl" in tomllib.loads(text_from_file(path, LONGEST_FILE)).get("tool", {})
    except (OSError, ValueError, AttributeError):
        return False


def _is_ours(path: Path) -> bool:
    """Return whether a file that was only found belongs to this user or the administrator."""
    if not hasattr(os, "getuid") or path.stat().st_uid in (os.getuid(), 0):
        return True
    logger.warning("%s belongs to another user and is not read: name it in %s to use it", path, CONFIG)
    return False


@frozen(kw_only=True)
class _File:
    """A file with settings."""

    path: Path
    table: Mapping[str, Any]
    """Settings outside of its profiles."""
    profiles: Mapping[str, Mapping[str, Any]]
    profile: str | None
    """The profile that it chooses."""
    trusted: bool
    """Whether a person named it, or keeps it as their own."""

    def sources(self, profile: str | None) -> Iterator[_Source]:
        """Yield the settings of a profile, if the file has it, and those outside of profiles."""
        tables = [(self.table, str(self.path))]
        if profile is not None and profile in self.profiles:
            tables.insert(0, (self.profiles[profile], f"{self.path}, profile {profile}"))
        for table, place in tables:
            folder = self.path.absolute().parent
            yield _Source(values=table, where=_named(place), folder=folder, trusted=self.trusted)


def _files(named: str | os.PathLike[str] | None, folder: Path | None) -> list[_File]:
    """Return the file that is named; otherwise the nearest one and the user's own, in this order."""
    if named is not None:
        return [_loaded(Path(named), trusted=True)]
    own = _own_file()
    found = _find(folder)
    files = [] if found is None or found == own else [_loaded(found, trusted=False)]
    return [*files, _loaded(own, trusted=True)] if own is not None and os.path.isfile(own) else files


def _loaded(path: Path, *, trusted: bool) -> _File:
    """Read a file. All profiles are checked: a mistake in one is found before it is needed."""
    try:
        content = tomllib.loads(text_from_file(path, LONGEST_FILE))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # not TOML, not UTF-8, or too long
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if path.name == "pyproject.toml":
        content = content.get("tool", {}).get("cpl", {})
    profiles, profile = content.pop("profiles", {}), content.pop("profile", None)
    if not isinstance(profiles, dict) or not all(isinstance(one, dict) for one in profiles.values()):
        raise ConfigurationError(f"{path}: profiles is a table of tables, e.g. [profiles.test]")
    if profile is not None and (not isinstance(profile, str) or not profile.strip()):
        raise ConfigurationError(f"{path}: profile must be the name of a profile, not {profile!r}")
    _check_names(content, str(path))
    for name, table in profiles.items():
        _check_names(table, f"{path}, profile {name}")
    return _File(path=path, table=content, profiles=profiles, profile=profile, trusted=trusted)


def _check_profile(profile: str, files: Sequence[_File]) -> None:
    """Raise if no file has the profile.

    :raises ConfigurationError: names the profiles that there are.
    """
    known = [name for file in files for name in file.profiles]
    if not files:
        raise ConfigurationError(
            f"there is no profile {profile}, since there is no {FILE_NAME}",
            advice="Make one with `cpl init`, or leave the profile out",
        )
    if profile not in known:
        places = " and ".join(str(file.path) for file in files)
        have = "has" if len(files) == 1 else "have"
        there_are = f"the profiles are {', '.join(known)}" if known else "there are none"
        raise ConfigurationError(f"{places} {have} no profile {profile}{_near(profile, known)}: {there_are}")


def _named(place: str) -> Callable[[str], str]:
    return lambda name: f"{place}: {name}"


def _check_names(table: Mapping[str, Any], place: str) -> None:
    for name in table:
        if name == "client_secret":
            raise ConfigurationError(
                f"{place}: a secret does not stand in this file, which others may come to read",
                advice="Put it in a file of its own, and name that in client_secret_file, or use client_secret_command",
            )
        if name not in KEYS:
            raise ConfigurationError(
                f"{place}: there is no setting {name}{_near(name, KEYS)}", advice=f"Known are {', '.join(KEYS)}"
            )


def _near(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f", did you mean {near}?" if near else ""


def _merge(sources: Sequence[_Source], profile: str | None) -> Settings:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    secret: Callable[[], str] = str
    for group in GROUPS:
        source = next((one for one in sources if any(name in one.values for name in group)), None)
        if source is None:
            continue
        given = [name for name in group if name in source.values]
        if len(given) > 1:
            raise ConfigurationError(f"{source.where(given[0])} and {given[1]}: give one of them")
        name = given[0]
        origins[name] = source.where(name)
        if name in SECRETS:
            _refuse_what_was_only_found(source, name)
            secret = _ReadOnce(partial(_secret_of, name, source.values[name], source))
            continue
        values[name] = _converted(name, source)
        _refuse_what_was_only_found(source, name)
    base_url = values.pop("base_url", None) or (TESTING if values.pop("test_system", False) else PRODUCTION)
    authority = values.pop("ca_file", None)
    if authority is not None:
        values["ssl"] = _context(authority, origins["ca_file"])
    client_id = values.pop("client_id", "")
    return Settings(
        client_id=client_id,
        base_url=base_url,
        options=values,
        origins=origins,
        profile=profile,
        secret=secret,
    )


def _converted(name: str, source: _Source) -> Any:
    convert, words = KEYS[name]
    value = source.values[name]
    try:
        made = convert(value)
    except (TypeError, ValueError):
        shown = "" if name == "proxy" else f", not {value!r}"  # it may hold a password
        raise ConfigurationError(f"{source.where(name)} must be {words}{shown}") from None
    return source.folder / made if isinstance(made, Path) else made


def _refuse_what_was_only_found(source: _Source, name: str) -> None:
    """Refuse what would let any folder that a person works in run a program, or see their secret.

    :raises ConfigurationError: says how to allow it.
    """
    if source.trusted or name not in CAREFUL:
        return
    raise ConfigurationError(
        f"{source.where(name)} is used only from a file that you name: this one was found in the folder",
        advice=f"Name it with --config or {CONFIG} if you trust it, or put the setting into a profile of "
        f"{_own_file() or 'your own file'} and choose that here: profile = …",
    )


class _ReadOnce:
    """Reads the secret when it is asked for. What was read ahead is returned once."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._ahead: str | None = None

    def ahead(self) -> str:
        """Return the secret, and keep it for the next call."""
        if self._ahead is None:
            self._ahead = self._read()
        return self._ahead

    def __call__(self) -> str:
        """Return the secret that was read ahead, otherwise read it."""
        secret, self._ahead = self._ahead, None
        return self._read() if secret is None else secret


def _secret_of(name: str, value: Any, source: _Source) -> str:
    if name == "client_secret":
        return str(source.again(name) or value)
    if name == "client_secret_file":
        return secret_from_file(source.folder / _expanded(_path(value)))
    return _secret_from_command(value, source.where(name))


def _secret_from_command(value: Any, where: str) -> str:
    """Return the first line that a command prints; it is run without a shell."""
    command = shlex.split(value) if isinstance(value, str) else value
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise ConfigurationError(f"{where} must be a command, e.g. ['pass', 'show', 'cpl']")
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=LONGEST_COMMAND, check=False)  # noqa: S603 - it is the user's own
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it has not ended in {LONGEST_COMMAND:.0f} s"
        raise ConfigurationError(f"{where}: {command[0]} cannot be run: {reason}") from None
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode != 0:
        raise ConfigurationError(f"{where}: {command[0]} has ended with status {done.returncode}")
    if not lines or not lines[0].strip():
        raise ConfigurationError(f"{where}: {command[0]} has printed nothing")
    return lines[0].strip()


def _context(authority: Path, where: str) -> ssl.SSLContext:
    """Return what trusts the certificates of the system, and those of a file: the same for all clients, so that they
    can share connections."""
    try:
        path = authority.resolve()
        return _context_of(path, path.stat().st_mtime_ns)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(f"{where}: {authority} holds no certificates that can be read: {error}") from None


@lru_cache(maxsize=8)
def _context_of(authority: Path, _changed: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(authority)
    return context


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _proxy(value: Any) -> str:
    try:
        return proxy_from(_text(value))
    except ConfigurationError:
        raise ValueError from None


def _expanded(path: Path) -> Path:
    """Return a path whose ``~`` is the home directory.

    :raises ConfigurationError: If there is none.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigurationError(f"{path} cannot be used: this user has no home directory") from None


def _path(value: Any) -> Path:
    return Path(_text(str(value) if isinstance(value, os.PathLike) else value))


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).lower()
    if word not in (*TRUE, *FALSE):
        raise ValueError
    return word in TRUE


def _number(kind: type[int] | type[float], value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, kind)):
        raise TypeError
    number = kind(value)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


KEYS: dict[str, tuple[Convert, str]] = {
    "client_id": (_text, "the client id as the carrier gave it"),
    "client_secret_file": (_path, "the path of a file"),
    "client_secret_command": (lambda value: value, "a command"),
    "base_url": (_text, f"an address like {PRODUCTION}"),
    "test_system": (_flag, "true or false"),
    "language": (_text, "a language like en-GB or cs-CZ"),
    "timeout": (partial(_number, float), "a number of seconds over 0"),
    "max_connections": (partial(_number, int), "a whole number over 0"),
    "proxy": (_proxy, "the address of an HTTP proxy"),
    "trust_env": (_flag, "true or false"),
    "ca_file": (_path, "the path of a file with certificates"),
    "shared": (_text, "the address of a Redis, redis://…"),
    "journal": (_text, "the address of a PostgreSQL, postgresql://…"),
}
"""Settings of a file and, as ``CPL_…``, of the environment: how each is read, and what it must be."""
SECRETS = ("client_secret", "client_secret_file", "client_secret_command")
GROUPS = (SECRETS, ("base_url", "test_system"), *((n,) for n in KEYS if n not in (*SECRETS, "base_url", "test_system")))
"""Settings of which one is given; the first source that has one of a group decides it."""
CAREFUL = frozenset({
    "client_secret_file", "client_secret_command", "base_url", "test_system", "proxy", "trust_env",
    "ca_file", "shared", "journal",
})  # fmt: skip
"""What decides where the secret comes from or goes to, or runs a program."""
