"""JSON files of the sandbox's data, read with importlib.resources so that the package works from a zip file."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import orjson

__all__ = ["load_json"]


def load_json(name: str) -> dict[str, Any]:
    """Return the object in a data file.

    :param name: File name inside ``cpl_async/sandbox/data``.
    """
    return dict(orjson.loads(files(__package__).joinpath("data", name).read_bytes()))
