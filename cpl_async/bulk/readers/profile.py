"""The profiles of shops and tools: what their files are called, how they are recognized, and what their columns mean.

A profile is a file of ``profiles/`` in the form of a mapping file, with a table ``[profile]`` in addition.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from attrs import field, frozen

from ..._nearest import nearest
from ..parsing.column_mapping import ShopMapping
from ..parsing.text import fold
from .mapping_file import mapping_of
from .raw_row import InputError

__all__ = ["Profile", "all_profiles", "profile_named", "profile_of"]


PACKAGE = __name__.rpartition(".")[0]


@frozen(kw_only=True)
class Profile:
    """The layout of a shop's or a tool's file."""

    name: str
    """Name for ``--from``."""
    title: str
    """Title in messages: ``Shoptet's export of orders``."""
    source: str
    """Where the layout is documented."""
    headings: frozenset[str] = field(repr=False)
    """Folded headings that together show this layout."""
    mapping: ShopMapping = field(repr=False)


@cache
def all_profiles() -> dict[str, Profile]:
    """Return name → profile, of all that come with this library."""
    profiles: dict[str, Profile] = {}
    for file in sorted(resources.files(PACKAGE).joinpath("profiles").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            data = tomllib.loads(file.read_text(encoding="utf-8"))
            about = data.pop("profile")
            name = file.name.removesuffix(".toml")
            profiles[name] = Profile(
                name=name,
                title=about["title"],
                source=about["source"],
                headings=frozenset(map(fold, about["headings"])),
                mapping=mapping_of(data, Path(file.name)),
            )
    return profiles


def profile_named(name: str) -> Profile:
    """Return the profile of a name.

    :raises InputError: There is no such profile.
    """
    profiles = all_profiles()
    found = profiles.get(name.lower())
    if found is None:
        near = nearest(name.lower(), profiles)
        hint = f"did you mean {near}?" if near else f"known are {', '.join(profiles)}"
        raise InputError(f"there is no profile {name!r}; {hint}")
    return found


def profile_of(headings: Sequence[str], shown: str) -> Profile | None:
    """Return the profile whose headings a file has, or ``None``.

    :param shown: Name of the file in messages.
    :raises InputError: Several profiles match.
    """
    present = frozenset(map(fold, headings))
    found = [profile for profile in all_profiles().values() if profile.headings <= present]
    if len(found) > 1:
        names = " and ".join(f"{profile.title} ({profile.name})" for profile in found)
        raise InputError(f"{shown} may be {names}: say which with --from, e.g. --from {found[0].name}")
    return found[0] if found else None
