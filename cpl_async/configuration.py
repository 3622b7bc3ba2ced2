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
MAX_FILE_BYTES = 1024 * 1024
"""Bytes of a file with settings."""
COMMAND_TIMEOUT_SECONDS = 60.0
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
        prefetch = self._secret.prefetch if isinstance(self._secret, _SecretReader) else self._secret
        secret = prefetch()  # kept for the client that is made of it: a command is run once
        found = {"CPL_CLIENT_ID": self.client_id, "CPL_CLIENT_SECRET": secret}
        if missing := [name for name, value in found.items() if not value]:
            raise ConfigurationError(
                f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set",
                advice=f"Set it in the environment, or in {FILE_NAME} for Client.from_config; `cpl sandbox` needs none",
            )
        return self.client_id, secret


@frozen(kw_only=True)
class _SettingsSource:
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
    sources = [_SettingsSource(values=given, where=lambda name: f"argument {name}"), _environment_source(environment)]
    files = _load_files(file or environment.get(CONFIG, "").strip() or None, folder)
    named = profile or environment.get(PROFILE, "").strip() or next((one.profile for one in files if one.profile), None)
    if named is not None:
        _check_profile(named, files)
    return _merge([*sources, *(source for one in files for source in one.sources(named))], named)


def settings_from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment alone gives; no file is looked for.

    :param environment: another mapping than the process's environment.
    :raises ConfigurationError: names the setting and what is wrong with it.
    """
    return _merge([_environment_source(os.environ if environment is None else environment)], None)


def user_file() -> Path:
    """Return the place of the user's own file, which need not be there.

    :raises ConfigurationError: If the user has no home directory.
    """
    if (own := _user_file()) is None:
        raise ConfigurationError(
            "this user has no home directory for settings",
            advice=f"Name a file with --config or {CONFIG}, or set HOME or XDG_CONFIG_HOME",
        )
    return own


def _user_file() -> Path | None:
    folder = user_folder("config")
    return folder / FILE_NAME if folder is not None else None


def _environment_source(environment: Mapping[str, str]) -> _SettingsSource:
    values = {
        name: text for name in ("client_secret", *KEYS) if (text := environment.get(f"CPL_{name.upper()}", "").strip())
    }
    best = next((name for name in SECRETS if name in values), None)
    values = {name: text for name, text in values.items() if name not in SECRETS or name == best}
    return _SettingsSource(
        values=values,
        where=lambda name: f"CPL_{name.upper()}",
        again=lambda name: environment.get(f"CPL_{name.upper()}", "").strip(),
    )


def _find_file(folder: Path | None) -> Path | None:
    """Return the nearest file with settings, from a folder upwards, or `None` if there is none."""
    try:
        begin = (folder or Path.cwd()).absolute()
        places = (begin, *begin.parents)
    except OSError:  # the working folder was removed: there is nothing near it
        places = ()
    for place in places:
        for name in (FILE_NAME, "pyproject.toml"):
            path = place / name
            if (
                os.path.isfile(path) and _has_settings(path) and _is_owned_by_user(path)
            ):  # no error where it may not be looked
                return path
    return None


def _has_settings(path: Path) -> bool:
    """Return whether a file is meant for us: another tool's ``pyproject.toml`` may even be broken."""
    if path.name == FILE_NAME:
        return True
    try:
        return "cpl" in tomllib.loads(text_from_file(path, MAX_FILE_BYTES)).get("tool", {})
    except (OSError, ValueError, AttributeError):
        return False


def _is_owned_by_user(path: Path) -> bool:
    """Return whether a file that was only found belongs to this user or the administrator."""
    if not hasattr(os, "getuid") or path.stat().st_uid in (os.getuid(), 0):
        return True
    logger.warning("%s belongs to another user and is not read: name it in %s to use it", path, CONFIG)
    return False


