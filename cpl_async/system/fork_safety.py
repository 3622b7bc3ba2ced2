"""What a forked child does with what it inherited: it neither closes nor collects it.

Selector, sockets and TLS sessions are shared with the parent. A connection that a child collects takes its socket out
of the parent's selector, and a task that it collects runs the parent's clean-up.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakSet

__all__ = ["belongs_to_this_process", "never_collect", "on_fork", "this_process"]

_process = object()
_owned: WeakSet[object] = WeakSet()


def this_process() -> object:
    """Return a mark of this process: a forked child has another one."""
    return _process


def belongs_to_this_process(thing: object) -> None:
    """Note something that a forked child must leave alone: there it will never be collected."""
    _owned.add(thing)


def never_collect(*things: object) -> None:
    """See that things are never collected, not even when the interpreter ends."""
    import ctypes  # only a child that inherited something pays for it

    for thing in things:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def on_fork(start_anew: Callable[[], None]) -> None:
    """Have something called in each forked child, before it does anything else."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start_anew)


def _inherit() -> None:
    global _process
    _process = object()
    never_collect(*_owned)
    _owned.clear()


on_fork(_inherit)
