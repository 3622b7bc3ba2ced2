"""Query parameters without regard to the case of their names, and within their bounds."""

from __future__ import annotations

from aiohttp import web

__all__ = ["Query", "QueryError"]


class QueryError(ValueError):
    """A parameter is missing or out of its bounds."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Query:
    """The query of one request."""

    def __init__(self, request: web.Request) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in request.query.items():
            self._values.setdefault(name.lower(), []).append(value)

    def text(self, name: str) -> str:
        """Return the last value of a parameter; empty without one."""
        return self._values.get(name, [""])[-1]

    def many(self, name: str, most: int) -> list[str]:
        """Return all values of a repeated parameter.

        :raises QueryError: for more than so many.
        """
        values = self._values.get(name, [])
        if len(values) > most:
            raise QueryError(name, f"at most {most} values")
        return values

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number.

        :raises QueryError: when it is missing, no number, or out of its bounds.
        """
        text = self.text(name)
        if not text and default is not None:
            return default
        if not text.isdigit() or not least <= int(text) <= most:
            raise QueryError(name, f"a whole number from {least} to {most}")
        return int(text)
