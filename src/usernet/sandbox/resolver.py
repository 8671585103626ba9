"""Names: what /etc/resolv.conf and /etc/hosts say on the machine, and what they say inside."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

from usernet.sandbox.addresses import DNS_SERVERS, HOST_NAME, MACHINE

__all__ = ["Resolver", "hosts_inside"]

_NO_SERVER = "127.0.0.1"
"""Who is asked where the file names nobody (resolver(5))."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """How the machine asks for names.

    Attributes:
        servers: The addresses of its DNS servers, in the order in which they are asked.
        others: Every other line: search domains and options.
    """

    servers: tuple[str, ...]
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what a resolv.conf says; what is not understood in it is left out, as libc does."""
        servers: list[str] = []
        others: list[str] = []
        for line in text.splitlines():
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver":
                servers.append(words[1])
            elif words and words[0] in {"search", "domain", "options", "sortlist"}:
                others.append(line.strip())
        known = tuple(server for server in servers if _is_address(server))
        return cls(known[: len(DNS_SERVERS)] or (_NO_SERVER,), tuple(others))

    def inside(self) -> str:
        """The file as programs see it: the same, but that the gateway is asked."""
        asked = (f"nameserver {name}" for name, _ in self.asked())
        return "".join(f"{line}\n" for line in (*self.others, *asked))

    def asked(self) -> tuple[tuple[str, str], ...]:
        """What each server is called inside, and who it is."""
        return tuple(zip(DNS_SERVERS, self.servers, strict=False))


def hosts_inside(text: str, *, with_machine: bool) -> str:
    """What /etc/hosts says inside: as on the machine, and the name of the machine's loopback.

    It has one address, which leads to servers on either loopback address: a program that had to try
    two would pay a round trip for the one that nobody listens on.
    """
    lines = text.splitlines()
    if with_machine:
        lines.append(f"{MACHINE[0]}\t{HOST_NAME}")
    return "".join(f"{line}\n" for line in lines)


def _is_address(text: str) -> bool:
    """Whether it is one without a zone: a link-local server belongs to an interface outside."""
    try:
        return getattr(ip_address(text), "scope_id", None) is None
    except ValueError:
        return False
