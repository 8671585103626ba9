"""``usernet gateway`` beside other far ends of WireGuard tunnels, in one run.

The client is the kernel's TCP over wireguard-go, and the server behind each far end the same. Far
ends take turns: usernet's, wireguard-go with a TUN device, and whatever programs are given::

    python -m benches.far_end --wireguard-go PATH --peer mitmproxy_rs=PATH

A peer's program takes ``KEYFILE PORT TARGET PUBLIC_KEY``: its private key, the UDP port of all
addresses that it is heard at, where the TCP connections of its client lead, whatever they are for,
and who that client is. It says “ready” when it can be called.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import contextmanager
from pathlib import Path as File
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benches.figures import Figure, run
from benches.tunnel import INSIDE, KERNEL, OURS, UDP_PORT, Device, bridged, named
from benches.tunnel_ends import PORT
from usernet.engine import keys
from usernet.sandbox import path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usernet.sandbox import Path

ROUNDS = 3
WORKS = {
    "down": ("4", "TCP down, one stream", "Mbit/s"),
    "up": ("4", "TCP up, one stream", "Mbit/s"),
    "turns": ("500", "round trip, p50", "ms"),
    "connects": ("100", "connect, p50", "ms"),
}
"""Of each work, how much is done at once, and what its figure is."""


def far_end() -> Iterator[Figure]:
    """The far end of WireGuard tunnels, beside other such."""
    options = parsed()
    with path() as place, bridged(place), TemporaryDirectory() as folder:
        words = (sys.executable, "-m", "benches.tunnel_ends", "serve", "0.0.0.0")
        with place.server.start(*words) as server:
            server.wait_for("ready")
            bench = Bench(place, options, File(folder))
            rounds = [{name: bench.measure(name) for name in bench.names} for _ in range(ROUNDS)]
    for work, (_, said, unit) in WORKS.items():
        figures = {name: median(one[name][work] for one in rounds) for name in bench.names}
        ours = figures.pop(OURS)
        for name, figure in figures.items():
            yield Figure(said, ours, unit, "", met=True, peer=figure or None, peer_name=name)


class Bench:
    """The far ends, and a client that works through one of them at a time.

    Args:
        place: Where all of it is.
        options: Which far ends there are.
        folder: Where keys are kept.
    """

    def __init__(self, place: Path, options: Options, folder: File) -> None:
        self._place = place
        self._program = options.wireguard_go
        self._peers = dict(options.peer)
        self.names = [OURS, KERNEL, *self._peers]
        server, client = keys.generate(), keys.generate()
        files = folder / "server", folder / "client"
        for file, key in zip(files, (server, client), strict=True):
            file.touch(0o600)
            file.write_text(key.reveal())
        self._caller = str(keys.public_key(client))
        known = {f"{INSIDE}.2": client}
        self._far = Device("ubench0", files[0], f"{INSIDE}.1", known)
        self._near = Device("ubench1", files[1], f"{INSIDE}.2", {"": server})

    def measure(self, name: str) -> dict[str, float]:
        """What the client does through this far end; 0 where it cannot."""
        with self._up(name), self._near.up(self._place.client, self._program):
            return {work: self._done(work, amount) for work, (amount, _, _) in WORKS.items()}

    def _done(self, work: str, amount: str) -> float:
        words = (sys.executable, "-m", "benches.tunnel_ends", f"{INSIDE}.1", "bbr", work, amount)
        try:
            return float(self._place.client.run(*words).split()[-1])
        except (ChildProcessError, subprocess.TimeoutExpired) as error:
            print(f"{work}: {type(error).__name__}", file=sys.stderr)
            return 0.0

    @contextmanager
    def _up(self, name: str) -> Iterator[None]:
        """Have a far end."""
        server = self._place.server
        if name == OURS:
            with self._far.as_gateway(server):
                yield
        elif name == KERNEL:
            with self._far.up(server, self._program):
                yield
        else:
            target = f"127.0.0.1:{PORT}"
            words = (self._peers[name], str(self._far.keyfile), UDP_PORT, target, self._caller)
            with server.start(*words) as peer:
                peer.wait_for("ready")
                yield


class Options:
    """What the bench is told."""

    wireguard_go: str
    peer: list[tuple[str, str]]
    json: bool


def parsed() -> Options:
    """The command line."""
    parser = ArgumentParser(prog="python -m benches.far_end")
    found = shutil.which("wireguard-go")
    parser.add_argument("--wireguard-go", default=found, required=found is None, metavar="PATH")
    parser.add_argument("--peer", action="append", default=[], type=named, metavar="NAME=PATH")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(namespace=Options())


if __name__ == "__main__":
    run(far_end)
