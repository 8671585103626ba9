"""Traffic between two hosts: a TCP stream, and a train of UDP packets, as programs send them."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from usernet.sandbox.namespace import Namespace

__all__ = ["Datagram", "Transfer", "datagrams", "download", "stream"]

_PATIENCE = 20.0
_CHUNK = 1 << 18
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
"""Both of asm-generic/socket.h; Python does not name them."""
_RECEIVE_BUFFER = 1 << 25
_BURST = 10
"""Packets between two pauses of a train."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What came out of a TCP stream.

    Attributes:
        bytes: How many.
        sha256: Their digest, in hexadecimal.
        seconds: From the first byte sent to the last received.
    """

    bytes: int
    sha256: str
    seconds: float

    @property
    def bits_per_second(self) -> float:
        """The mean rate."""
        return self.bytes * 8 / self.seconds


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP packet that arrived.

    Attributes:
        at_ns: When the kernel took it off the interface, by the wall clock.
        data: What it carried.
    """

    at_ns: int
    data: bytes


def stream(sender: Namespace, receiver: Namespace, address: str, data: bytes) -> Transfer:
    """Send this over a TCP connection of its own, and close it at once.

    Args:
        sender: Where the connection comes from.
        receiver: Where it goes to.
        address: The receiver's.
        data: What to send.

    Raises:
        TimeoutError: Nothing moved for 20 seconds.
        ConnectionError: The connection broke.
    """

    def send(connection: socket.socket) -> None:
        connection.sendall(data)

    return _transfer(sender, receiver, address, send)


def download(server: Namespace, client: Namespace, address: str, seconds: float) -> Transfer:
    """Send zeros from the server to the client's address for so long, and wait for the last."""

    def send(connection: socket.socket) -> None:
        deadline, zeros = time.monotonic() + seconds, bytes(_CHUNK)
        while time.monotonic() < deadline:
            connection.sendall(zeros)

    return _transfer(server, client, address, send)


def datagrams(
    sender: Namespace,
    receiver: Namespace,
    address: str,
    payloads: Iterable[bytes],
    *,
    pause: float = 0.0,
    silence: float = 0.5,
) -> list[Datagram]:
    """Send UDP packets, and say which arrived, and when.

    Args:
        sender: Where they come from.
        receiver: Where they go to.
        address: The receiver's.
        payloads: What each carries.
        pause: Seconds to pause after each ten.
        silence: Seconds without any after which the rest is taken for lost.
    """
    family = _family(address)
    with (
        receiver.socket(family, socket.SOCK_DGRAM) as inbox,
        sender.socket(family, socket.SOCK_DGRAM) as outbox,
        ThreadPoolExecutor(1) as thread,
    ):
        inbox.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        inbox.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        inbox.bind((address, 0))
        inbox.settimeout(silence)
        outbox.connect(inbox.getsockname())
        sending = thread.submit(_send_all, outbox, payloads, pause)
        arrived = _receive_all(inbox)
        sending.result()
    return arrived


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _transfer(
    sender: Namespace, receiver: Namespace, address: str, send: Callable[[socket.socket], None]
) -> Transfer:
    family = _family(address)
    with receiver.socket(family) as listener, sender.socket(family) as connection:
        for one in (listener, connection):
            one.settimeout(_PATIENCE)
        listener.bind((address, 0))
        listener.listen()
        with ThreadPoolExecutor(1) as thread:
            receiving = thread.submit(_receive, listener)
            connection.connect(listener.getsockname())
            began = time.monotonic()
            send(connection)
            connection.close()
            count, digest = receiving.result()
    return Transfer(count, digest, time.monotonic() - began)


def _receive(listener: socket.socket) -> tuple[int, str]:
    count, digest = 0, hashlib.sha256()
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(_PATIENCE)
        while data := connection.recv(_CHUNK):
            count += len(data)
            digest.update(data)
    return count, digest.hexdigest()


def _send_all(outbox: socket.socket, payloads: Iterable[bytes], pause: float) -> None:
    clock = threading.Event()
    for index, payload in enumerate(payloads):
        outbox.send(payload)
        if pause and index % _BURST == _BURST - 1:
            clock.wait(pause)


def _receive_all(inbox: socket.socket) -> list[Datagram]:
    arrived: list[Datagram] = []
    try:
        while True:
            data, ancillary, _, _ = inbox.recvmsg(65536, 64)
            ((_, _, stamp),) = ancillary
            seconds, nanoseconds = struct.unpack("qq", stamp)
            arrived.append(Datagram(seconds * 1_000_000_000 + nanoseconds, data))
    except TimeoutError:
        return arrived
