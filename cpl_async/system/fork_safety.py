"""Objects that a forked child inherits are neither closed nor collected there.

Selector, sockets and TLS sessions are shared with the parent. If a child collects a connection, it removes the socket
from the parent's selector; if it collects a task, it runs the parent's clean-up.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakSet

__all__ = ["belongs_to_this_process", "never_collect", "on_fork", "this_process"]

_process = object()
_owned: WeakSet[object] = WeakSet()


def this_process() -> object:
    """Return a marker object of this process. A forked child has a different one."""
    return _process


def belongs_to_this_process(thing: object) -> None:
    """Register an object that a forked child must not use. The child will never collect it."""
    _owned.add(thing)


def never_collect(*things: object) -> None:
    """Prevent objects from being collected, even when the interpreter exits."""
    import ctypes  # imported only by a child that inherited something

    for thing in things:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def on_fork(start_anew: Callable[[], None]) -> None:
    """Register a function that each forked child calls before anything else."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start_anew)


def _inherit() -> None:
    global _process
    _process = object()
    never_collect(*_owned)
    _owned.clear()


on_fork(_inherit)
