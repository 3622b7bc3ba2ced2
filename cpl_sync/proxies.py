"""Base classes of the generated proxies, each of which wraps an object of the core."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, Generic, TypeVar

from .calling_thread import hook
from .loop_thread import close_at_exit, refuse_green_threads, running
from .tracebacks import outermost

__all__ = ["OwningProxy", "SyncProxy", "for_class", "new_core"]

C = TypeVar("C")
S = TypeVar("S")


class SyncProxy(Generic[C]):
    """A synchronous proxy of an object of the core."""

    __slots__ = ("__weakref__", "_core", "_owner")

    def __init__(self, core: C, owner: object = None) -> None:
        """Wrap an object of the core.

        :param owner: Object that must live as long as this one, e.g. the client of a batch. Default: no owner.
        """
        self._core = core
        self._owner = owner

    def __init_subclass__(cls) -> None:
        """Remove the frames of the bridge from errors of the proxy's calls: only the caller's and the core's remain."""
        if cls.__module__.partition(".")[0] != __package__:  # methods of a user's own class are unchanged
            return
        for name, value in vars(cls).copy().items():
            if isinstance(value, FunctionType):
                setattr(cls, name, outermost(value))
            elif isinstance(value, classmethod):
                setattr(cls, name, classmethod(outermost(value.__func__)))

    def __eq__(self, other: object) -> bool:
        return self._core == other._core if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._core)

    def __repr__(self) -> str:
        return repr(self._core)

    def __reduce__(self) -> str:
        raise TypeError(f"{type(self).__name__} is neither pickled nor copied: make a client in each process")


class OwningProxy(SyncProxy[C]):
    """A proxy that closes its object of the core when it is garbage-collected, or when the process exits."""

    __slots__ = ()

    def __init__(self, core: C) -> None:
        """Wrap an object of the core that has a ``close`` method."""
        super().__init__(core)
        close_at_exit(core)

    def __del__(self) -> None:
        core: Any = getattr(self, "_core", None)
        if core is not None and (loop := running()) is not None:
            loop.abandon(core.close)


def new_core(kind: Callable[..., C], **settings: Any) -> C:
    """Create an object of the core. Hooks in its settings run in the thread of their call.

    :raises ConfigurationError: The process is patched by gevent or eventlet.
    """
    refuse_green_threads()
    hooks = {name: hook(value) for name, value in settings.items() if callable(value) and name != "client_secret"}
    return kind(**{**settings, **hooks})


def for_class(method: Callable[..., Any], kind: type[S]) -> Callable[..., S]:
    """Return a class method of the core that creates a proxy."""
    function: Callable[..., S] = method.__func__  # type: ignore[attr-defined]  # a class method has one
    return functools.partial(function, kind)
