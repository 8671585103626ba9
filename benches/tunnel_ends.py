"""Both ends of what is measured through a tunnel: a server, and work on a connection to it.

A connection's first byte says what the server does: ``d`` it sends without end, ``u`` it reads to
the end, ``r`` it says how many Mbit/s the upload before was, ``e`` it sends back what comes. Peers
do the same work by programs of their own, in whatever language they are for.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PORT", "WORKS"]

PORT = 5001
CHUNK = 256 * 1024


def serve(address: str) -> None:
    """Serve each caller on a thread of its own, for ever."""
    with socket.create_server((address, PORT), backlog=512) as listener:
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    """Do what the caller's first byte asks for."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, contextlib.suppress(OSError):
        asked = connection.recv(1)
        if asked in SERVED:
            SERVED[asked](connection)


def pour(connection: socket.socket) -> None:
    """Send zeros until the peer is gone."""
    zeros = bytes(CHUNK)
    while True:
        connection.sendall(zeros)


_rates: queue.Queue[float] = queue.Queue()


def count(connection: socket.socket) -> None:
    """Read to the end, and note how many Mbit/s came since the first byte."""
    room = bytearray(CHUNK)
    total, began = connection.recv_into(room), time.monotonic()
    with contextlib.suppress(OSError):
        while got := connection.recv_into(room):
            total += got
    _rates.put(total * 8 / (time.monotonic() - began) / 1e6)


def tell(connection: socket.socket) -> None:
    """Say what was noted, once it is."""
    connection.sendall(str(_rates.get()).encode())


def echo(connection: socket.socket) -> None:
    """Send back what comes."""
    while data := connection.recv(CHUNK):
        connection.sendall(data)


SERVED: dict[bytes, Callable[[socket.socket], None]] = {
    b"d": pour,
    b"u": count,
    b"r": tell,
    b"e": echo,
}


def down(dial: Callable[[], socket.socket], seconds: float) -> float:
    """Mbit/s of one stream from the server."""
    with dial() as connection:
        connection.sendall(b"d")
        room = bytearray(CHUNK)
        total, began = connection.recv_into(room), time.monotonic()
        while time.monotonic() - began < seconds:
            total += connection.recv_into(room)
        return total * 8 / (time.monotonic() - began) / 1e6


def up(dial: Callable[[], socket.socket], seconds: float) -> float:
    """Mbit/s of one stream to the server, as that one says."""
    with dial() as connection:
        connection.sendall(b"u")
        zeros, began = bytes(CHUNK), time.monotonic()
        while time.monotonic() - began < seconds:
            connection.sendall(zeros)
        connection.shutdown(socket.SHUT_WR)
    with dial() as connection:
        connection.sendall(b"r")
        said = b""
        while piece := connection.recv(100):
            said += piece
        return float(said)


def turns(dial: Callable[[], socket.socket], amount: float) -> float:
    """The median of so many round trips of a byte, in ms."""
    with dial() as connection:
        connection.sendall(b"e")

        def turn() -> None:
            connection.sendall(b"x")
            connection.recv(1)

        return median(turn, int(amount))


def connects(dial: Callable[[], socket.socket], amount: float) -> float:
    """The median time to connect of so many, in ms."""
    return median(lambda: dial().close(), int(amount))


def median(work: Callable[[], object], amount: int) -> float:
    """The median time that some work takes, in ms."""
    times: list[float] = []
    for _ in range(amount):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return sorted(times)[amount // 2] * 1e3


WORKS: dict[str, Callable[[Callable[[], socket.socket], float], float]] = {
    "down": down,
    "up": up,
    "turns": turns,
    "connects": connects,
}


def main() -> None:
    """``serve ADDRESS``, or ``ADDRESS CONGESTION WORK AMOUNT`` over the kernel's own TCP."""
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    address, congestion, work, amount = sys.argv[1:]

    def dial() -> socket.socket:
        connection = socket.create_connection((address, PORT), timeout=20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    print(WORKS[work](dial, float(amount)))


if __name__ == "__main__":
    main()