@frozen(kw_only=True)
class _SettingsFile:
    """A file with settings."""

    path: Path
    table: Mapping[str, Any]
    """Settings outside of its profiles."""
    profiles: Mapping[str, Mapping[str, Any]]
    profile: str | None
    """The profile that it chooses."""
    trusted: bool
    """Whether a person named it, or keeps it as their own."""

    def sources(self, profile: str | None) -> Iterator[_SettingsSource]:
        """Yield the settings of a profile, if the file has it, and those outside of profiles."""
        tables = [(self.table, str(self.path))]
        if profile is not None and profile in self.profiles:
            tables.insert(0, (self.profiles[profile], f"{self.path}, profile {profile}"))
        for table, place in tables:
            folder = self.path.absolute().parent
            yield _SettingsSource(values=table, where=_setting_label(place), folder=folder, trusted=self.trusted)


def _load_files(named: str | os.PathLike[str] | None, folder: Path | None) -> list[_SettingsFile]:
    """Return the file that is named; otherwise the nearest one and the user's own, in this order."""
    if named is not None:
        return [_load_file(Path(named), trusted=True)]
    own = _user_file()
    found = _find_file(folder)
    files = [] if found is None or found == own else [_load_file(found, trusted=False)]
    return [*files, _load_file(own, trusted=True)] if own is not None and os.path.isfile(own) else files


def _load_file(path: Path, *, trusted: bool) -> _SettingsFile:
    """Read a file. All profiles are checked: a mistake in one is found before it is needed."""
    try:
        content = tomllib.loads(text_from_file(path, MAX_FILE_BYTES))
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
    return _SettingsFile(path=path, table=content, profiles=profiles, profile=profile, trusted=trusted)


def _check_profile(profile: str, files: Sequence[_SettingsFile]) -> None:
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
        raise ConfigurationError(f"{places} {have} no profile {profile}{_suggestion(profile, known)}: {there_are}")


def _setting_label(place: str) -> Callable[[str], str]:
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
                f"{place}: there is no setting {name}{_suggestion(name, KEYS)}", advice=f"Known are {', '.join(KEYS)}"
            )


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f", did you mean {near}?" if near else ""


def _merge(sources: Sequence[_SettingsSource], profile: str | None) -> Settings:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    secret: Callable[[], str] = str
    for group in EXCLUSIVE_GROUPS:
        source = next((one for one in sources if any(name in one.values for name in group)), None)
        if source is None:
            continue
        given = [name for name in group if name in source.values]
        if len(given) > 1:
            raise ConfigurationError(f"{source.where(given[0])} and {given[1]}: give one of them")
        name = given[0]
        origins[name] = source.where(name)
        if name in SECRETS:
            _reject_untrusted(source, name)
            secret = _SecretReader(partial(_read_secret, name, source.values[name], source))
            continue
        values[name] = _convert_setting(name, source)
        _reject_untrusted(source, name)
    base_url = values.pop("base_url", None) or (TESTING if values.pop("test_system", False) else PRODUCTION)
    authority = values.pop("ca_file", None)
    if authority is not None:
        values["ssl"] = _ssl_context(authority, origins["ca_file"])
    client_id = values.pop("client_id", "")
    return Settings(
        client_id=client_id,
        base_url=base_url,
        options=values,
        origins=origins,
        profile=profile,
        secret=secret,
    )


def _convert_setting(name: str, source: _SettingsSource) -> Any:
    convert, words = KEYS[name]
    value = source.values[name]
    try:
        made = convert(value)
    except (TypeError, ValueError):
        shown = "" if name == "proxy" else f", not {value!r}"  # it may hold a password
        raise ConfigurationError(f"{source.where(name)} must be {words}{shown}") from None
    return source.folder / made if isinstance(made, Path) else made


def _reject_untrusted(source: _SettingsSource, name: str) -> None:
    """Refuse what would let any folder that a person works in run a program, or see their secret.

    :raises ConfigurationError: says how to allow it.
    """
    if source.trusted or name not in SENSITIVE_SETTINGS:
        return
    raise ConfigurationError(
        f"{source.where(name)} is used only from a file that you name: this one was found in the folder",
        advice=f"Name it with --config or {CONFIG} if you trust it, or put the setting into a profile of "
        f"{_user_file() or 'your own file'} and choose that here: profile = …",
    )


