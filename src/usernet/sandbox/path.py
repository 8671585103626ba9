"""Path: two hosts and the place between them, where whatever is tried joins two interfaces.

::

    client ── eth0 ═══ a ── middle ── b ═══ eth0 ── server          ═══ a veth pair
    10.77.0.1                                    10.77.0.2
    fd77::1                                        fd77::2
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as File
from typing import TYPE_CHECKING

from usernet.sandbox.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Generator

    from usernet.sandbox.command import Command

__all__ = ["CLIENT", "PROGRAM", "SERVER", "Path", "path"]

CLIENT = ("10.77.0.1", "fd77::1")
"""The client's addresses."""
SERVER = ("10.77.0.2", "fd77::2")
"""The server's addresses."""
PROGRAM = str(File(sys.executable).with_name("usernet"))
"""The program, of the environment that this runs in."""
_NO_IPV6 = "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f; done"


@dataclass(frozen=True, slots=True)
class Path:
    """Two hosts with an interface ``eth0`` each, and between them ``a`` and ``b``, not yet joined.

    Attributes:
        client: The first host; ``a`` leads to it.
        middle: Where ``a`` and ``b`` are.
        server: The second host; ``b`` leads to it.
    """

    client: Namespace
    middle: Namespace
    server: Namespace

    def attach_client(self) -> None:
        """Make ``a`` and the client's interface."""
        self._attach(self.client, "a", CLIENT)

    def attach_server(self) -> None:
        """Make ``b`` and the server's interface."""
        self._attach(self.server, "b", SERVER)

    def introduce(self) -> None:
        """Tell each host the other's hardware address, so that they never ask."""
        ours, theirs = _hardware(self.client), _hardware(self.server)
        self.client.ip(*(f"neigh replace {ip} lladdr {theirs} dev eth0" for ip in SERVER))
        self.server.ip(*(f"neigh replace {ip} lladdr {ours} dev eth0" for ip in CLIENT))

    def only_ipv4(self) -> None:
        """Turn IPv6 off in both hosts, which then send nothing that nobody asked for."""
        for host in (self.client, self.server):
            host.run("sh", "-c", _NO_IPV6)

    def bridge(self) -> None:
        """Join ``a`` and ``b`` by a Linux bridge: what everything is measured against."""
        self.middle.ip(
            "link add name bridge type bridge forward_delay 0 mcast_snooping 0",
            "link set dev a master bridge",
            "link set dev b master bridge",
            "link set dev bridge up",
        )

    def unbridge(self) -> None:
        """Undo `bridge`."""
        self.middle.ip("link del dev bridge")

    def emulate(self, *options: str) -> Command:
        """Join ``a`` and ``b`` by ``usernet emulate``; returns when packets flow."""
        command = self.usernet("emulate", "--between", "a", "b", *options)
        try:
            command.wait_for('"ready"' if "--json" in options else "emulating between")
        except (ChildProcessError, TimeoutError):
            with command:
                raise
        return command

    def usernet(self, *words: str) -> Command:
        """Start the program in the middle."""
        return self.middle.start(PROGRAM, *words)

    def _attach(self, host: Namespace, end: str, addresses: tuple[str, str]) -> None:
        self.middle.ip(
            f"link add name {end} type veth peer name eth0 netns {host.pid}",
            f"link set dev {end} addrgenmode none up",
        )
        ipv4, ipv6 = addresses
        host.ip(
            "link set dev eth0 addrgenmode none",
            f"address add {ipv4}/24 dev eth0",
            f"address add {ipv6}/64 dev eth0 nodad",
            "link set dev eth0 up",
        )


@contextmanager
def path() -> Generator[Path]:
    """A path, which is gone when the block ends, or when this process does.

    Raises:
        PrivilegeError: The system lets this user make none.
    """
    with Namespace() as client, Namespace() as middle, Namespace() as server:
        middle.run("sh", "-c", _NO_IPV6)
        made = Path(client, middle, server)
        made.attach_client()
        made.attach_server()
        yield made


def _hardware(host: Namespace) -> str:
    (link,) = json.loads(host.run("ip", "-json", "link", "show", "eth0"))
    return str(link["address"])
