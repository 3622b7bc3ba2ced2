"""Settings of the client from arguments, environment variables and files with profiles."""

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
"""Environment variables with the path of the settings file and the name of the profile."""
TRUE, FALSE = ("1", "true", "yes"), ("0", "false", "no")
MAX_FILE_BYTES = 1024 * 1024
"""Maximum size of a settings file."""
COMMAND_TIMEOUT_SECONDS = 60.0
"""Timeout of a command that prints the secret; the user may have to unlock a password store."""
logger: logging.Logger = logging.getLogger("cpl_async")
Convert = Callable[[Any], Any]


@frozen(kw_only=True)
class Settings:
    """Account, base URL and options of a client."""

    client_id: str
    base_url: str
    options: Mapping[str, Any] = Factory(dict)
    """Other arguments of the client."""
    origins: Mapping[str, str] = Factory(dict)
    """Source of each setting, by name."""
    profile: str | None = None
    _secret: Callable[[], str] = field(repr=False, alias="secret")

    def secret(self) -> str:
        """Return the client secret. Reads the file or runs the command of the secret, if there is one.

        :return: The secret; empty if no secret is set.
        :raises ConfigurationError: If the secret cannot be read.
        """
        return self._secret()

    def credentials(self) -> tuple[str, str]:
        """Return client id and secret.

        :raises ConfigurationError: If one of them is missing.
        """
        read = self._secret.prefetch if isinstance(self._secret, _SecretReader) else self._secret
        secret = read()  # prefetched, so that the client does not run a command again
        credentials = {"CPL_CLIENT_ID": self.client_id, "CPL_CLIENT_SECRET": secret}
        if missing := [name for name, value in credentials.items() if not value]:
            raise ConfigurationError(
                f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set",
                advice=f"Set it in the environment, or in {FILE_NAME} for Client.from_config; `cpl sandbox` needs none",
            )
        return self.client_id, secret


@frozen(kw_only=True)
class _SettingsSource:
    """A source of settings."""

    values: Mapping[str, Any]
    label: Callable[[str], str]
    """Returns the name of a setting for error messages."""
    folder: Path = field(factory=Path)
    """Base folder of relative paths."""
    trusted: bool = True
    """Whether the user named the source. An untrusted source may neither determine the secret's origin and destination
    nor run a command."""
    reread: Callable[[str], str | None] = lambda name: None
    """Reads the current value of a setting; returns `None` if it cannot change."""


