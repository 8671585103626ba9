"""The network as a library: packets, links, hosts and bad lines that live in your program.

Everything public is here; what is behind other names may change. The rooms, from the top:

- ``programs``: the verbs of the command line
- ``report``, ``selftest``: pages, and how accurate emulation is on this machine
- ``net``: the graph that a user builds; ``trace``: profiles and traces
- ``engine``: runs a graph, and is the only one to speak to the Rust core
- ``config``: the language of the product, as inert values
- ``errors``: what can go wrong
"""

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
from usernet.errors import EngineError as EngineError
from usernet.errors import InterfaceError as InterfaceError
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
    "Emulation",
    "Ends",
    "EngineError",
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
