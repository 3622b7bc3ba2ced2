"""Folders of the user of this process; a user without a home directory, or without an entry in passwd, has none."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

__all__ = ["user_folder"]


def user_folder(kind: Literal["config", "state", "runtime"]) -> Path | None:
    """Return the folder ``cpl`` among the user's folders of a kind, or `None` if the user has none.

    :param kind: Settings, what is kept, or what running processes share.
    """
    import platformdirs

    folders = {
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
        "runtime": platformdirs.user_runtime_path,
    }
    try:
        with warnings.catch_warnings():  # it warns where the system names no such folder; a private one will do
            warnings.simplefilter("ignore")
            folder = Path(folders[kind]("cpl", appauthor=False))
    except (RuntimeError, KeyError):  # no HOME, and no entry in passwd
        return None
    return folder if folder.is_absolute() else None
