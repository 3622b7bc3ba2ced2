"""Folders of the user of this process, if the user has a home directory or an entry in passwd."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

__all__ = ["user_folder"]


def user_folder(kind: Literal["config", "state", "runtime"]) -> Path | None:
    """Return the folder ``cpl`` in the user's folder of a kind, or ``None`` if there is no such folder.

    :param kind: Kind of the folder: settings, persistent state, or shared state of running processes.
    """
    import platformdirs

    folders = {
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
        "runtime": platformdirs.user_runtime_path,
    }
    try:
        with warnings.catch_warnings():  # it warns if the system has no such folder; a private one is sufficient
            warnings.simplefilter("ignore")
            folder = Path(folders[kind]("cpl", appauthor=False))
    except (RuntimeError, KeyError):  # no HOME, and no entry in passwd
        return None
    return folder if folder.is_absolute() else None
