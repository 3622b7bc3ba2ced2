"""Process names by which the processes of one host can check whether another is still running."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from pathlib import Path

from .locked_file import boot_id

__all__ = ["has_ended", "host_mark", "is_alive", "patched_by", "process_name", "worker_name"]


def host_mark() -> str:
    """Return a mark shared by all processes that can check each other, or a random one if that is not possible."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino  # containers of one host do not see each other's processes
    except OSError:
        return os.urandom(4).hex()
    return hashlib.sha256(f"{boot_id()} {space}".encode()).hexdigest()[:8]


def process_name() -> str:
    """Return the name of this process."""
    return f"{host_mark()}.{os.getpid()}"


def worker_name() -> str:
    """Return the name of this process with a readable host name before a colon."""
    return f"{socket.gethostname()}:{process_name()}"


def patched_by() -> str | None:
    """Return the library that has patched threads or sockets, or ``None`` if there is no such library."""
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
    """Return whether a process has certainly ended. Always false for a process of another host.

    :param name: Name as returned by :func:`process_name`, with or without a suffix after a dot.
    """
    mark, _, rest = name.partition(".")
    try:
        return mark == host_mark() and not is_alive(int(rest.split(".")[0]))
    except ValueError:
        return False


def is_alive(process: int) -> bool:
    """Return whether a process of this host is alive. Also true if the system cannot tell."""
    if process == 0 or os.name != "posix":
        return process != 0
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat").read_bytes()
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return status.rpartition(b")")[2].split()[:1] != [b"Z"]  # a zombie: its parent has not read its exit status yet
