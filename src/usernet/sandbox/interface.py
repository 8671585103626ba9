"""The interfaces of a network of a program's own: loopback, and a TUN device with routes.

Everything is said to the kernel by ioctl (netdevice(7), rtnetlink is not needed), so that no
program has to be installed for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import InterfaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.config.address import InterfaceAddress
    from usernet.config.host import Route

__all__ = ["add_address", "add_route", "make_tun", "set_setting", "set_up"]

_DEVICE = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI, _IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
"""Of linux/if_tun.h."""
_SIOCADDRT = 0x890B
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFMTU = 0x8916, 0x891C, 0x8922
"""Of linux/sockios.h."""
_IFF_UP, _IFF_NOARP = 0x1, 0x80
_RTF_UP, _RTF_GATEWAY = 0x1, 0x2
"""Of linux/route.h."""
_METRIC = 1024
"""What `ip` gives routes of IPv6."""
_SETTINGS = Path("/proc/sys/net")
_REQUEST = 40
"""Bytes of a struct ifreq."""


def make_tun(name: str, mtu: int) -> int:
    """Make a TUN device that takes super-packets; it is gone when its descriptor is closed.

    Returns:
        The descriptor.

    Raises:
        InterfaceError: There is no /dev/net/tun, or it may not be used.
        OSError: The kernel refuses for another reason.
    """
    try:
        tun = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _no_tun(error) from error
    flags = _IFF_TUN | _IFF_NO_PI | _IFF_VNET_HDR
    try:
        fcntl.ioctl(tun, _TUNSETIFF, _request(name, struct.pack("H", flags)))
        _tell(_SIOCSIFMTU, name, struct.pack("i", mtu))
    except OSError:
        os.close(tun)
        raise
    return tun


def _no_tun(error: OSError) -> InterfaceError:
    if error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        how = "a container gets it with: docker run --device /dev/net/tun"
        return InterfaceError(f"there is no {_DEVICE} here, and no veth in its place; {how}")
    how = "its usual mode is 0666"
    problem = f"{_DEVICE} may not be used ({error.strerror}), and no veth in its place"
    return InterfaceError(f"{problem}; {how}")


def set_up(name: str, *, resolves: bool = True) -> None:
    """Set an interface up.

    Args:
        name: Its name.
        resolves: Whether it asks for the Ethernet addresses of others, if it has any.

    Raises:
        OSError: The kernel refuses.
    """
    with _any_socket() as asked:
        told = fcntl.ioctl(asked, _SIOCGIFFLAGS, _request(name, b""))
        (flags,) = struct.unpack_from("H", told, 16)
        flags |= _IFF_UP if resolves else _IFF_UP | _IFF_NOARP
        fcntl.ioctl(asked, _SIOCSIFFLAGS, _request(name, struct.pack("H", flags)))


def add_address(name: str, address: InterfaceAddress, number: int = 0) -> None:
    """Give an interface an address and the route to its subnet.

    Args:
        name: Its name.
        address: The address.
        number: Which of its IPv4 addresses it is, counted from 0: each has a label (ip-address(8)).

    Raises:
        OSError: The kernel refuses; it may have no IPv6.
    """
    if isinstance(address, IPv6Interface):
        prefix = address.network.prefixlen
        wish = struct.pack("16sIi", address.ip.packed, prefix, socket.if_nametoindex(name))
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asked:
            fcntl.ioctl(asked, _SIOCSIFADDR, wish)
        return
    label = f"{name}:{number}" if number else name
    _tell(_SIOCSIFADDR, label, _sockaddr(address.ip.packed))
    _tell(_SIOCSIFNETMASK, label, _sockaddr(address.netmask.packed))


def add_route(route: Route) -> None:
    """Send what is for a subnet by an interface: to a gateway that it reaches, or straight there.

    Raises:
        OSError: The kernel refuses.
    """
    flags = _RTF_UP | (_RTF_GATEWAY if route.via else 0)
    if isinstance(route.to, IPv6Network):
        index = socket.if_nametoindex(route.interface)
        via = route.via or IPv6Address(0)
        ends = route.to.network_address.packed, bytes(16), via.packed
        numbers = 0, route.to.prefixlen, 0, _METRIC, 0, flags, index
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asked:
            fcntl.ioctl(asked, _SIOCADDRT, struct.pack("@16s16s16sIHHILIi", *ends, *numbers))
        return
    gateway = route.via.packed if route.via else bytes(4)
    ends = route.to.network_address.packed, gateway, route.to.netmask.packed
    device = ctypes.create_string_buffer(route.interface.encode())
    rest = 0, 0, 0, 0, ctypes.addressof(device), 0, 0, 0
    wish = struct.pack("@L16s16s16sHhLPhPLLH", 0, *map(_sockaddr, ends), flags, *rest)
    with _any_socket() as asked:
        fcntl.ioctl(asked, _SIOCADDRT, wish)


def set_setting(keys: Sequence[str], value: str) -> None:
    """Set a setting of this network, below net in sysctl, where that is possible.

    In a container /proc/sys may be read-only; then it stays as the kernel has it.
    """
    with contextlib.suppress(OSError):
        _SETTINGS.joinpath(*keys).write_text(value)


def _any_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _tell(number: int, name: str, value: bytes) -> None:
    with _any_socket() as asked:
        fcntl.ioctl(asked, number, _request(name, value))


def _request(name: str, value: bytes) -> bytes:
    """A struct ifreq."""
    return struct.pack("16s", name.encode()) + value.ljust(_REQUEST - 16, b"\0")


def _sockaddr(address: bytes) -> bytes:
    """A struct sockaddr_in without a port."""
    return struct.pack("=HH4s8x", socket.AF_INET, 0, address)