def read_settings(
    arguments: Mapping[str, Any] | None = None,
    *,
    profile: str | None = None,
    file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Return the settings: arguments first, then the environment, the profile in the file, and the file.

    :param arguments: Values by name of the setting; ``None`` values are ignored. Default: none.
    :param profile: Name of a profile. Default: ``CPL_PROFILE``, else the profile selected by a file.
    :param file: Path of a TOML file. Default: ``CPL_CONFIG``, else the ``cpl.toml`` or ``pyproject.toml``
        (``[tool.cpl]``) in the folder or its nearest parent, combined with the user's file, which ranks lower.
    :param environment: Environment variables. Default: those of the process.
    :param folder: Folder in which the search for the file starts. Default: the working directory.
    :raises ConfigurationError: If a setting is invalid; the message has its name and source.
    """
    environment = os.environ if environment is None else environment
    argument_values = {name: value for name, value in (arguments or {}).items() if value is not None}
    sources = [
        _SettingsSource(values=argument_values, label=lambda name: f"argument {name}"),
        _environment_source(environment),
    ]
    files = _load_files(file or environment.get(CONFIG, "").strip() or None, folder)
    profile_name = (
        profile or environment.get(PROFILE, "").strip() or next((file.profile for file in files if file.profile), None)
    )
    if profile_name is not None:
        _check_profile(profile_name, files)
    file_sources = [source for settings_file in files for source in settings_file.sources(profile_name)]
    return _merge([*sources, *file_sources], profile_name)


def settings_from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from environment variables only, without files.

    :param environment: Environment variables. Default: those of the process.
    :raises ConfigurationError: If a setting is invalid; the message has its name.
    """
    return _merge([_environment_source(os.environ if environment is None else environment)], None)


def user_file() -> Path:
    """Return the path of the user's settings file, which may not exist.

    :raises ConfigurationError: If the user has no home directory.
    """
    if (path := _user_file()) is None:
        raise ConfigurationError(
            "the user has no home directory for a settings file",
            advice=f"Pass a file with --config or {CONFIG}, or set HOME or XDG_CONFIG_HOME",
        )
    return path


def _user_file() -> Path | None:
    folder = user_folder("config")
    return folder / FILE_NAME if folder is not None else None


def _environment_source(environment: Mapping[str, str]) -> _SettingsSource:
    values = {
        name: text for name in ("client_secret", *KEYS) if (text := environment.get(f"CPL_{name.upper()}", "").strip())
    }
    preferred_secret = next((name for name in SECRETS if name in values), None)
    values = {name: text for name, text in values.items() if name not in SECRETS or name == preferred_secret}
    return _SettingsSource(
        values=values,
        label=lambda name: f"CPL_{name.upper()}",
        reread=lambda name: environment.get(f"CPL_{name.upper()}", "").strip(),
    )


def _find_file(folder: Path | None) -> Path | None:
    """Return the nearest settings file in a folder or its parents, or `None` if there is no such file."""
    try:
        start = (folder or Path.cwd()).absolute()
        folders = (start, *start.parents)
    except OSError:  # the working directory was removed
        folders = ()
    for parent in folders:
        for name in (FILE_NAME, "pyproject.toml"):
            path = parent / name
            if (
                os.path.isfile(path) and _has_settings(path) and _is_owned_by_user(path)
            ):  # isfile returns False without permission
                return path
    return None


def _has_settings(path: Path) -> bool:
    """Return whether a file has settings of the SDK; a ``pyproject.toml`` without them may even be invalid."""
    if path.name == FILE_NAME:
        return True
    try:
        return "cpl" in tomllib.loads(text_from_file(path, MAX_FILE_BYTES)).get("tool", {})
    except (OSError, ValueError, AttributeError):
        return False


def _is_owned_by_user(path: Path) -> bool:
    """Return whether a discovered file belongs to the user or the administrator."""
    if not hasattr(os, "getuid") or path.stat().st_uid in (os.getuid(), 0):
        return True
    logger.warning("%s belongs to another user and is ignored: set %s to its path to use it", path, CONFIG)
    return False


@frozen(kw_only=True)
class _SettingsFile:
    """A settings file."""

    path: Path
    table: Mapping[str, Any]
    """Settings outside of the profiles."""
    profiles: Mapping[str, Mapping[str, Any]]
    profile: str | None
    """Name of the selected profile, or `None` if the file selects none."""
    trusted: bool
    """Whether the user named the file, or it is the user's own file."""

    def sources(self, profile: str | None) -> Iterator[_SettingsSource]:
        """Yield the settings of a profile, if the file has it, and the settings outside of profiles."""
        tables = [(self.table, str(self.path))]
        if profile is not None and profile in self.profiles:
            tables.insert(0, (self.profiles[profile], f"{self.path}, profile {profile}"))
        for table, label in tables:
            folder = self.path.absolute().parent
            yield _SettingsSource(values=table, label=_setting_label(label), folder=folder, trusted=self.trusted)


def _load_files(file: str | os.PathLike[str] | None, folder: Path | None) -> list[_SettingsFile]:
    """Return the given file, or the nearest file and the user's file, in this order."""
    if file is not None:
        return [_load_file(Path(file), trusted=True)]
    user_path = _user_file()
    nearest_path = _find_file(folder)
    files = []
    if nearest_path is not None and nearest_path != user_path:
        files.append(_load_file(nearest_path, trusted=False))
    if user_path is not None and os.path.isfile(user_path):
        files.append(_load_file(user_path, trusted=True))
    return files


def _load_file(path: Path, *, trusted: bool) -> _SettingsFile:
    """Read and check a file with all its profiles, so that an error is reported before the profile is used."""
    try:
        content = tomllib.loads(text_from_file(path, MAX_FILE_BYTES))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # not TOML, not UTF-8, or too large
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if path.name == "pyproject.toml":
        content = content.get("tool", {}).get("cpl", {})
    profiles, profile = content.pop("profiles", {}), content.pop("profile", None)
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise ConfigurationError(f"{path}: profiles must be a table of tables, e.g. [profiles.test]")
    if profile is not None and (not isinstance(profile, str) or not profile.strip()):
        raise ConfigurationError(f"{path}: profile must be the name of a profile, not {profile!r}")
    _check_names(content, str(path))
    for name, table in profiles.items():
        _check_names(table, f"{path}, profile {name}")
    return _SettingsFile(path=path, table=content, profiles=profiles, profile=profile, trusted=trusted)


def _check_profile(profile: str, files: Sequence[_SettingsFile]) -> None:
    """Raise an error if no file has the profile.

    :raises ConfigurationError: If the profile does not exist; the message lists the existing profiles.
    """
    known = [name for file in files for name in file.profiles]
    if not files:
        raise ConfigurationError(
            f"there is no profile {profile}, because there is no {FILE_NAME}",
            advice="Create the file with `cpl init`, or omit the profile",
        )
    if profile not in known:
        paths = " and ".join(str(file.path) for file in files)
        verb = "has" if len(files) == 1 else "have"
        profiles_text = f"the profiles are {', '.join(known)}" if known else "there are no profiles"
        raise ConfigurationError(f"{paths} {verb} no profile {profile}{_suggestion(profile, known)}: {profiles_text}")


def _setting_label(source: str) -> Callable[[str], str]:
    return lambda name: f"{source}: {name}"


def _check_names(table: Mapping[str, Any], source: str) -> None:
    for name in table:
        if name == "client_secret":
            raise ConfigurationError(
                f"{source}: this file must not contain a secret, because other users may be able to read it",
                advice="Store it in a separate file named by client_secret_file, or use client_secret_command",
            )
        if name not in KEYS:
            raise ConfigurationError(
                f"{source}: there is no setting {name}{_suggestion(name, KEYS)}",
                advice=f"The settings are {', '.join(KEYS)}",
            )


def _suggestion(name: str, known: Iterable[str]) -> str:
    suggestion = nearest(name, known)
    return f", did you mean {suggestion}?" if suggestion else ""


def _merge(sources: Sequence[_SettingsSource], profile: str | None) -> Settings:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    secret: Callable[[], str] = str
    for group in EXCLUSIVE_GROUPS:
        source = next((entry for entry in sources if any(name in entry.values for name in group)), None)
        if source is None:
            continue
        names = [name for name in group if name in source.values]
        if len(names) > 1:
            raise ConfigurationError(f"{source.label(names[0])} and {names[1]} exclude each other: set one of them")
        name = names[0]
        origins[name] = source.label(name)
        if name in SECRETS:
            _reject_untrusted(source, name)
            secret = _SecretReader(partial(_read_secret, name, source.values[name], source))
            continue
        values[name] = _convert_setting(name, source)
        _reject_untrusted(source, name)
    base_url = values.pop("base_url", None) or (TESTING if values.pop("test_system", False) else PRODUCTION)
    ca_file = values.pop("ca_file", None)
    if ca_file is not None:
        values["ssl"] = _ssl_context(ca_file, origins["ca_file"])
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
    convert, expected = KEYS[name]
    value = source.values[name]
    try:
        converted = convert(value)
    except (TypeError, ValueError):
        shown = "" if name == "proxy" else f", not {value!r}"  # it may contain a password
        raise ConfigurationError(f"{source.label(name)} must be {expected}{shown}") from None
    return source.folder / converted if isinstance(converted, Path) else converted


def _reject_untrusted(source: _SettingsSource, name: str) -> None:
    """Raise an error for a security-sensitive setting from a discovered file.

    Otherwise any folder that the user works in could run a program or obtain the secret.

    :raises ConfigurationError: If the setting is sensitive and its source is not trusted.
    """
    if source.trusted or name not in SENSITIVE_SETTINGS:
        return
    raise ConfigurationError(
        f"{source.label(name)} is used only from a file that you name explicitly, and this file was discovered",
        advice=f"Pass it with --config or {CONFIG} if you trust it, or move the setting to a profile in "
        f"{_user_file() or 'your own file'} and select the profile here: profile = …",
    )


class _SecretReader:
    """Reader of the secret. A prefetched secret is returned once."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._prefetched: str | None = None

    def prefetch(self) -> str:
        """Return the secret, and store it for the next call of the reader."""
        if self._prefetched is None:
            self._prefetched = self._read()
        return self._prefetched

    def __call__(self) -> str:
        """Return the prefetched secret, or read it if it was not prefetched."""
        secret, self._prefetched = self._prefetched, None
        return self._read() if secret is None else secret


def _read_secret(name: str, value: Any, source: _SettingsSource) -> str:
    if name == "client_secret":
        return str(source.reread(name) or value)
    if name == "client_secret_file":
        return secret_from_file(source.folder / _expand_home(_read_path(value)))
    return _secret_from_command(value, source.label(name))


def _secret_from_command(value: Any, label: str) -> str:
    """Return the first line of the output of a command, which runs without a shell."""
    command = shlex.split(value) if isinstance(value, str) else value
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise ConfigurationError(f"{label} must be a command, e.g. ['pass', 'show', 'cpl']")
    try:
        process = subprocess.run(command, stdout=subprocess.PIPE, timeout=COMMAND_TIMEOUT_SECONDS, check=False)  # noqa: S603 - the command is the user's own
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = (
            error.strerror
            if isinstance(error, OSError)
            else f"it did not finish within {COMMAND_TIMEOUT_SECONDS:.0f} s"
        )
        raise ConfigurationError(f"{label}: {command[0]} cannot be run: {reason}") from None
    lines = process.stdout.decode(errors="replace").splitlines()
    if process.returncode != 0:
        raise ConfigurationError(f"{label}: {command[0]} ended with exit status {process.returncode}")
    if not lines or not lines[0].strip():
        raise ConfigurationError(f"{label}: {command[0]} printed nothing")
    return lines[0].strip()


def _ssl_context(ca_file: Path, label: str) -> ssl.SSLContext:
    """Return an SSL context that trusts the certificates of the system and of a file.

    The context is cached, so that clients can share connections.
    """
    try:
        path = ca_file.resolve()
        return _cached_ssl_context(path, path.stat().st_mtime_ns)
    except OSError as error:  # includes ssl.SSLError
        raise ConfigurationError(f"{label}: {ca_file} has no readable certificates: {error}") from None


@lru_cache(maxsize=8)
def _cached_ssl_context(ca_file: Path, _modified: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
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
    """Return a path with ``~`` expanded.

    :raises ConfigurationError: If the user has no home directory.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigurationError(f"{path} cannot be expanded: the user has no home directory") from None


def _read_path(value: Any) -> Path:
    return Path(_read_text(str(value) if isinstance(value, os.PathLike) else value))


def _read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = _read_text(value).lower()
    if text not in (*TRUE, *FALSE):
        raise ValueError
    return text in TRUE


def _read_number(kind: type[int] | type[float], value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, kind)):
        raise TypeError
    number = kind(value)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


