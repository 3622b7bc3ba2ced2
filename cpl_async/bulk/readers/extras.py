"""Says what to install for a kind of file that needs a package of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import ConfigurationError

__all__ = ["needing_extra"]


@contextmanager
def needing_extra(extra: str) -> Iterator[None]:
    """Say what to install when an import inside fails.

    :raises ConfigurationError: names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which reads this kind of file: pip install 'cpl-sdk[{extra}]'"
        ) from None
