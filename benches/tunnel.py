"""A tunnel of usernet's beside its peers, all to one server and in one run.

The server is wireguard-go with a TUN device and the kernel's TCP, or ``usernet gateway``. Clients
work in turns: usernet, the kernel's TCP over wireguard-go, and whatever programs are given::

    python -m benches.tunnel --wireguard-go PATH --peer gvisor=PATH [--server usernet] [--workers 1]

A peer's program does the works of `benches.tunnel_ends` for the words that `benches.tunnel_ours`
takes, and prints a figure.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path as File
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benches.figures import Figure, at_least, at_most, run
from benches.tunnel_ends import PORT
from usernet.engine import keys
from usernet.sandbox import PROGRAM, SERVER, Namespace, Path, path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from usernet.config.keys import PrivateKey

SECONDS = {"down": "4", "up": "4", "turns": "500", "connects": "100"}
"""How much of each work is done at once."""
ROUNDS = 3
LINE_SECONDS = "15"
LINES = {
    "100 ms, no loss": ("--delay", "50ms", "--rate", "100mbit", "--queue", "256p"),
    "20 ms, 1 % loss": ("--delay", "10ms", "--rate", "100mbit", "--queue", "256p", "--loss", "1%"),
}
INSIDE = "10.66.0"
UDP_PORT = "51820"
OURS, KERNEL, GVISOR = "usernet", "kernel TCP", "gvisor"
OUR_PROGRAM = [sys.executable, "-m", "benches.tunnel_ours"]
GIB = str(1 << 30)


@dataclass(frozen=True, slots=True)
class Bench:
    """The server, and how each client is told what to do.

    Attributes:
        place: Where all of it is.
        clients: By name, the command line of each but for the work and its amount.
    """

    place: Path
    clients: Mapping[str, list[str]]

    def measure(self, name: str, work: str, amount: str) -> float:
        """One client's figure; 0 where a peer cannot do it."""
        try:
            return float(self.place.client.run(*self.clients[name], work, amount).split()[-1])
        except (ChildProcessError, subprocess.TimeoutExpired) as error:
            if name == OURS:
                raise
            print(f"{name}, {work}: {type(error).__name__}", file=sys.stderr)
            return 0.0

    def all(self, work: str, amount: str) -> dict[str, float]:
        """The figures of all clients that can do it, one after another."""
        figures = {name: self.measure(name, work, amount) for name in self.clients}
        return {name: figure for name, figure in figures.items() if figure}

    def medians(self, work: str) -> dict[str, float]:
        """Each client's, in turns."""
        rounds = [self.all(work, SECONDS[work]) for _ in range(ROUNDS)]
        able = [name for name in self.clients if any(name in one for one in rounds)]
        return {name: median(one[name] for one in rounds if name in one) for name in able}


def tunnel() -> Iterator[Figure]:
    """Through WireGuard, beside other clients of the same server."""
    options = parsed()
    with ExitStack() as stack:
        place = stack.enter_context(path())
        bench = stack.enter_context(made(place, options))
        with bridged(place):
            yield from streams(bench)
            yield from moments(bench)
            memory = bench.measure(OURS, "memory", GIB)
            yield at_most(64, "memory of a process that downloads 1 GiB", memory, "MiB")
        for line, words in LINES.items():
            with place.emulate(*words):
                yield from over_line(bench, line)


def streams(bench: Bench) -> Iterator[Figure]:
    """One TCP stream each way."""
    for work, share in (("down", 1.5), ("up", 4)):
        rates = {name: rate / 1e3 for name, rate in bench.medians(work).items()}
        ours = rates.pop(OURS)
        for name, rate in rates.items():
            words = (f"TCP {work}, one stream", ours, "Gbit/s")
            if name == GVISOR:
                yield at_least(share, *words, peer=rate, peer_name=name)
            else:
                yield Figure(*words, "", met=True, peer=rate, peer_name=name)


def moments(bench: Bench) -> Iterator[Figure]:
    """A byte there and back, and connecting."""
    for work, words in (("turns", "round trip"), ("connects", "connect")):
        times = bench.medians(work)
        ours = times.pop(OURS)
        for name, time in times.items():
            figure = (f"{words}, p50", ours, "ms")
            if work == "turns":
                yield at_most(0.15, *figure, peer=time, peer_name=name)
            else:
                yield Figure(*figure, "", met=True, peer=time, peer_name=name)


def over_line(bench: Bench, line: str) -> Iterator[Figure]:
    """An upload over a line of 100 Mbit/s; Linux is told to use the same algorithm as we do."""
    rates = bench.all("up", LINE_SECONDS)
    ours = rates.pop(OURS)
    for name, rate in rates.items():
        words = (f"upload, 100 Mbit/s, {line}", ours, "Mbit/s")
        if name == KERNEL:
            yield at_least(0.95, *words, peer=rate, peer_name=f"{name}, BBR")
        else:
            yield Figure(*words, "", met=True, peer=rate, peer_name=name)


@contextmanager
def bridged(place: Path) -> Iterator[None]:
    """Joined by a Linux bridge."""
    place.bridge()
    try:
        yield
    finally:
        place.unbridge()


