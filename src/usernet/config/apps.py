"""Apps: the nodes of the graph, as data. What each one does stands with it; ports are in brackets.

An app that has no port list takes any name, one link each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "App",
    "Gateway",
    "Join",
    "Meter",
    "PcapReader",
    "PcapWriter",
    "Publish",
    "RawSocket",
    "Repeater",
    "Sink",
    "Source",
    "Split",
    "Tap",
    "Tee",
    "Tun",
]

Program = tuple[tuple[int, int, int, int], ...]
"""A classic BPF program: instructions of ``code, jt, jf, k``."""


@runtime_checkable
class App(Protocol):
    """What the graph needs of an app: its config for the core, and how it takes a new one."""

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it: plain values, the key ``app`` says the kind."""
        ...

    def keeps_state(self, new: object) -> bool:
        """Whether a running app can take `new` and keep its state and its packets."""
        ...


@dataclass(frozen=True, slots=True)
class _Plain:
    """An app whose fields are its config."""

    kind: ClassVar[str] = ""

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {"app": self.kind, **values}

    def keeps_state(self, new: object) -> bool:
        """No: it is stopped, and started anew."""
        del new
        return False


@dataclass(frozen=True, slots=True)
class Source(_Plain):
    """Makes packets of zeros [any outputs].

    Attributes:
        size: Bytes of each packet, 1 to 65664.
        packets_per_second: How many a second; as fast as they are taken where None. In virtual
            time that is a batch each 10 µs, and whenever something else in the graph is due.
        count: How many in all; no end where None.
    """

    kind: ClassVar[str] = "source"
    size: int
    packets_per_second: float | None = None
    count: int | None = None

    def keeps_state(self, new: object) -> bool:
        """Yes, for another source: it goes on counting."""
        return isinstance(new, Source)


@dataclass(frozen=True, slots=True)
class Sink(_Plain):
    """Takes packets and lets them go [any inputs]."""

    kind: ClassVar[str] = "sink"


@dataclass(frozen=True, slots=True)
class Tee(_Plain):
    """Sends every packet to every output [any inputs, any outputs]."""

    kind: ClassVar[str] = "tee"


@dataclass(frozen=True, slots=True)
class Join(_Plain):
    """Sends the packets of every input to one output [any inputs; tx]."""

    kind: ClassVar[str] = "join"


@dataclass(frozen=True, slots=True)
class Meter(_Plain):
    """Counts what passes, for each pair of addresses: data that is new, and data again [rx; tx]."""

    kind: ClassVar[str] = "meter"


@dataclass(frozen=True, slots=True)
class Repeater(_Plain):
    """Remembers up to 16384 packets and sends them again and again [rx; tx]."""

    kind: ClassVar[str] = "repeater"


@dataclass(frozen=True, slots=True)
class Split(_Plain):
    """Sends each packet to the output of the first flow that takes it [rx; 0, 1, …, rest].

    Attributes:
        programs: Compiled filters, in order (`usernet.engine.filters` compiles them).
        names: The names of the flows, which are those of their outputs; their numbers where there
            are none.
        processes: What the process is called whose packets alone each flow takes; anybody's where
            None, and where there are none.
        remote: Which end of a packet is the remote one, whose traffic is counted; nobody's where
            None.
    """

    kind: ClassVar[str] = "split"
    programs: tuple[Program, ...]
    names: tuple[str, ...] = ()
    processes: tuple[str | None, ...] = ()
    remote: Literal["source", "destination"] | None = None

    def keeps_state(self, new: object) -> bool:
        """Yes, for another split."""
        return isinstance(new, Split)


@dataclass(frozen=True, slots=True)
class RawSocket(_Plain):
    """A network interface, by AF_PACKET (packet(7)); needs CAP_NET_RAW [rx; tx].

    Attributes:
        interface: Its name.
        promiscuous: Take packets for any address, as a bridge does.
    """

    kind: ClassVar[str] = "raw_socket"
    interface: str
    promiscuous: bool = True


