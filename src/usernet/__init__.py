"""The network as a library: packets, links, hosts and bad lines that live in your program.

Everything public is here; what is behind other names may change. The rooms, from the top:

- ``programs``: the verbs of the command line
- ``report``, ``selftest``: pages, and how accurate emulation is on this machine
- ``net``: the graph that a user builds; ``trace``: profiles and traces
- ``engine``: runs a graph, and is the only one to speak to the Rust core
- ``config``: the language of the product, as inert values
- ``errors``: what can go wrong
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.client import BlockingClient as BlockingClient
    from usernet.client import Client as Client
    from usernet.client import LinePoint as LinePoint
    from usernet.client import Point as Point
    from usernet.config.apps import App as App
    from usernet.config.apps import Gateway as Gateway
    from usernet.config.apps import Join as Join
    from usernet.config.apps import Meter as Meter
    from usernet.config.apps import PcapReader as PcapReader
    from usernet.config.apps import PcapWriter as PcapWriter
    from usernet.config.apps import Publish as Publish
    from usernet.config.apps import RawSocket as RawSocket
    from usernet.config.apps import Repeater as Repeater
    from usernet.config.apps import Sink as Sink
    from usernet.config.apps import Source as Source
    from usernet.config.apps import Split as Split
    from usernet.config.apps import Tap as Tap
    from usernet.config.apps import Tee as Tee
    from usernet.config.apps import Tun as Tun
    from usernet.config.host import HostConfig as HostConfig
    from usernet.config.host import InterfaceConfig as InterfaceConfig
    from usernet.config.host import Route as Route
    from usernet.config.impairment import Impairment as Impairment
    from usernet.config.impairment import SharedImpairment as SharedImpairment
    from usernet.config.keys import PresharedKey as PresharedKey
    from usernet.config.keys import PrivateKey as PrivateKey
    from usernet.config.keys import PublicKey as PublicKey
    from usernet.config.link import Bottleneck as Bottleneck
    from usernet.config.link import Flow as Flow
    from usernet.config.link import Link as Link
    from usernet.config.quantity import Bitrate as Bitrate
    from usernet.config.quantity import ByteSize as ByteSize
    from usernet.config.quantity import Share as Share
    from usernet.config.quantity import Span as Span
    from usernet.config.scenario import Scenario as Scenario
    from usernet.config.socket_options import SocketOptions as SocketOptions
    from usernet.config.topology import Topology as Topology
    from usernet.config.wireguard import Endpoint as Endpoint
    from usernet.config.wireguard import Peer as Peer
    from usernet.config.wireguard import TunnelConfig as TunnelConfig
    from usernet.config.wireguard import UdpSocket as UdpSocket
    from usernet.config.wireguard import WireGuard as WireGuard
    from usernet.engine.drops import Drop as Drop
    from usernet.engine.drops import Drops as Drops
    from usernet.engine.fidelity import Fidelity as Fidelity
    from usernet.engine.fidelity import fidelity as fidelity
    from usernet.engine.filters import compile_filter as compile_filter
    from usernet.engine.flow_counters import FlowCounters as FlowCounters
    from usernet.engine.host_statistics import HostStatistics as HostStatistics
    from usernet.engine.host_statistics import InterfaceStatistics as InterfaceStatistics
    from usernet.engine.keys import generate as generate_key
    from usernet.engine.keys import generate_preshared as generate_preshared_key
    from usernet.engine.keys import public_key as public_key
    from usernet.engine.statistics import ImpairmentStatistics as ImpairmentStatistics
    from usernet.engine.statistics import Lateness as Lateness
    from usernet.engine.statistics import LinkStatistics as LinkStatistics
    from usernet.engine.statistics import ShareStatistics as ShareStatistics
    from usernet.engine.statistics import Statistics as Statistics
    from usernet.engine.talkers import Talker as Talker
    from usernet.engine.talkers import Talkers as Talkers
    from usernet.errors import AuthenticationError as AuthenticationError
    from usernet.errors import CaptureError as CaptureError
    from usernet.errors import ConfigError as ConfigError
    from usernet.errors import DeadlockError as DeadlockError
    from usernet.errors import EngineError as EngineError
    from usernet.errors import EscapeError as EscapeError
    from usernet.errors import FilterError as FilterError
    from usernet.errors import GenerationError as GenerationError
    from usernet.errors import HandshakeError as HandshakeError
    from usernet.errors import InterfaceError as InterfaceError
    from usernet.errors import MissingProgramError as MissingProgramError
    from usernet.errors import NoHostError as NoHostError
    from usernet.errors import PrivilegeError as PrivilegeError
    from usernet.errors import ProgramError as ProgramError
    from usernet.errors import ScenarioError as ScenarioError
    from usernet.errors import TraceError as TraceError
    from usernet.errors import UnitError as UnitError
    from usernet.errors import UnknownNameError as UnknownNameError
    from usernet.errors import UsernetError as UsernetError
    from usernet.net.emulation import Emulation as Emulation
    from usernet.net.emulation import Ends as Ends
    from usernet.net.event_loop import EventLoop as EventLoop
    from usernet.net.flow import FlowStatistics as FlowStatistics
    from usernet.net.host import Host as Host
    from usernet.net.network import Network as Network
    from usernet.net.network import Switch as Switch
    from usernet.net.network_link import LinkDirection as LinkDirection
    from usernet.net.network_link import NetworkLink as NetworkLink
    from usernet.net.network_link import NetworkLinkStatistics as NetworkLinkStatistics
    from usernet.net.ping import PingResult as PingResult
    from usernet.net.recovery import Recovery as Recovery
    from usernet.net.simulate import simulate as simulate
    from usernet.net.wireguard_device import WireGuardDevice as WireGuardDevice
    from usernet.trace.profiles import load as profile
    from usernet.trace.scenario import load as load_scenario
    from usernet.tunnel.tunnel import Tunnel as Tunnel
    from usernet.wireguard.status import DeviceStatus as DeviceStatus
    from usernet.wireguard.status import PeerStatus as PeerStatus

__all__ = [
    "App",
    "AuthenticationError",
    "Bitrate",
    "BlockingClient",
    "Bottleneck",
    "ByteSize",
    "CaptureError",
    "Client",
    "ConfigError",
    "DeadlockError",
    "DeviceStatus",
    "Drop",
    "Drops",
    "Emulation",
    "Endpoint",
    "Ends",
    "EngineError",
    "EscapeError",
    "EventLoop",
    "Fidelity",
    "FilterError",
    "Flow",
    "FlowCounters",
    "FlowStatistics",
    "Gateway",
    "GenerationError",
    "HandshakeError",
    "Host",
    "HostConfig",
    "HostStatistics",
    "Impairment",
    "ImpairmentStatistics",
    "InterfaceConfig",
    "InterfaceError",
    "InterfaceStatistics",
    "Join",
    "Lateness",
    "LinePoint",
    "Link",
    "LinkDirection",
    "LinkStatistics",
    "Meter",
    "MissingProgramError",
    "Network",
    "NetworkLink",
    "NetworkLinkStatistics",
    "NoHostError",
    "PcapReader",
    "PcapWriter",
    "Peer",
    "PeerStatus",
    "PingResult",
    "Point",
    "PresharedKey",
    "PrivateKey",
    "PrivilegeError",
    "ProgramError",
    "PublicKey",
    "Publish",
    "RawSocket",
    "Recovery",
    "Repeater",
    "Route",
    "Scenario",
    "ScenarioError",
    "Share",
    "ShareStatistics",
    "SharedImpairment",
    "Sink",
    "SocketOptions",
    "Source",
    "Span",
    "Split",
    "Statistics",
    "Switch",
    "Talker",
    "Talkers",
    "Tap",
    "Tee",
    "Topology",
    "TraceError",
    "Tun",
    "Tunnel",
    "TunnelConfig",
    "UdpSocket",
    "UnitError",
    "UnknownNameError",
    "UsernetError",
    "WireGuard",
    "WireGuardDevice",
    "compile_filter",
    "fidelity",
    "generate_key",
    "generate_preshared_key",
    "load_scenario",
    "profile",
    "public_key",
    "simulate",
]

_HOMES = {
    "App": "usernet.config.apps:App",
    "AuthenticationError": "usernet.errors:AuthenticationError",
    "Bitrate": "usernet.config.quantity:Bitrate",
    "BlockingClient": "usernet.client:BlockingClient",
    "Bottleneck": "usernet.config.link:Bottleneck",
    "ByteSize": "usernet.config.quantity:ByteSize",
    "CaptureError": "usernet.errors:CaptureError",
    "Client": "usernet.client:Client",
    "ConfigError": "usernet.errors:ConfigError",
    "DeadlockError": "usernet.errors:DeadlockError",
    "DeviceStatus": "usernet.wireguard.status:DeviceStatus",
    "Drop": "usernet.engine.drops:Drop",
    "Drops": "usernet.engine.drops:Drops",
    "Emulation": "usernet.net.emulation:Emulation",
    "Endpoint": "usernet.config.wireguard:Endpoint",
    "Ends": "usernet.net.emulation:Ends",
    "EngineError": "usernet.errors:EngineError",
    "EscapeError": "usernet.errors:EscapeError",
    "EventLoop": "usernet.net.event_loop:EventLoop",
    "Fidelity": "usernet.engine.fidelity:Fidelity",
    "FilterError": "usernet.errors:FilterError",
    "Flow": "usernet.config.link:Flow",
    "FlowCounters": "usernet.engine.flow_counters:FlowCounters",
    "FlowStatistics": "usernet.net.flow:FlowStatistics",
    "Gateway": "usernet.config.apps:Gateway",
    "GenerationError": "usernet.errors:GenerationError",
    "HandshakeError": "usernet.errors:HandshakeError",
    "Host": "usernet.net.host:Host",
    "HostConfig": "usernet.config.host:HostConfig",
    "HostStatistics": "usernet.engine.host_statistics:HostStatistics",
    "Impairment": "usernet.config.impairment:Impairment",
    "ImpairmentStatistics": "usernet.engine.statistics:ImpairmentStatistics",
    "InterfaceConfig": "usernet.config.host:InterfaceConfig",
    "InterfaceError": "usernet.errors:InterfaceError",
    "InterfaceStatistics": "usernet.engine.host_statistics:InterfaceStatistics",
    "Join": "usernet.config.apps:Join",
    "Lateness": "usernet.engine.statistics:Lateness",
    "LinePoint": "usernet.client:LinePoint",
    "Link": "usernet.config.link:Link",
    "LinkDirection": "usernet.net.network_link:LinkDirection",
    "LinkStatistics": "usernet.engine.statistics:LinkStatistics",
    "Meter": "usernet.config.apps:Meter",
    "MissingProgramError": "usernet.errors:MissingProgramError",
    "Network": "usernet.net.network:Network",
    "NetworkLink": "usernet.net.network_link:NetworkLink",
    "NetworkLinkStatistics": "usernet.net.network_link:NetworkLinkStatistics",
    "NoHostError": "usernet.errors:NoHostError",
    "PcapReader": "usernet.config.apps:PcapReader",
    "PcapWriter": "usernet.config.apps:PcapWriter",
    "Peer": "usernet.config.wireguard:Peer",
    "PeerStatus": "usernet.wireguard.status:PeerStatus",
    "PingResult": "usernet.net.ping:PingResult",
    "Point": "usernet.client:Point",
    "PresharedKey": "usernet.config.keys:PresharedKey",
    "PrivateKey": "usernet.config.keys:PrivateKey",
    "PrivilegeError": "usernet.errors:PrivilegeError",
    "ProgramError": "usernet.errors:ProgramError",
    "PublicKey": "usernet.config.keys:PublicKey",
    "Publish": "usernet.config.apps:Publish",
    "RawSocket": "usernet.config.apps:RawSocket",
    "Recovery": "usernet.net.recovery:Recovery",
    "Repeater": "usernet.config.apps:Repeater",
    "Route": "usernet.config.host:Route",
    "Scenario": "usernet.config.scenario:Scenario",
    "ScenarioError": "usernet.errors:ScenarioError",
    "Share": "usernet.config.quantity:Share",
    "ShareStatistics": "usernet.engine.statistics:ShareStatistics",
    "SharedImpairment": "usernet.config.impairment:SharedImpairment",
    "Sink": "usernet.config.apps:Sink",
    "SocketOptions": "usernet.config.socket_options:SocketOptions",
    "Source": "usernet.config.apps:Source",
    "Span": "usernet.config.quantity:Span",
    "Split": "usernet.config.apps:Split",
    "Statistics": "usernet.engine.statistics:Statistics",
    "Switch": "usernet.net.network:Switch",
    "Talker": "usernet.engine.talkers:Talker",
    "Talkers": "usernet.engine.talkers:Talkers",
    "Tap": "usernet.config.apps:Tap",
    "Tee": "usernet.config.apps:Tee",
    "Topology": "usernet.config.topology:Topology",
    "TraceError": "usernet.errors:TraceError",
    "Tun": "usernet.config.apps:Tun",
    "Tunnel": "usernet.tunnel.tunnel:Tunnel",
    "TunnelConfig": "usernet.config.wireguard:TunnelConfig",
    "UdpSocket": "usernet.config.wireguard:UdpSocket",
    "UnitError": "usernet.errors:UnitError",
    "UnknownNameError": "usernet.errors:UnknownNameError",
    "UsernetError": "usernet.errors:UsernetError",
    "WireGuard": "usernet.config.wireguard:WireGuard",
    "WireGuardDevice": "usernet.net.wireguard_device:WireGuardDevice",
    "compile_filter": "usernet.engine.filters:compile_filter",
    "fidelity": "usernet.engine.fidelity:fidelity",
    "generate_key": "usernet.engine.keys:generate",
    "generate_preshared_key": "usernet.engine.keys:generate_preshared",
    "load_scenario": "usernet.trace.scenario:load",
    "profile": "usernet.trace.profiles:load",
    "public_key": "usernet.engine.keys:public_key",
    "simulate": "usernet.net.simulate:simulate",
}
"""Where each public name lives: it is imported when it is first asked for, so that a command that
needs little starts at once."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - for these names alone

    module, _, own = _HOMES[name].partition(":")
    value: object = getattr(import_module(module), own)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
