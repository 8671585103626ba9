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
    from usernet.config.apps import App as App
    from usernet.config.apps import Join as Join
    from usernet.config.apps import PcapReader as PcapReader
    from usernet.config.apps import PcapWriter as PcapWriter
    from usernet.config.apps import RawSocket as RawSocket
    from usernet.config.apps import Repeater as Repeater
    from usernet.config.apps import Sink as Sink
    from usernet.config.apps import Source as Source
    from usernet.config.apps import Split as Split
    from usernet.config.apps import Tap as Tap
    from usernet.config.apps import Tee as Tee
    from usernet.config.apps import Tun as Tun
    from usernet.config.impairment import Impairment as Impairment
    from usernet.config.link import Flow as Flow
    from usernet.config.link import Link as Link
    from usernet.config.scenario import Scenario as Scenario
    from usernet.config.topology import Topology as Topology
    from usernet.engine.fidelity import Fidelity as Fidelity
    from usernet.engine.fidelity import fidelity as fidelity
    from usernet.engine.filters import compile_filter as compile_filter
    from usernet.engine.statistics import ImpairmentStatistics as ImpairmentStatistics
    from usernet.engine.statistics import Lateness as Lateness
    from usernet.engine.statistics import LinkStatistics as LinkStatistics
    from usernet.engine.statistics import Statistics as Statistics
    from usernet.errors import CaptureError as CaptureError
    from usernet.errors import ConfigError as ConfigError
    from usernet.errors import DeadlockError as DeadlockError
    from usernet.errors import EngineError as EngineError
    from usernet.errors import EscapeError as EscapeError
    from usernet.errors import InterfaceError as InterfaceError
    from usernet.errors import NoHostError as NoHostError
    from usernet.errors import PrivilegeError as PrivilegeError
    from usernet.errors import ScenarioError as ScenarioError
    from usernet.errors import TraceError as TraceError
    from usernet.errors import UnitError as UnitError
    from usernet.errors import UsernetError as UsernetError
    from usernet.net.emulation import Emulation as Emulation
    from usernet.net.emulation import Ends as Ends
    from usernet.net.network import Network as Network
    from usernet.trace.profiles import load as profile
    from usernet.trace.scenario import load as load_scenario

__all__ = [
    "App",
    "CaptureError",
    "ConfigError",
    "DeadlockError",
    "Emulation",
    "Ends",
    "EngineError",
    "EscapeError",
    "Fidelity",
    "Flow",
    "Impairment",
    "ImpairmentStatistics",
    "InterfaceError",
    "Join",
    "Lateness",
    "Link",
    "LinkStatistics",
    "Network",
    "NoHostError",
    "PcapReader",
    "PcapWriter",
    "PrivilegeError",
    "RawSocket",
    "Repeater",
    "Scenario",
    "ScenarioError",
    "Sink",
    "Source",
    "Split",
    "Statistics",
    "Tap",
    "Tee",
    "Topology",
    "TraceError",
    "Tun",
    "UnitError",
    "UsernetError",
    "compile_filter",
    "fidelity",
    "load_scenario",
    "profile",
]

_HOMES = {
    "App": "usernet.config.apps:App",
    "CaptureError": "usernet.errors:CaptureError",
    "ConfigError": "usernet.errors:ConfigError",
    "DeadlockError": "usernet.errors:DeadlockError",
    "Emulation": "usernet.net.emulation:Emulation",
    "Ends": "usernet.net.emulation:Ends",
    "EngineError": "usernet.errors:EngineError",
    "EscapeError": "usernet.errors:EscapeError",
    "Fidelity": "usernet.engine.fidelity:Fidelity",
    "Flow": "usernet.config.link:Flow",
    "Impairment": "usernet.config.impairment:Impairment",
    "ImpairmentStatistics": "usernet.engine.statistics:ImpairmentStatistics",
    "InterfaceError": "usernet.errors:InterfaceError",
    "NoHostError": "usernet.errors:NoHostError",
    "Join": "usernet.config.apps:Join",
    "Lateness": "usernet.engine.statistics:Lateness",
    "Link": "usernet.config.link:Link",
    "LinkStatistics": "usernet.engine.statistics:LinkStatistics",
    "Network": "usernet.net.network:Network",
    "PcapReader": "usernet.config.apps:PcapReader",
    "PcapWriter": "usernet.config.apps:PcapWriter",
    "PrivilegeError": "usernet.errors:PrivilegeError",
    "RawSocket": "usernet.config.apps:RawSocket",
    "Repeater": "usernet.config.apps:Repeater",
    "Scenario": "usernet.config.scenario:Scenario",
    "ScenarioError": "usernet.errors:ScenarioError",
    "Sink": "usernet.config.apps:Sink",
    "Source": "usernet.config.apps:Source",
    "Split": "usernet.config.apps:Split",
    "Statistics": "usernet.engine.statistics:Statistics",
    "Tap": "usernet.config.apps:Tap",
    "Tee": "usernet.config.apps:Tee",
    "Topology": "usernet.config.topology:Topology",
    "TraceError": "usernet.errors:TraceError",
    "Tun": "usernet.config.apps:Tun",
    "UnitError": "usernet.errors:UnitError",
    "UsernetError": "usernet.errors:UsernetError",
    "compile_filter": "usernet.engine.filters:compile_filter",
    "fidelity": "usernet.engine.fidelity:fidelity",
    "load_scenario": "usernet.trace.scenario:load",
    "profile": "usernet.trace.profiles:load",
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
