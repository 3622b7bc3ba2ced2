"""Arrival times of requests from kernel timestamps, which are independent of the load of the process."""

from __future__ import annotations

import contextlib
import socket
import struct

from aiohttp import web

from .clock import wall_time

__all__ = ["ArrivalSocket", "arrival_time_of", "reset_arrival_time"]

TIMESTAMP_OPTION = getattr(socket, "SO_TIMESTAMPNS", 35)
"""SO_TIMESTAMPNS of Linux, which is missing in Python's socket module."""
TIMESPEC = struct.Struct("qq")


class ArrivalSocket(socket.socket):
    """A socket that stores the kernel timestamp of the first bytes of a request."""

    arrived: float | None = None

    def accept(self) -> tuple[socket.socket, object]:
        """Accept a connection that stores timestamps, too."""
        descriptor, address = self._accept()  # type: ignore[attr-defined]  # as in the standard library's accept
        connection = ArrivalSocket(self.family, self.type, self.proto, fileno=descriptor)
        with contextlib.suppress(OSError):  # other systems: the time of reading is used
            connection.setsockopt(socket.SOL_SOCKET, TIMESTAMP_OPTION, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive data and store the timestamp."""
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
    """Return the arrival time of the first bytes of a request, in seconds since the epoch."""
    connection = _connection_of(request)
    return wall_time() if connection is None or connection.arrived is None else connection.arrived


def reset_arrival_time(request: web.Request) -> None:
    """Clear the timestamp after a request, so that the next request on the connection gets its own."""
    connection = _connection_of(request)
    if connection is not None:
        connection.arrived = None
