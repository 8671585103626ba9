"""Network: the graph that a user builds, host by host or app by app, and runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, TypeAlias, Unpack

from usernet.config import address, units
from usernet.config.addressing import HostPlan
from usernet.config.apps import App, RawSocket, Tap, Tun
from usernet.config.impairment import Impairment
from usernet.config.link import Link, Sides
from usernet.config.scenario import Scenario
from usernet.config.socket_options import Congestion, SocketOptions
from usernet.config.topology import Connection, Topology, parse_connection
from usernet.config.wireguard import UdpSocket, WireGuard
from usernet.errors import ConfigError, EngineError
from usernet.net import wire
from usernet.net.assembly import Assembly
from usernet.net.event_loop import EventLoop
from usernet.net.host import Host
from usernet.net.link_state import LinkState
from usernet.net.names import Names, name_of
from usernet.net.network_link import NetworkLink
from usernet.net.recorder import Recorder, Recording
from usernet.net.wireguard_device import DeviceEnd, WireGuardDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from usernet.config.link import LinkKeys
    from usernet.engine import Engine, Statistics
    from usernet.net.bridge import Bridge
    from usernet.net.flow import FlowStatistics

__all__ = ["Network", "Switch"]

Device: TypeAlias = RawSocket | Tap | Tun | UdpSocket | DeviceEnd
"""What a link can lead to beside hosts and switches."""
Line: TypeAlias = Impairment | Link | Scenario
"""What a link can be like: the same in both directions, each for itself, or changing over time."""


class Switch:
    """An Ethernet switch of a network; `Network.switch` makes it.

    Attributes:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self.name: str = name

    def __repr__(self) -> str:
        return f"<Switch {self.name}>"


