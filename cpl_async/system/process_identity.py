"""Names of processes by which those of one host can tell whether another of them is there still."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from pathlib import Path

from .locked_file import boot_id

__all__ = ["has_ended", "host_mark", "is_alive", "patched_by", "process_name", "worker_name"]


def host_mark() -> str:
    """Return what those have in common who can see whether each other is alive; nobody, where that cannot be told."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino  # containers of one host do not see each other
    except OSError:
        return os.urandom(4).hex()
    return hashlib.sha256(f"{boot_id()} {space}".encode()).hexdigest()[:8]


def process_name() -> str:
    """Return the name of this process."""
    return f"{host_mark()}.{os.getpid()}"


def worker_name() -> str:
    """Return the name of this process with that of its host before a colon, for people."""
    return f"{socket.gethostname()}:{process_name()}"


def patched_by() -> str | None:
    """Return the name of the library that has replaced threads or sockets of this process, or `None` if none has."""
    if (gevent := sys.modules.get("gevent.monkey")) is not None and any(
        gevent.is_module_patched(module) for module in ("threading", "socket", "select")
    ):
        return "gevent"
    if (eventlet := sys.modules.get("eventlet.patcher")) is not None and any(
        eventlet.is_monkey_patched(module) for module in ("thread", "socket", "select")
    ):
        return "eventlet"
    return None


def has_ended(name: str) -> bool:
    """Return whether a process has surely ended; of one of another host nobody knows.

    :param name: as :func:`process_name` gave it, with or without more behind a dot.
    """
    mark, _, rest = name.partition(".")
    try:
        return mark == host_mark() and not is_alive(int(rest.split(".")[0]))
    except ValueError:
        return False


def is_alive(process: int) -> bool:
    """Return whether a process of this host is alive; whether it is cannot be said everywhere."""
    if process == 0 or os.name != "posix":
        return process != 0
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat").read_bytes()
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return status.rpartition(b")")[2].split()[:1] != [b"Z"]  # its parent has not asked yet how it ended
