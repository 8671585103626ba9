"""``[Interface]``: who this end is, its addresses, its name servers; and what is refused in it.

usernet changes nothing on the machine and runs no command that a file names. So what asks for
either is refused, with the reason, unless leaving it out changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usernet.config.address import (
    LARGEST_MTU,
    LEAST_MTU,
    LEAST_MTU_IPV6,
    parse_address,
    parse_host_name,
    parse_interface_address,
)
from usernet.config.keys import PrivateKey
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from usernet.config.address import Address, InterfaceAddress
    from usernet.wireguard.syntax import Entry, Section

__all__ = ["Interface"]

_LARGEST_PORT = 65535
_NO_COMMANDS = {"", ":", "true", "/bin/true"}
"""Hooks that do nothing."""


@dataclass(slots=True)
class Interface:
    """What all ``[Interface]`` sections of some files say together.

    Attributes:
        private_key: Who this end is; None until one is read.
        addresses: Its addresses in the tunnel.
        dns: The servers that know the names in the tunnel.
        search: The domains that names are looked up in.
        mtu: The largest packet in the tunnel, in bytes; None where nothing is said.
        listen_port: The UDP port; None where nothing is said.
    """

    private_key: PrivateKey | None = None
    addresses: list[InterfaceAddress] = field(default_factory=list["InterfaceAddress"])
    dns: list[Address] = field(default_factory=list["Address"])
    search: list[str] = field(default_factory=list[str])
    mtu: int | None = None
    listen_port: int | None = None
    _keys_from: Entry | None = None
    _mtu_from: Entry | None = None

    def read(self, section: Section) -> None:
        """Take over what a section says: lists grow, of other keys the last counts.

        Raises:
            ConfigError: A value is wrong, or asks for something that usernet does not do.
        """
        for entry in section.entries:
            try:
                _READERS[entry.key](self, entry)
            except ConfigError as error:
                raise entry.located(error) from None

    def check(self) -> None:
        """What can be seen only when all is read.

        Raises:
            ConfigError: The MTU is too small for an IPv6 address.
        """
        six = any(address.version == 6 for address in self.addresses)  # noqa: PLR2004
        if self._mtu_from is not None and six and self.mtu and self.mtu < LEAST_MTU_IPV6:
            allowed = f"{LEAST_MTU_IPV6} or more, which IPv6 needs (RFC 8200, 5)"
            raise self._mtu_from.error("too small for the IPv6 address", allowed, shown=True)

    def private_key_entry(self, entry: Entry) -> None:
        """``PrivateKey = BASE64``."""
        key = PrivateKey.parse(entry.value, entry.key)
        first = self._keys_from
        if first is not None and key != self.private_key:
            place = f"{first.file}:{first.line}"
            raise entry.error(f"another private key than that of {place}", "one for one tunnel")
        self.private_key, self._keys_from = key, entry

    def address_entry(self, entry: Entry) -> None:
        """``Address = 10.0.0.2/32, fd00::2/128``."""
        for one in _items(entry.value):
            address = parse_interface_address(one, entry.key)
            if address not in self.addresses:
                self.addresses.append(address)

    def dns_entry(self, entry: Entry) -> None:
        """``DNS = 10.0.0.1, internal``: what is no address is a search domain."""
        for one in _items(entry.value):
            try:
                server = parse_address(one)
            except ConfigError:
                domain = parse_host_name(one.rstrip("."), entry.key)
                self.search += [domain] if domain not in self.search else []
            else:
                self.dns += [server] if server not in self.dns else []

    def mtu_entry(self, entry: Entry) -> None:
        """``MTU = 1420``."""
        mtu = entry.number()
        if mtu is None or not LEAST_MTU <= mtu <= LARGEST_MTU:
            allowed = f"bytes of a packet, {LEAST_MTU} to {LARGEST_MTU}, such as 1420"
            raise entry.error("no MTU", allowed, shown=True)
        self.mtu, self._mtu_from = mtu, entry

    def listen_port_entry(self, entry: Entry) -> None:
        """``ListenPort = 51820``; 0 is any that is free."""
        port = entry.number()
        if port is None or port > _LARGEST_PORT:
            raise entry.error("no port", f"0 to {_LARGEST_PORT}", shown=True)
        self.listen_port = port or None


def _items(value: str) -> Iterator[str]:
    """What stands between commas."""
    return (one.strip() for one in value.split(",") if one.strip())


def _table(_: Interface, entry: Entry) -> None:
    if entry.value.lower() not in ("auto", "off"):
        problem = "usernet has no routing tables: AllowedIPs says what goes through the tunnel"
        raise entry.error(problem, "auto or off, which change nothing here, or no such line")


def _save_config(_: Interface, entry: Entry) -> None:
    if entry.value.lower() != "false":
        raise entry.error("usernet does not write to the file", "false, or no such line")


def _mark(_: Interface, entry: Entry) -> None:
    if entry.value.lower() not in ("off", "0", "0x0"):
        problem = "marks are for the machine's routing rules, and usernet needs none of these"
        raise entry.error(problem, "off, or no such line")


def _hook(_: Interface, entry: Entry) -> None:
    if entry.value not in _NO_COMMANDS:
        problem = (
            "usernet runs no commands, and there is no interface that they could be about: "
            "programs enter the tunnel without changes to the machine"
        )
        raise entry.error(problem, "a copy of the file without this line")


_READERS: dict[str, Callable[[Interface, Entry], None]] = {
    "PrivateKey": Interface.private_key_entry,
    "Address": Interface.address_entry,
    "DNS": Interface.dns_entry,
    "MTU": Interface.mtu_entry,
    "ListenPort": Interface.listen_port_entry,
    "Table": _table,
    "SaveConfig": _save_config,
    "FwMark": _mark,
    "PreUp": _hook,
    "PostUp": _hook,
    "PreDown": _hook,
    "PostDown": _hook,
}