@contextmanager
def made(place: Path, options: Options) -> Iterator[Bench]:
    """The server, and the clients."""
    program, peers = options.wireguard_go, options.peers
    with TemporaryDirectory() as folder, ExitStack() as stack:
        names = [OURS, KERNEL, *peers]
        private = {name: keys.generate() for name in ["server", *names]}
        files = {name: File(folder) / str(at) for at, name in enumerate(private)}
        for name, file in files.items():
            file.touch(0o600)
            file.write_text(private[name].reveal())
        addresses = {name: f"{INSIDE}.{at}" for at, name in enumerate(names, 2)}
        known = {addresses[name]: private[name] for name in names}
        device = Device("ubench0", files["server"], f"{INSIDE}.1", known)
        if options.server == OURS:
            stack.enter_context(device.as_gateway(place.server))
            listens = "127.0.0.1"
        else:
            stack.enter_context(device.up(place.server, program))
            listens = device.address
        words = (sys.executable, "-m", "benches.tunnel_ends", "serve", listens)
        stack.enter_context(place.server.start(*words)).wait_for("ready")
        device = Device("ubench1", files[KERNEL], addresses[KERNEL], {"": private["server"]})
        stack.enter_context(device.up(place.client, program))
        public = str(keys.public_key(private["server"]))
        programs = {OURS: OUR_PROGRAM, **peers}
        clients = {
            name: [
                *words,
                str(files[name]),
                public,
                f"{SERVER[0]}:{UDP_PORT}",
                addresses[name],
                f"{INSIDE}.1:{PORT}",
            ]
            for name, words in programs.items()
        }
        clients[KERNEL] = [sys.executable, "-m", "benches.tunnel_ends", f"{INSIDE}.1", "bbr"]
        yield Bench(place, clients)


@dataclass(frozen=True, slots=True)
class Device:
    """A TUN device of wireguard-go's.

    Attributes:
        interface: Its name, which no other of the machine has.
        keyfile: Where its private key is.
        address: Its address inside.
        peers: The keys of its peers by their addresses; the server's by none.
    """

    interface: str
    keyfile: File
    address: str
    peers: Mapping[str, PrivateKey]

    @contextmanager
    def up(self, host: Namespace, program: str) -> Iterator[None]:
        """Have it in a host."""
        with host.start("env", "LOG_LEVEL=verbose", program, "-f", self.interface) as wireguard:
            wireguard.wait_for("UAPI listener started")
            words = ["wg", "set", self.interface, "private-key", str(self.keyfile)]
            words += ["listen-port", "0" if "" in self.peers else UDP_PORT]
            for address, private in self.peers.items():
                words += ["peer", str(keys.public_key(private))]
                server = ("endpoint", f"{SERVER[0]}:{UDP_PORT}") if not address else ()
                words += ["allowed-ips", address or f"{INSIDE}.0/24", *server]
            host.run(*words)
            host.ip(
                f"address add {self.address}/24 dev {self.interface}",
                f"link set {self.interface} mtu 1420 up",
            )
            yield

    @contextmanager
    def as_gateway(self, host: Namespace) -> Iterator[None]:
        """Have usernet's gateway in a host instead."""
        own = [f"PrivateKey = {self.keyfile.read_text()}", f"Address = {self.address}/24"]
        lines = ["[Interface]", *own, f"ListenPort = {UDP_PORT}"]
        for address, private in self.peers.items():
            lines += ["[Peer]", f"PublicKey = {keys.public_key(private)}"]
            lines += [f"AllowedIPs = {address}/32"]
        file = self.keyfile.with_suffix(".conf")
        file.touch(0o600)
        file.write_text("\n".join(lines))
        with host.start(PROGRAM, "gateway", "--wireguard", str(file), "--loopback") as gateway:
            gateway.wait_for("gateway at UDP port")
            yield


class Options:
    """What the bench is told."""

    wireguard_go: str
    server: str
    peer: list[tuple[str, str]]
    workers: int
    json: bool

    @property
    def peers(self) -> dict[str, list[str]]:
        """By name, the words that start each client beside ours; one may be ours with workers."""
        peers = {name: [program] for name, program in self.peer}
        if self.workers:
            peers[f"{OURS}, {self.workers} workers"] = [*OUR_PROGRAM, f"--workers={self.workers}"]
        return peers


def parsed() -> Options:
    """The command line."""
    parser = ArgumentParser(prog="python -m benches.tunnel")
    found = shutil.which("wireguard-go")
    parser.add_argument("--wireguard-go", default=found, required=found is None, metavar="PATH")
    parser.add_argument("--server", choices=["wireguard-go", OURS], default="wireguard-go")
    parser.add_argument("--peer", action="append", default=[], type=named, metavar="NAME=PATH")
    parser.add_argument("--workers", type=int, default=0, help="ours with so many, as a peer")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(namespace=Options())


def named(text: str) -> tuple[str, str]:
    """A peer's name and the path of its program."""
    name, _, program = text.partition("=")
    return name, program


if __name__ == "__main__":
    run(tunnel)
