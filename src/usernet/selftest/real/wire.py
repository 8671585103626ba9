"""Wire: numbered UDP packets on an interface, and the kernel's stamps of when they came.

The kernel stamps a packet as it comes to an interface (SO_TIMESTAMPNS, socket(7)); so neither
the sender nor the reader of the stamps has to be on time.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Sender", "Stamps", "frame"]

_ETH_P_IP = 0x0800
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python names it from 3.14 on
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6  # linux/if_packet.h
_BUFFER = 16 << 20
_HEADERS = 14 + 20 + 8  # Ethernet, IPv4 (RFC 791), UDP (RFC 768)
_MARK = b"usnt"
_NUMBER = struct.Struct("!4sI")
_TIME = struct.Struct("@ll")


def frame(size: int) -> bytearray:
    """An Ethernet frame of so many bytes with a UDP packet in it, to be numbered."""
    addresses = bytes.fromhex("020000000002 020000000001")
    ethernet = addresses + struct.pack("!H", _ETH_P_IP)
    ip = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, size - 14, 0, 0, 64, 17, 0, *_ENDS))
    ip[10:12] = struct.pack("!H", _checksum(ip))
    udp = struct.pack("!HHHH", 9, 9, size - 34, 0)  # RFC 768: a checksum of 0 is none
    return bytearray(ethernet + ip + udp + _MARK).ljust(size, b"\0")


_ENDS = (bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))  # RFC 5737: addresses for documentation


class Sender:
    """Sends numbered packets of one size from an interface."""

    def __init__(self, interface: str, size: int) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((interface, 0))
        self._frame = frame(size)

    def send(self, number: int) -> None:
        """Send the packet of that number; one that finds no room is not sent."""
        _NUMBER.pack_into(self._frame, _HEADERS, _MARK, number)
        with suppress(BlockingIOError):
            self._socket.send(self._frame)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()


class Stamps:
    """When each numbered packet came to an interface, in nanoseconds of the wall clock.

    Attributes:
        times: By the packet's number; of a packet that came twice, the first time.
    """

    def __init__(self, interface: str) -> None:
        self.times: dict[int, int] = {}
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_PACKET, kind, socket.htons(_ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._socket.bind((interface, _ETH_P_IP))

    def collect(self) -> None:
        """Take what has come."""
        with suppress(BlockingIOError):
            while True:
                head, ancillary, _, _ = self._socket.recvmsg(64, 64)
                self._note(head, ancillary)

    def missed(self) -> int:
        """How many packets found no room since it was last asked, and so have no stamp."""
        counts = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        _, dropped = struct.unpack("@II", counts)
        return int(dropped)

    def _note(self, head: bytes, ancillary: list[tuple[int, int, bytes]]) -> None:
        mark, number = _NUMBER.unpack_from(head, _HEADERS)
        if mark != _MARK:
            return
        ((_, _, data),) = ancillary
        seconds, nanoseconds = _TIME.unpack(data)
        self.times.setdefault(number, seconds * 1_000_000_000 + nanoseconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()


def _checksum(header: bytearray) -> int:
    """The Internet checksum (RFC 1071)."""
    total = sum(high << 8 | low for high, low in zip(header[::2], header[1::2], strict=True))
    total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF ^ ((total & 0xFFFF) + (total >> 16))
