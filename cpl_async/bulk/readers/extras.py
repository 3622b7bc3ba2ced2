"""The advice to install the package that a kind of file needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import ConfigurationError

__all__ = ["needing_extra"]


@contextmanager
def needing_extra(extra: str) -> Iterator[None]:
    """Raise an error with the extra to install if an import in the block fails.

    :raises ConfigurationError: An import failed; the error names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which reads this kind of file: pip install 'cpl-sdk[{extra}]'"
        ) from None
