"""What the generated classes have in common: each is the twin of an object of the core."""

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
    """An object of the core as code without ``await`` sees it."""

    __slots__ = ("__weakref__", "_core", "_owner")

    def __init__(self, core: C, owner: object = None) -> None:
        """Stand for an object of the core.

        :param owner: lives as long as this, e.g. the client that a batch belongs to.
        """
        self._core = core
        self._owner = owner

    def __init_subclass__(cls) -> None:
        """Have the calls of a twin raise with the caller's line and the core's, and nothing between."""
        if cls.__module__.partition(".")[0] != __package__:  # a user's own methods show as they are
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
    """A twin that closes its object of the core when it is let go, or when the process ends."""

    __slots__ = ()

    def __init__(self, core: C) -> None:
        """Stand for an object of the core that has a ``close`` of its own."""
        super().__init__(core)
        close_at_exit(core)

    def __del__(self) -> None:
        core: Any = getattr(self, "_core", None)
        if core is not None and (loop := running()) is not None:
            loop.abandon(core.close)


def new_core(kind: Callable[..., C], **settings: Any) -> C:
    """Make an object of the core; hooks among its settings run in the thread whose call they are about.

    :raises ConfigurationError: in a process that is patched by gevent or eventlet.
    """
    refuse_green_threads()
    hooks = {name: hook(value) for name, value in settings.items() if callable(value) and name != "client_secret"}
    return kind(**{**settings, **hooks})


def for_class(method: Callable[..., Any], kind: type[S]) -> Callable[..., S]:
    """Return a class method of the core that makes a twin."""
    function: Callable[..., S] = method.__func__  # type: ignore[attr-defined]  # a class method has one
    return functools.partial(function, kind)
