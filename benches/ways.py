"""Networks whose only way out leads to this machine: ours, its peers', and one that only copies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches.figures import compiled
from usernet.sandbox import PROGRAM, Command, Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["LARGEST_MTU", "MTU", "Way", "copied", "ours", "pasta", "peers", "slirp4netns"]

MTU = 1500
LARGEST_MTU = 65520
PATIENCE = 15.0
_HOST = "192.0.0.3"
"""What ``host.usernet`` is, inside."""
_STAYS = ("sh", "-c", "echo inside $$ && exec sleep infinity")
_PACKAGES = {"slirp4netns": "slirp4netns", "pasta": "passt"}
"""The peers' programs, and the Debian packages that have them."""


@dataclass(frozen=True, slots=True)
class Way:
    """A network that leads to the machine.

    Attributes:
        holder: A process in it.
        server: Where the machine's server is, as programs inside call it.
        carrier: The process that carries the packets.
        outside: Where the server is to be: a process whose network it has; None for the machine's.
    """

    holder: int
    server: str
    carrier: int
    outside: int | None = None

    def run(self, *words: str) -> str:
        """Run a program inside to its end; what it said."""
        return subprocess.run(
            [*_entering(self.holder), *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE,
        ).stdout

    def serve(self, *words: str) -> Command:
        """Start a server."""
        return Command(words if self.outside is None else [*_entering(self.outside), *words])

    @property
    def address(self) -> str:
        """The address that the server has."""
        return "127.0.0.1" if self.outside is None else self.server


def _entering(process: int) -> list[str]:
    return ["nsenter", f"--net=/proc/{process}/ns/net", "--"]


@contextmanager
def ours(mtu: int) -> Iterator[Way]:
    """A network of ``usernet run``."""
    with Command((PROGRAM, "run", "--quiet", f"--interface-mtu={mtu}", "--", *_STAYS)) as command:
        yield Way(int(command.wait_for("inside").split()[1]), _HOST, command.pid)
        command.stop()


@contextmanager
def slirp4netns(mtu: int) -> Iterator[Way]:
    """One of slirp4netns."""
    with Namespace() as inside:
        words = ("slirp4netns", "--configure", f"--mtu={mtu}", str(inside.pid), "tap0")
        with Command(words) as command:
            _until_routed(inside.pid)
            yield Way(inside.pid, "10.0.2.2", command.pid)


@contextmanager
def pasta(mtu: int) -> Iterator[Way]:
    """One of pasta, which enters only what a user namespace of its own owns."""
    with Command(("unshare", "--map-root-user", "--net", *_STAYS)) as inside:
        holder = int(inside.wait_for("inside").split()[1])
        words = ("--config-net", "--foreground", "--quiet", "--runas", "0", "--mtu", str(mtu))
        with Command(("pasta", *words, str(holder))) as command:
            yield Way(holder, _until_routed(holder), command.pid)


@contextmanager
def copied() -> Iterator[Way]:
    """Two namespaces and a program that copies between them: what the machine can do at most."""
    with compiled("tunnel") as (tunnel,), Namespace() as inside, Namespace() as outside:
        words = (str(tunnel), str(inside.pid), str(outside.pid))
        with Command(words) as command:
            command.wait_for("ready")
            for host, last in ((inside, 1), (outside, 2)):
                host.ip(f"address add 10.79.0.{last}/24 dev tun0", "link set dev tun0 up")
            yield Way(inside.pid, "10.79.0.2", command.pid, outside.pid)


def peers() -> dict[str, Callable[[int], AbstractContextManager[Way]]]:
    """The peers that are here, each made by its MTU; says which are not."""
    ways: dict[str, Callable[[int], AbstractContextManager[Way]]]
    ways = {"slirp4netns": slirp4netns, "pasta": pasta}
    for name in [name for name in ways if shutil.which(name) is None]:
        print(f"no {name} here: apt-get install {_PACKAGES[name]}", file=sys.stderr)
        del ways[name]
    return ways


def _until_routed(holder: int) -> str:
    """Wait until a network has its default route; the next hop."""
    words = [*_entering(holder), "ip", "-4", "-json", "route", "show", "default"]
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        for route in json.loads(said):
            return str(route["gateway"])
        threading.Event().wait(0.02)
    raise TimeoutError("the network has no route")