class Network:
    """A network of hosts, or a graph of apps, which runs in real or in virtual time.

    Build it with `host`, `switch` and `link`, or app by app with `app` and `connect`; before it
    runs or while it does. A change loses no packet of what it does not name. Hosts and links that
    come while it runs are there when something is next asked of it.

    ``async with`` runs it: in real time in an ordinary asyncio loop, and in virtual time under
    `usernet.net.event_loop.EventLoop`, by that loop's clock. Without asyncio, let virtual time
    pass with `advance`, or run it in real time with `start` and `stop`, or in a ``with`` block.

    Args:
        seed: What all randomness follows from; where None, that of the loop if it has one, else 0.
        precise: In real time, spin for the last 80 µs before each deadline.
        pcap: A file to write every packet of every link to (pcapng), as it comes out of the link;
            those dropped are in it too, with the cause in a comment.

    Attributes:
        names: Names beside those of hosts: ``net.names["db.internal"] = "server"``.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        precise: bool = False,
        pcap: str | Path | None = None,
    ) -> None:
        self._seed = seed
        self._assembly = Assembly(None if pcap is None else Path(pcap), precise=precise)
        self._hosts: dict[str, Host] = {}
        self._links: dict[str, NetworkLink] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.names: Names = Names()

    # ---- hosts ----

    def host(
        self,
        name: str,
        *addresses: str,
        congestion: Congestion | None = None,
        forward: bool = False,
        mtu: units.Size | None = None,
        gateway: str | Iterable[str] | None = None,
        routes: Mapping[str, str] | None = None,
        options: SocketOptions | Mapping[str, object] | None = None,
    ) -> Host:
        """Add a host.

        Routes follow from the links: a host reaches everything that hosts with ``forward`` lead
        to. With a gateway or routes of its own it has those instead.

        Args:
            name: Its name, by which others reach it.
            addresses: Its addresses, with the lengths of their prefixes: ``10.0.0.1/24``.
            congestion: The congestion control of its TCP: ``cubic``, ``reno`` or ``bbr``.
            forward: Whether it forwards packets that are not for it, as a router does.
            mtu: The MTU of its interfaces, 1500 without it, where the link has none of its own.
            gateway: Where it sends what is not for its own subnets; one of each family.
            routes: Subnets, and the router for each.
            options: What its sockets start with.

        Raises:
            ConfigError: A value is wrong, or another host has the name or an address.
        """
        address.parse_host_name(name)
        gateways = [gateway] if isinstance(gateway, str) else gateway or []
        try:
            said = (
                options if isinstance(options, SocketOptions) else SocketOptions.of(options or {})
            )
            plan = HostPlan(
                tuple(map(address.parse_interface_address, addresses)),
                forward=forward,
                mtu=None if mtu is None else address.parse_mtu(mtu),
                gateways=tuple(address.parse_address(one, "gateway") for one in gateways),
                routes=tuple(
                    (address.parse_subnet(to, "routes"), address.parse_address(via, f"routes.{to}"))
                    for to, via in (routes or {}).items()
                ),
                options=said if congestion is None else said.replace(congestion=congestion),
            )
        except ConfigError as error:
            raise error.within(name) from None
        self._assembly.expect(self._assembly.blueprint.with_host(name, plan))
        self._hosts[name] = host = Host(self, name)
        return host

    @property
    def hosts(self) -> Mapping[str, Host]:
        """All hosts by name."""
        return MappingProxyType(self._hosts)

    def switch(self, name: str) -> Switch:
        """Add an Ethernet switch: all that is linked to it is on one LAN.

        Raises:
            ConfigError: There is something of that name.
        """
        address.parse_host_name(name)
        self._assembly.expect(self._assembly.blueprint.with_switch(name))
        return Switch(name)

    def wireguard(self, name: str, config: WireGuard) -> WireGuardDevice:
        """Add a WireGuard device, whose two sides `link` takes: `inside` and `outside`.

        A host that is linked to the inside reaches all that the allowed IPs of the peers cover.

        Args:
            name: Its name.
            config: Its key and its peers. Between two devices that are linked to each other
                endpoints may be any addresses; behind a host each needs an `address` of its own.

        Raises:
            ConfigError: There is something of that name, or an endpoint is a name.
        """
        address.parse_host_name(name)
        config.to_core()
        self._assembly.expect(self._assembly.blueprint.with_apps({name: config}))
        return WireGuardDevice(self, name)

    # ---- links ----

    def link(
        self,
        first: Host | Switch | Device | str,
        second: Host | Switch | Device | str,
        line: Line | None = None,
        /,
        *,
        mtu: units.Size | None = None,
        name: str | None = None,
        **keys: Unpack[LinkKeys],
    ) -> NetworkLink:
        """Link two ends: hosts, switches, devices, or apps with the ports ``rx`` and ``tx``.

        A `UdpSocket` is an end as well: what comes out there leaves by the machine's sockets.

        *Up* is from the first to the second: name the client first.

        Args:
            first: One end, or its name.
            second: The other.
            line: What the link is like: an impairment of both directions, a link, or a scenario
                such as ``usernet.profile("lte")``, whose timeline starts when the network does.
            mtu: The MTU of the interfaces at its ends.
            name: Its name, made of those of its ends without it.
            keys: Impairments over those of `line`: of both directions, and ``rtt``, ``both``,
                ``up``, ``down``.

        Raises:
            ConfigError: The link leads nowhere, a value is wrong, or the ends do not fit.
        """
        start, end = self._end(first), self._end(second)
        state = LinkState(_scenario(line), Sides.of_keys(keys))
        blueprint, own = self._assembly.blueprint.with_apps(start[1], end[1]).with_line(
            start[0],
            end[0],
            state.over(state.scenario.link),
            name=name,
            mtu=None if mtu is None else address.parse_mtu(mtu),
        )
        self._assembly.add_link(blueprint, own, state)
        self._links[own] = link = NetworkLink(self._assembly, own, (start[0], end[0]))
        return link

    def wire(
        self, first: Host | Switch | Device | str, second: Host | Switch | Device | str
    ) -> None:
        """Join two ends as they are: nothing is emulated, counted or captured between them.

        What passes costs nothing more, which is for where packets must be fast; else `link` them.

        Args:
            first: One end, or its name.
            second: The other.

        Raises:
            ConfigError: It leads nowhere, or the ends do not fit.
        """
        start, end = self._end(first), self._end(second)
        blueprint = self._assembly.blueprint.with_apps(start[1], end[1])
        wired, _ = blueprint.with_line(start[0], end[0], Link(), is_wire=True)
        self._assembly.expect(wired)

    @property
    def links(self) -> Mapping[str, NetworkLink]:
        """All links between hosts, switches and devices, by name."""
        return MappingProxyType(self._links)

    def flow(self, source: Host | str, destination: Host | str) -> FlowStatistics:
        """What happened on the wire to all that went from one host to another.

        Raises:
            ConfigError: There is no such host.
            EngineError: The network does not run.
        """
        ends = [one if isinstance(one, str) else one.name for one in (source, destination)]
        for end in ends:
            if end not in self._hosts:
                there = ", ".join(self._hosts) or "none yet"
                raise ConfigError("no such host", path="flow", value=end, allowed=there)
        return wire.between(self._assembly, *ends)

    # ---- apps ----

    @property
    def topology(self) -> Topology:
        """The graph as data.

        Raises:
            ConfigError: Hosts contradict each other.
        """
        return self._assembly.blueprint.topology

    def app(self, name: str, app: App) -> None:
        """Add an app, or give the one of that name a new config.

        Raises:
            ConfigError: The name or the config is impossible.
        """
        self.configure(self._assembly.blueprint.base.with_app(name, app))

    def connect(self, link: str, impairment: Impairment | None = None) -> None:
        """Join two ports: ``"source.tx -> sink.rx"``; through an impairment, if one is given.

        Raises:
            ConfigError: An app is missing, or a port has a link already.
        """
        wanted = parse_connection(link)
        base = self._assembly.blueprint.base
        if impairment is None:
            self.configure(base.with_link(wanted))
            return
        name, before, after = _through(wanted)
        self.configure(base.with_app(name, impairment).with_link(before).with_link(after))

    def impair(self, link: str, impairment: Impairment) -> None:
        """Change the impairment of a link that has one; what is in flight stays in flight.

        Raises:
            ConfigError: The link has no impairment.
        """
        name, _, _ = _through(parse_connection(link))
        base = self._assembly.blueprint.base
        if name not in base.apps:
            raise ConfigError("the link has no impairment", value=link)
        self.configure(base.with_app(name, impairment))

    def configure(self, topology: Topology) -> None:
        """Make this the graph, beside hosts, switches and what links them.

        Raises:
            ConfigError: It cannot be; the present one stays.
        """
        self._assembly.adopt(replace(self._assembly.blueprint, base=topology))

    # ---- time ----

    def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run by the clock of a loop, from now on; ``async with`` does so with the running one.

        Raises:
            ConfigError: The network cannot be.
            EngineError: It runs already, on another clock or by that of a loop.
        """
        if self._loop is not None:
            raise EngineError("the network runs by the clock of a loop already")
        self._assembly.run(self._seed_in(loop), virtual=isinstance(loop, EventLoop))
        if isinstance(loop, EventLoop):
            loop.attach(self._assembly.planned(), self.bridge)
        else:
            self._assembly.attach(loop)
        self._loop = loop

    def advance(self, duration: units.Duration) -> None:
        """Let virtual time pass: ``"10s"``, or a timedelta.

        Raises:
            EngineError: The network runs in real time.
        """
        engine = self._assembly.run(self._seed or 0, virtual=True)
        self._assembly.advance(engine.now() + units.nanoseconds(duration))

    def start(self) -> None:
        """Run in real time, from now on.

        Raises:
            EngineError: The network runs in virtual time.
        """
        self._assembly.run(self._seed or 0, virtual=False)

    def stop(self) -> None:
        """Stop; connections end, interfaces and files are closed. Safe to call twice."""
        loop, self._loop = self._loop, None
        if isinstance(loop, EventLoop) and self.is_running:
            loop.detach(self.bridge)
        self._assembly.stop()

    async def __aenter__(self) -> Self:
        self.enter(asyncio.get_running_loop())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self.is_running:
                self.bridge.close()
                await asyncio.sleep(0)  # protocols hear of it while their sockets are there
        finally:
            self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- what runs ----

    @property
    def is_running(self) -> bool:
        """Whether time passes in it."""
        return self._assembly.is_running

    @property
    def engine(self) -> Engine:
        """What runs the network.

        Raises:
            EngineError: Nothing runs yet.
        """
        return self._assembly.engine

    @property
    def bridge(self) -> Bridge:
        """What takes events to sockets; of a network that has stopped, the last.

        Raises:
            EngineError: Nothing runs yet.
        """
        return self._assembly.bridge

    def statistics(self) -> Statistics:
        """Everything counted, as of one breath.

        Raises:
            EngineError: Nothing runs yet.
        """
        return self.engine.statistics()

    def record(self, period: units.Duration = "200ms", *, samples: int = 1000) -> None:
        """Keep the statistics over time, from now on; `recording` gives them.

        Args:
            period: Time from one sample to the next, at first.
            samples: How many are kept; when there are more, every other one is forgotten.

        Raises:
            ConfigError: The period is 0, or there are too few samples.
        """
        self._assembly.recorder = Recorder(units.nanoseconds(period, path="period"), samples)
        self._assembly.see_after()

    def recording(self) -> Recording:
        """The statistics over time, up to now; nothing without `record`."""
        recorder = self._assembly.recorder
        if recorder is None:
            return Recording((), 1)
        if self.is_running:
            recorder.add(self.statistics())
        return recorder.recording()

    def addresses_of(self, name: str, family: int = 0) -> list[str]:
        """The addresses that a name stands for in this network; none where it is unknown.

        Args:
            name: The name of a host, one of `names`, or a numeric address.
            family: ``socket.AF_INET`` or ``AF_INET6``; both where 0.
        """
        return self.names.addresses(self._assembly.blueprint.plan, name, family)

    def name_of(self, address: str) -> str | None:
        """The name of the host that has this address, if one has."""
        return name_of(self._assembly.blueprint.plan.owners, address)

    def _seed_in(self, loop: asyncio.AbstractEventLoop) -> int:
        """The network's own seed, or that of the loop."""
        if self._seed is not None:
            return self._seed
        seed = getattr(loop, "seed", None)
        return seed if isinstance(seed, int) else 0

    def _end(self, end: Host | Switch | Device | str) -> tuple[str, Mapping[str, App]]:
        """The name of an end, and the app that has to be there for it."""
        if isinstance(end, str):
            return end, {}
        if isinstance(end, Host) and self._hosts.get(end.name) is not end:
            raise ConfigError("a host of another network", path="link", value=end.name)
        if isinstance(end, (Host, Switch)):
            return end.name, {}
        if isinstance(end, DeviceEnd):
            if end.device.network is not self:
                raise ConfigError("a device of another network", path="link", value=end.name)
            return end.name, {}
        name = self._socket_name() if isinstance(end, UdpSocket) else end.interface
        return name, {name: end}

    def _socket_name(self) -> str:
        taken = self._assembly.blueprint.base.apps
        names = ("udp", *(f"udp-{number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)


def _scenario(line: Line | None) -> Scenario:
    if isinstance(line, Scenario):
        return line
    if isinstance(line, Impairment):
        return Scenario(Link(line, line))
    return Scenario(line or Link())


def _through(link: Connection) -> tuple[str, Connection, Connection]:
    """The name of the impairment on a link, and the two links that lead through it."""
    name = str(link).replace(" ", "")
    before = Connection(link.from_app, link.from_port, name, "rx")
    return name, before, Connection(name, "tx", link.to_app, link.to_port)