KEYS: dict[str, tuple[Convert, str]] = {
    "client_id": (_read_text, "the client id from the carrier"),
    "client_secret_file": (_read_path, "the path of a file"),
    "client_secret_command": (lambda value: value, "a command"),
    "base_url": (_read_text, f"a URL like {PRODUCTION}"),
    "test_system": (_read_flag, "true or false"),
    "language": (_read_text, "a language like en-GB or cs-CZ"),
    "timeout": (partial(_read_number, float), "a number of seconds greater than 0"),
    "max_connections": (partial(_read_number, int), "a whole number greater than 0"),
    "proxy": (_read_proxy, "the URL of an HTTP proxy"),
    "trust_env": (_read_flag, "true or false"),
    "ca_file": (_read_path, "the path of a file with CA certificates"),
    "shared": (_read_text, "the URL of a Redis server, redis://…"),
    "journal": (_read_text, "the URL of a PostgreSQL server, postgresql://…"),
}
"""Converter and expected value of each setting, used in a file or as ``CPL_…`` in the environment."""
SECRETS = ("client_secret", "client_secret_file", "client_secret_command")
EXCLUSIVE_GROUPS = (
    SECRETS,
    ("base_url", "test_system"),
    *((n,) for n in KEYS if n not in (*SECRETS, "base_url", "test_system")),
)
"""Groups of settings that exclude each other; the first source with one of a group determines it."""
SENSITIVE_SETTINGS = frozenset({
    "client_secret_file", "client_secret_command", "base_url", "test_system", "proxy", "trust_env",
    "ca_file", "shared", "journal",
})  # fmt: skip
"""Settings that determine where the secret comes from or is sent, or that run a program."""