@dataclass(frozen=True, slots=True)
class Tap(_Plain):
    """A TAP device, which carries Ethernet frames; made if it does not exist [rx; tx].

    Attributes:
        interface: Its name.
    """

    kind: ClassVar[str] = "tap"
    interface: str


@dataclass(frozen=True, slots=True)
class Tun(_Plain):
    """A TUN device, which carries IP packets; made if it does not exist [rx; tx].

    Attributes:
        interface: Its name.
        descriptor: An open /dev/net/tun that is attached to the interface already, in whatever
            network namespace, without packet information and with offload headers
            (IFF_NO_PI, IFF_VNET_HDR). The app duplicates it.
        peer: The descriptor is a packet socket instead, on one end of a veth pair, and this is
            the Ethernet address of the other end.
    """

    kind: ClassVar[str] = "tun"
    interface: str
    descriptor: int | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Publish:
    """A port of the machine that leads to a program behind a gateway.

    Attributes:
        listen: Where the machine listens: ``127.0.0.1:8080``.
        to: Where what comes there goes: ``192.0.0.2:80``.
        protocol: Connections, or datagrams.
    """

    listen: str
    to: str
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True)
class Gateway(_Plain):
    """Ends what programs say to anybody on the machine's own sockets; in real time alone [rx; tx].

    Attributes:
        addresses: Its own addresses with their prefixes. What else is in these networks is nowhere:
            only redirects lead from there.
        mtu: The largest IP packet, in bytes.
        redirects: What goes elsewhere than it says: from an address (``192.0.0.3``), or an address
            and port (``192.0.0.1:53``), to another; or nowhere, where None. An address and port
            goes before an address. Without a redirect nothing reaches the machine's loopback.
        otherwise: Where a connection goes that is refused where such a redirect leads.
        names: Names that it answers itself, with their addresses.
        publish: Ports of the machine that lead to programs.
        masquerade: Whether programs see whoever calls such a port by the gateway's own address,
            where other addresses lead elsewhere.
        congestion: The congestion control of what goes to programs; the machine's where None,
            which programs have too.
    """

    kind: ClassVar[str] = "gateway"
    addresses: tuple[str, ...]
    mtu: int = 1500
    redirects: Mapping[str, str | None] = field(default_factory=dict[str, str | None], hash=False)
    otherwise: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    names: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]], hash=False
    )
    publish: tuple[Publish, ...] = ()
    masquerade: bool = False
    congestion: Literal["cubic", "reno", "bbr"] | None = None

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        return {
            "app": self.kind,
            "addresses": list(self.addresses),
            "mtu": self.mtu,
            "redirects": [
                {"from": one, "to": other, "otherwise": self.otherwise.get(one)}
                for one, other in self.redirects.items()
            ],
            "names": {name: list(addresses) for name, addresses in self.names.items()},
            "publish": [
                {"protocol": one.protocol, "listen": one.listen, "to": one.to}
                for one in self.publish
            ],
            "congestion": self.congestion,
            **({"masquerade": True} if self.masquerade else {}),
        }


@dataclass(frozen=True, slots=True)
class PcapReader(_Plain):
    """Plays a capture, pcap or pcapng, at the times recorded in it [tx].

    Attributes:
        path: The file.
    """

    kind: ClassVar[str] = "pcap_reader"
    path: Path

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        return {"app": self.kind, "path": str(self.path)}


@dataclass(frozen=True, slots=True)
class PcapWriter(_Plain):
    """Writes a pcapng with nanoseconds and, for what was dropped, a comment that says why.

    An interface ``x`` has the inputs ``x`` and ``x:dropped``.

    Attributes:
        path: The file; written anew.
        interfaces: The names of the interfaces in it.
    """

    kind: ClassVar[str] = "pcap_writer"
    path: Path
    interfaces: tuple[str, ...] = field(default=("link",))

    def to_core(self) -> dict[str, object]:
        """The config as the core reads it."""
        return {"app": self.kind, "path": str(self.path), "interfaces": list(self.interfaces)}

    def keeps_state(self, new: object) -> bool:
        """Yes, for one that writes the same file: it goes on, with other interfaces."""
        return isinstance(new, PcapWriter) and new.path == self.path
