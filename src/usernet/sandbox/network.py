"""Network: what a process does to be in a network of its own, and alone in it.

Where it may, it goes into new network and mount namespaces as it is. Else it makes a user
namespace first, in which it is the user that it was: files belong to whom they did, and the
program, once it is started, has no capability.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import ConfigError, InterfaceError
from usernet.sandbox import interface, mounts
from usernet.sandbox.addresses import INTERFACE, PROGRAM, ROUTES
from usernet.sandbox.permission import may_without_user_namespace, refusal
from usernet.sandbox.system_calls import (
    NEW_MOUNTS,
    NEW_NETWORK,
    NEW_USER,
    enter,
    unshare,
)
from usernet.sandbox.veth import make_veth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.config.address import InterfaceAddress
    from usernet.config.host import Route

__all__ = ["Device", "Namespaces", "Plan", "enclose", "identity"]

_HIDDEN = ("/run/nscd", "/run/systemd/resolve")
"""Sockets of daemons that would ask for names from outside the network."""
_PEER = "02:75:73:65:72:00"
"""The Ethernet address of the program's interface, where it has one: a local one (IEEE 802)."""
_RESOLVER, _HOSTS = "/etc/resolv.conf", "/etc/hosts"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the network is like.

    Attributes:
        resolver: What /etc/resolv.conf says in it.
        hosts: What /etc/hosts says in it.
        mtu: Of its interface, in bytes.
        addresses: Of its interface. What a route leads to is sent from the first of its family,
            unless it is in the subnet of another.
        routes: What its interface leads to. What none leads to is unreachable, which the kernel
            tells the program at once.
    """

    resolver: str
    hosts: str
    mtu: int = 1500
    addresses: tuple[InterfaceAddress, ...] = PROGRAM
    routes: tuple[Route, ...] = ROUTES


@dataclass(frozen=True, slots=True)
class Namespaces:
    """A network that others can join: descriptors of its namespaces.

    Attributes:
        network: Its interfaces and sockets.
        mounts: What files its programs see.
        user: Whose it is; None where it is the machine's own.
    """

    network: int
    mounts: int
    user: int | None = None

    @classmethod
    def of_this_process(cls, *, user: bool) -> Namespaces:
        """Those that this process is in."""
        kinds = ("net", "mnt", *(("user",) if user else ()))
        return cls(
            *(os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds)
        )

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All of them, in the order in which this class takes them."""
        every = (self.network, self.mounts, self.user)
        return tuple(one for one in every if one is not None)

    def join(self) -> None:
        """Go into them; the working directory is the one of the same path.

        Raises:
            PrivilegeError: The system forbids it.
        """
        folder = os.getcwd()
        try:
            if self.user is not None:
                enter(self.user, NEW_USER)
            enter(self.network, NEW_NETWORK)
            enter(self.mounts, NEW_MOUNTS)
            os.chdir(folder)
        except OSError as error:
            raise refusal(error) from error

    def close(self) -> None:
        """Let go of them."""
        for descriptor in self.descriptors:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Device:
    """The outer end of a network's interface.

    Attributes:
        descriptor: An open TUN device; or a packet socket, if there is a peer.
        peer: The Ethernet address of the interface, where it is an end of a veth pair.
    """

    descriptor: int
    peer: str | None = None


def identity(network: int) -> int:
    """The number of a network namespace, given by a descriptor."""
    return os.fstat(network).st_ino


def enclose(plan: Plan) -> tuple[Device, Namespaces]:
    """Go into a network of one's own.

    Returns:
        Its device, and its namespaces.

    Raises:
        PrivilegeError: The system forbids it; the error says which setting does.
        InterfaceError: There is no TUN device to be had.
        ConfigError: The MTU is none.
    """
    is_privileged = may_without_user_namespace()
    try:
        _leave_the_machine(is_privileged=is_privileged)
        mounts.keep_to_oneself()
        mounts.hide(_HIDDEN)
        mounts.replace({_RESOLVER: plan.resolver, _HOSTS: plan.hosts}, _HIDDEN)
        interface.set_up("lo")
    except OSError as error:
        raise refusal(error) from error
    device = _connect(plan)
    return device, Namespaces.of_this_process(user=not is_privileged)


def _leave_the_machine(*, is_privileged: bool) -> None:
    user, group = os.geteuid(), os.getegid()
    if is_privileged:
        unshare(NEW_NETWORK | NEW_MOUNTS)
        return
    unshare(NEW_USER | NEW_NETWORK | NEW_MOUNTS)
    _write("setgroups", "deny")
    _write("uid_map", f"{user} {user} 1")
    _write("gid_map", f"{group} {group} 1")


def _write(name: str, text: str) -> None:
    """Say who is who in this user namespace (user_namespaces(7))."""
    try:
        Path("/proc/self", name).write_text(text)
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), name) from error


def _connect(plan: Plan) -> Device:
    """Make the interface, with addresses and routes."""
    try:
        device = _make_device(plan.mtu)
    except InterfaceError:
        raise
    except OSError as error:
        raise ConfigError(str(error.strerror), path="interface-mtu", value=plan.mtu) from error
    # The second is refused in a user namespace, which has no other group.
    for groups in (f"{os.getegid()} {os.getegid()}", "0 2147483647"):
        _set(("ipv4", "ping_group_range"), groups)
    _set(("ipv4", "ip_unprivileged_port_start"), "0")
    for name, value in (("disable_ipv6", "0"), ("accept_ra", "0"), ("addr_gen_mode", "1")):
        _set(("ipv6", "conf", INTERFACE, name), value)
    _address(plan)
    return device


def _make_device(mtu: int) -> Device:
    """A TUN device, or, where there is none to be had, what can stand in for it."""
    try:
        return Device(interface.make_tun(INTERFACE, mtu))
    except InterfaceError as missing:
        try:
            return Device(make_veth(INTERFACE, mtu, _PEER), _PEER)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ERANGE}:
                raise
            raise missing from error


def _set(keys: Sequence[str], value: str) -> None:
    interface.set_setting(keys, value)


def _address(plan: Plan) -> None:
    """Addresses and routes; those of IPv6 where the kernel has it."""
    four, six = ([one for one in plan.addresses if one.version == version] for version in (4, 6))
    for number, address in enumerate(four):
        interface.add_address(INTERFACE, address, number)
    interface.set_up(INTERFACE, resolves=False)
    _route(plan, 4)
    with contextlib.suppress(OSError):
        for address in six:
            interface.add_address(INTERFACE, address)
        _route(plan, 6)


def _route(plan: Plan, version: int) -> None:
    subnets = {address.network for address in plan.addresses}  # which have their routes
    for route in plan.routes:
        if route.to.version == version and route.to not in subnets:
            interface.add_route(route)
