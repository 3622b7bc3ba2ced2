"""The sender's address from a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import attrs

from .._nearest import nearest
from ..errors import ConfigurationError
from ..models.addresses import Address

__all__ = ["sender_from"]


def sender_from(file: Path) -> Address:
    """Return the address in a TOML or JSON file with the fields of :class:`Address`.

    :raises ConfigurationError: It cannot be read, or a field is not known.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = json.loads(text) if text.lstrip()[:1] in ("{", "[") else tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"the sender's file {file} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the sender's file {file} is not readable: {error}") from None
    if not isinstance(data, dict):
        raise ConfigurationError(f"the sender's file {file} holds no fields")
    known = [field.name for field in attrs.fields(Address)]
    for name, value in data.items():
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else f"; the fields are {', '.join(known)}"
            raise ConfigurationError(f"the sender's file {file} has an unknown field {name}{hint}")
        if not isinstance(value, str):
            raise ConfigurationError(f"the sender's file {file}: {name} must be text in quotes")
    return Address(**data)