class _SecretReader:
    """Reads the secret when it is asked for. What was read ahead is returned once."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._prefetched: str | None = None

    def prefetch(self) -> str:
        """Return the secret, and keep it for the next call."""
        if self._prefetched is None:
            self._prefetched = self._read()
        return self._prefetched

    def __call__(self) -> str:
        """Return the secret that was read ahead, otherwise read it."""
        secret, self._prefetched = self._prefetched, None
        return self._read() if secret is None else secret


def _read_secret(name: str, value: Any, source: _SettingsSource) -> str:
    if name == "client_secret":
        return str(source.again(name) or value)
    if name == "client_secret_file":
        return secret_from_file(source.folder / _expand_home(_read_path(value)))
    return _secret_from_command(value, source.where(name))


def _secret_from_command(value: Any, where: str) -> str:
    """Return the first line that a command prints; it is run without a shell."""
    command = shlex.split(value) if isinstance(value, str) else value
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise ConfigurationError(f"{where} must be a command, e.g. ['pass', 'show', 'cpl']")
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=COMMAND_TIMEOUT_SECONDS, check=False)  # noqa: S603 - it is the user's own
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = (
            error.strerror if isinstance(error, OSError) else f"it has not ended in {COMMAND_TIMEOUT_SECONDS:.0f} s"
        )
        raise ConfigurationError(f"{where}: {command[0]} cannot be run: {reason}") from None
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode != 0:
        raise ConfigurationError(f"{where}: {command[0]} has ended with status {done.returncode}")
    if not lines or not lines[0].strip():
        raise ConfigurationError(f"{where}: {command[0]} has printed nothing")
    return lines[0].strip()


def _ssl_context(authority: Path, where: str) -> ssl.SSLContext:
    """Return what trusts the certificates of the system, and those of a file: the same for all clients, so that they
    can share connections."""
    try:
        path = authority.resolve()
        return _cached_ssl_context(path, path.stat().st_mtime_ns)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(f"{where}: {authority} holds no certificates that can be read: {error}") from None


@lru_cache(maxsize=8)
def _cached_ssl_context(authority: Path, _changed: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(authority)
    return context


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _read_proxy(value: Any) -> str:
    try:
        return proxy_from(_read_text(value))
    except ConfigurationError:
        raise ValueError from None


def _expand_home(path: Path) -> Path:
    """Return a path whose ``~`` is the home directory.

    :raises ConfigurationError: If there is none.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigurationError(f"{path} cannot be used: this user has no home directory") from None


def _read_path(value: Any) -> Path:
    return Path(_read_text(str(value) if isinstance(value, os.PathLike) else value))


def _read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _read_text(value).lower()
    if word not in (*TRUE, *FALSE):
        raise ValueError
    return word in TRUE


def _read_number(kind: type[int] | type[float], value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, kind)):
        raise TypeError
    number = kind(value)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


KEYS: dict[str, tuple[Convert, str]] = {
    "client_id": (_read_text, "the client id as the carrier gave it"),
    "client_secret_file": (_read_path, "the path of a file"),
    "client_secret_command": (lambda value: value, "a command"),
    "base_url": (_read_text, f"an address like {PRODUCTION}"),
    "test_system": (_read_flag, "true or false"),
    "language": (_read_text, "a language like en-GB or cs-CZ"),
    "timeout": (partial(_read_number, float), "a number of seconds over 0"),
    "max_connections": (partial(_read_number, int), "a whole number over 0"),
    "proxy": (_read_proxy, "the address of an HTTP proxy"),
    "trust_env": (_read_flag, "true or false"),
    "ca_file": (_read_path, "the path of a file with certificates"),
    "shared": (_read_text, "the address of a Redis, redis://…"),
    "journal": (_read_text, "the address of a PostgreSQL, postgresql://…"),
}
"""Settings of a file and, as ``CPL_…``, of the environment: how each is read, and what it must be."""
SECRETS = ("client_secret", "client_secret_file", "client_secret_command")
EXCLUSIVE_GROUPS = (
    SECRETS,
    ("base_url", "test_system"),
    *((n,) for n in KEYS if n not in (*SECRETS, "base_url", "test_system")),
)
"""Settings of which one is given; the first source that has one of a group decides it."""
SENSITIVE_SETTINGS = frozenset({
    "client_secret_file", "client_secret_command", "base_url", "test_system", "proxy", "trust_env",
    "ca_file", "shared", "journal",
})  # fmt: skip
"""What decides where the secret comes from or goes to, or runs a program."""
