"""A veth pair in place of a TUN device, where there is none or it may not be used (veth(4)).

One end is the program's interface. The other is in a network namespace that holds nothing else, and
a packet socket takes and gives its frames (packet(7)); the namespace lasts as long as the socket.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

from usernet.sandbox.interface import set_setting, set_up
from usernet.sandbox.system_calls import NEW_NETWORK, enter, unshare

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["make_veth"]

_OTHER_END = "usernet1"
_ALL = 0x0003
"""ETH_P_ALL of linux/if_ether.h."""
_BUFFER = 4 << 20
"""Bytes that wait in the socket, if the system allows as many."""

_NEW_LINK, _ERROR = 16, 2
"""RTM_NEWLINK of linux/rtnetlink.h, NLMSG_ERROR of linux/netlink.h."""
_FLAGS = 0x605
"""A request that is answered, for something that must not exist (NLM_F_*)."""
_ADDRESS, _NAME, _MTU, _KIND_AND_DATA, _NAMESPACE = 1, 3, 4, 18, 28
"""IFLA_* of linux/if_link.h."""
_KIND, _DATA, _PEER = 1, 2, 1
_MESSAGE = struct.Struct("=IHHII")
_LINK = bytes(16)
"""A struct ifinfomsg of which nothing is said."""


def make_veth(name: str, mtu: int, address: str) -> int:
    """Make an interface of this network namespace whose other end is a packet socket.

    Args:
        name: The interface's.
        mtu: Its MTU.
        address: Its Ethernet address.

    Returns:
        The packet socket's descriptor: with it the interface goes.

    Raises:
        OSError: The kernel has no veth, or the system forbids it.
    """
    ours = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(NEW_NETWORK)
        try:
            return _other_end(name, mtu, address, ours)
        finally:
            enter(ours, NEW_NETWORK)
    finally:
        os.close(ours)


def _other_end(name: str, mtu: int, address: str, namespace: int) -> int:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    with end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        _create(name, mtu, address, namespace)
        set_setting(("ipv6", "conf", _OTHER_END, "disable_ipv6"), "1")
        set_up(_OTHER_END, resolves=False)
        end.bind((_OTHER_END, _ALL))
        return end.detach()


def _create(name: str, mtu: int, address: str, namespace: int) -> None:
    """Make the pair: this end here, and the other in that namespace (rtnetlink(7))."""
    size = struct.pack("=I", mtu)
    peer = (
        (_NAME, name.encode() + b"\0"),
        (_MTU, size),
        (_ADDRESS, bytes.fromhex(address.replace(":", ""))),
        (_NAMESPACE, struct.pack("=I", namespace)),
    )
    data = _attributes([(_PEER, _LINK + _attributes(peer))])
    pair = _attributes([(_KIND, b"veth"), (_DATA, data)])
    named = _attributes([(_NAME, _OTHER_END.encode() + b"\0"), (_MTU, size)])
    _ask(_LINK + named + _attributes([(_KIND_AND_DATA, pair)]))


def _attributes(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """Attributes one after the other, each from a multiple of four bytes on."""
    return b"".join(
        struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
        for kind, value in pairs
    )


def _ask(body: bytes) -> None:
    """Ask the kernel for a link, and hear what it says."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        length = _MESSAGE.size + len(body)
        kernel.sendto(_MESSAGE.pack(length, _NEW_LINK, _FLAGS, 1, 0) + body, (0, 0))
        answer = kernel.recv(4096)
    _, kind, *_ = _MESSAGE.unpack_from(answer)
    (code,) = struct.unpack_from("=i", answer, _MESSAGE.size)
    if kind != _ERROR or code:
        number = -code if kind == _ERROR else errno.EPROTO
        raise OSError(number, os.strerror(number), "veth")
