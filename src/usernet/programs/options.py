"""The options of a line and of a tunnel, the same for every program that has one."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, TypeVar, cast, get_type_hints

from cyclopts import Group, Parameter

from usernet.config.load import LARGEST_FILE, table_of
from usernet.config.locate import line_of
from usernet.config.scenario import Scenario
from usernet.control import Document, synthetic
from usernet.errors import ConfigError, FilterError
from usernet.programs import tunnel_options
from usernet.trace import line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

__all__ = ["LineOptions", "TunnelOptions", "dressed", "filters_located", "read_line"]

_FunctionT = TypeVar("_FunctionT", bound="Callable[..., object]")

_TUNNEL = Group("The tunnel", sort_key=0)

_LINE = Group("The line", sort_key=1)
_BOTH = Group("Impairments of both directions; --up and --down know more keys", sort_key=2)


@Parameter(name="*", group=_LINE)
@dataclass(frozen=True, kw_only=True)
class LineOptions:
    """What a line is like; a direction's own impairments go over those of both.

    Attributes:
        profile: A named profile: see usernet profiles.
        scenario: A scenario file, with a timeline if it has one.
        flow: Packets with impairments of their own, such as "name=voice filter='udp port 3478'
            down='loss=2%'"; several, the first that matches counts (docs/flows.md).
        bottleneck: What flows share, such as "name=office down='rate=5mbit'".
        rtt: Round trip time, half of it each way.
        up: Impairments of the way up, such as "loss=2% rate=1mbit" (docs/impairments.md).
        down: Impairments of the way down.
        seed: What all randomness follows from; the scenario's own, or 0, without it.
        delay: One way, such as 40ms.
        jitter: Spread of the delay, such as 5ms.
        distribution: Shape of the jitter: uniform, normal, pareto or paretonormal.
        loss: Such as 1%, "1% 25%" (correlated), "gemodel 1% 10%" or "burst 2% 5".
        duplicate: Packets sent twice, such as 1%.
        corrupt: Packets with a bit flipped, such as 0.1%.
        reorder: Packets that skip the delay, such as 25%.
        gap: Only each so many packets one may be reordered, such as 5.
        rate: Such as 20mbit.
        queue: What waits for the rate at most: 100ms, 64kb or 50packets.
        aqm: droptail, drophead, red, codel, fq_codel or pie, with parameters as in tc.
        trace: A mahimahi trace in place of the rate.
        policer: Drops what is above a rate, such as "10mbit burst 64kb".
        outage: Such as "140ms every 15s" or "random 2s every 60s".
        slot: A gate that opens from time to time, as in tc.
        mtu: Bytes of the largest IP packet that passes, such as 1280b.
    """

    profile: str | None = None
    scenario: Path | None = None
    flow: tuple[str, ...] = ()
    bottleneck: tuple[str, ...] = ()
    rtt: str | None = None
    up: str | None = None
    down: str | None = None
    seed: int | None = None
    delay: Annotated[str | None, Parameter(group=_BOTH)] = None
    jitter: Annotated[str | None, Parameter(group=_BOTH)] = None
    distribution: Annotated[str | None, Parameter(group=_BOTH)] = None
    loss: Annotated[str | None, Parameter(group=_BOTH)] = None
    duplicate: Annotated[str | None, Parameter(group=_BOTH)] = None
    corrupt: Annotated[str | None, Parameter(group=_BOTH)] = None
    reorder: Annotated[str | None, Parameter(group=_BOTH)] = None
    gap: Annotated[str | None, Parameter(group=_BOTH)] = None
    rate: Annotated[str | None, Parameter(group=_BOTH)] = None
    queue: Annotated[str | None, Parameter(group=_BOTH)] = None
    aqm: Annotated[str | None, Parameter(group=_BOTH)] = None
    trace: Annotated[str | None, Parameter(group=_BOTH)] = None
    policer: Annotated[str | None, Parameter(group=_BOTH)] = None
    outage: Annotated[str | None, Parameter(group=_BOTH)] = None
    slot: Annotated[str | None, Parameter(group=_BOTH)] = None
    mtu: Annotated[str | None, Parameter(group=_BOTH)] = None

    def read(self) -> Scenario:
        """The scenario that the options describe.

        Raises:
            ConfigError: A value is wrong, or two contradict each other.
            TraceError: A trace is not one.
        """
        return line.read(self.given())

    def given(self) -> dict[str, object]:
        """Every option by its name; None where it was not given."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def read_line(options: LineOptions | None, config: Path | None) -> Document:
    """What options describe, or a file of synthetic-network in place of a scenario.

    Raises:
        ConfigError: A value is wrong, or two contradict each other.
        TraceError: A trace is not one.
    """
    options = options or LineOptions()
    if config is None:
        return Document.from_options(options.given())
    if options.profile or options.scenario:
        raise ConfigError("--config beside --profile or --scenario", allowed="one of them")
    given = {key: value for key, value in options.given().items() if value is not None}
    return Document.from_options(given, synthetic.table_of(_json(config)))


@contextmanager
def filters_located(options: LineOptions | None) -> Generator[None]:
    """Inside, a filter of the scenario's file that does not parse is told with file and line."""
    try:
        yield
    except FilterError as error:
        if options is not None and options.scenario is not None:
            _locate(error, options.scenario, len(options.flow))
        raise


def _locate(error: FilterError, file: Path, before: int) -> None:
    """Find the place of a filter; flows of the command line come before those of the file."""
    place = re.fullmatch(r"flow\[(\d+)\]\.filter", error.path)
    flows = table_of(file).get("flow")
    number = int(place[1]) - before if place else -1
    if isinstance(flows, list) and 0 <= number < len(cast("list[object]", flows)):
        error.path = f"flow[{number}].filter"
        error.located(str(file), line_of(file.read_text(encoding="utf-8"), error.path))


def _json(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return cast("object", json.loads(file.read(LARGEST_FILE)))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not JSON: {error}", file=str(path)) from None


def dressed(function: _FunctionT, short: Mapping[str, str]) -> _FunctionT:
    """A copy of a function whose annotations are what cyclopts wants to know.

    Args:
        function: Whose parameters are options, with names from modules that are slow to import.
        short: Short names of options: `usernet.programs.quick`.
    """
    bare = cast("FunctionType", function)
    hints = get_type_hints(bare, localns=_TYPES, include_extras=True)
    for name in hints.keys() & short.keys():
        hints[name] = Annotated[hints[name], Parameter(alias=short[name])]
    copy = FunctionType(bare.__code__, bare.__globals__, bare.__name__, bare.__defaults__)
    copy.__kwdefaults__, copy.__doc__, copy.__annotations__ = (
        bare.__kwdefaults__,
        bare.__doc__,
        hints,
    )
    return cast("_FunctionT", copy)


_TYPES: dict[str, object] = {"LineOptions": LineOptions}


@Parameter(name="*", group=_TUNNEL)
class TunnelOptions(tunnel_options.TunnelOptions):
    """The class of that name that costs nothing to import, as cyclopts is to see it."""

    __doc__ = tunnel_options.TunnelOptions.__doc__


# Not in the class's own body: checkers are to see the constructor that it inherits.
TunnelOptions.__init__ = dressed(  # type: ignore[method-assign]
    tunnel_options.TunnelOptions.__init__, tunnel_options.SHORT
)
_TYPES["TunnelOptions"] = TunnelOptions
