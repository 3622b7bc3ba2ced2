"""Tells when a request reached this machine, by the kernel's own stamp, not when a busy process got round to it."""

from __future__ import annotations

import contextlib
import socket
import struct

from aiohttp import web

from .clock import wall_time

__all__ = ["ArrivalSocket", "arrival_time_of", "reset_arrival_time"]

TIMESTAMP_OPTION = getattr(socket, "SO_TIMESTAMPNS", 35)
"""Linux; the constant has no name in Python's socket module."""
TIMESPEC = struct.Struct("qq")


class ArrivalSocket(socket.socket):
    """A socket that keeps the kernel's time stamp of the first bytes since it was last asked."""

    arrived: float | None = None

    def accept(self) -> tuple[socket.socket, object]:
        """Return a connection that keeps stamps too."""
        descriptor, address = self._accept()  # type: ignore[attr-defined]  # the way the standard library's accept does it
        connection = ArrivalSocket(self.family, self.type, self.proto, fileno=descriptor)
        with contextlib.suppress(OSError):  # another system: the moment of reading must do
            connection.setsockopt(socket.SOL_SOCKET, TIMESTAMP_OPTION, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive, and keep the stamp."""
        data, ancillary, _, _ = self.recvmsg(size, 64, flags)
        if self.arrived is None:
            self.arrived = _arrival(ancillary)
        return data


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == TIMESTAMP_OPTION and len(data) >= TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack_from(data)
            return float(seconds) + float(nanoseconds) / 1e9
    return wall_time()


def _connection_of(request: web.Request) -> ArrivalSocket | None:
    wrapped = request.transport.get_extra_info("socket") if request.transport else None
    connection = getattr(wrapped, "_sock", wrapped)
    return connection if isinstance(connection, ArrivalSocket) else None


def arrival_time_of(request: web.Request) -> float:
    """Return when the request's first bytes arrived, in seconds since the epoch."""
    connection = _connection_of(request)
    return wall_time() if connection is None or connection.arrived is None else connection.arrived


def reset_arrival_time(request: web.Request) -> None:
    """Forget the stamp when the request was read whole, so that the next one on its connection has its own."""
    connection = _connection_of(request)
    if connection is not None:
        connection.arrived = None
