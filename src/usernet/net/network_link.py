"""NetworkLink: a link between two ends of a network, as a user holds it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Unpack

from usernet.config.fields import Patch
from usernet.config.link import DIRECTIONS, Sides
from usernet.net import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.config.fields import ImpairmentKeys
    from usernet.config.impairment import Impairment
    from usernet.config.link import Link, LinkKeys
    from usernet.config.units import Duration, Probability
    from usernet.engine.statistics import ImpairmentStatistics
    from usernet.net.assembly import Assembly
    from usernet.net.flow import FlowStatistics
    from usernet.net.recovery import Recovery

__all__ = ["LinkDirection", "NetworkLink", "NetworkLinkStatistics"]


@dataclass(frozen=True, slots=True)
class NetworkLinkStatistics:
    """What a link did.

    Attributes:
        up: What its impairment did upwards, to packets of no flow of its own.
        down: What it did downwards.
        flows: What those of its flows did: ``up/NAME`` and ``down/NAME``.
    """

    up: ImpairmentStatistics
    down: ImpairmentStatistics
    flows: Mapping[str, ImpairmentStatistics]

    @property
    def dropped_total(self) -> int:
        """Packets dropped, in both directions and for whatever cause."""
        return sum(one.dropped_total for one in (self.up, self.down, *self.flows.values()))


class NetworkLink:
    """A link of a network; `Network.link` makes it.

    *Up* is from the first end to the second, *down* is back.

    Attributes:
        name: Its name.
        ends: The names of its ends.
        up: The direction from the first end to the second.
        down: The direction back.
    """

    def __init__(self, assembly: Assembly, name: str, ends: tuple[str, str]) -> None:
        self._assembly = assembly
        self.name: str = name
        self.ends: tuple[str, str] = ends
        self.up: LinkDirection = LinkDirection(assembly, self, "up")
        self.down: LinkDirection = LinkDirection(assembly, self, "down")

    @property
    def link(self) -> Link:
        """What it does to packets now."""
        return self._assembly.link(self.name)

    def history(self) -> list[tuple[int, Link]]:
        """What it was when the network started, and what it became since.

        Times are nanoseconds on the engine's clock. The last few thousand changes are kept.
        """
        return list(self._assembly.history(self.name))

    def set(self, **keys: Unpack[LinkKeys]) -> None:
        """Change what it does to packets; what is in flight stays in flight.

        ``link.set(loss="5%")`` is for both directions, ``link.set(up="loss=5%")`` for one. What is
        not named stays; ``none`` takes a key back to its default. A timeline goes on underneath.

        Args:
            keys: Impairments of both directions, and ``rtt``, ``both``, ``up``, ``down``.

        Raises:
            ConfigError: A key is unknown, a value wrong, or two contradict each other.
        """
        sides = Sides.of_keys(keys)
        self._assembly.change_link(self.name, self._assembly.states[self.name].changed(sides))

    def cut(self) -> None:
        """Cut it, in both directions: every packet is dropped, until `restore`."""
        state = self._assembly.states[self.name]
        self._assembly.change_link(self.name, state.cut(up=True, down=True))

    def restore(self) -> None:
        """Make it whole again; what it does to packets is what it did before."""
        state = self._assembly.states[self.name]
        self._assembly.change_link(self.name, state.restored(up=True, down=True))

    def statistics(self) -> NetworkLinkStatistics:
        """What it did so far.

        Raises:
            EngineError: The network does not run.
        """
        every = self._assembly.engine.statistics().impairments
        prefix = f"{self.name}/"
        mine = {
            name.removeprefix(prefix): one for name, one in every.items() if name.startswith(prefix)
        }
        up, down = (mine.pop(direction) for direction in DIRECTIONS)
        return NetworkLinkStatistics(up, down, MappingProxyType(mine))

    @property
    def flow(self) -> FlowStatistics:
        """What happened on the wire, both directions together.

        Raises:
            EngineError: The network does not run.
        """
        return wire.of_link(self._assembly, self.name, DIRECTIONS)

    def recovers(
        self, within: Duration, *, share: Probability = "90%", window: Duration = "500ms"
    ) -> Recovery:
        """Whether goodput comes back after its last change; see `FlowStatistics.recovers`.

        Raises:
            EngineError: The network does not run.
            UnitError: A value has no unit, or the wrong one.
        """
        return self.flow.recovers(within, share=share, window=window)

    def __repr__(self) -> str:
        return f"<NetworkLink {self.name}: {self.ends[0]} – {self.ends[1]}>"


class LinkDirection:
    """One direction of a link.

    Attributes:
        name: ``up`` or ``down``.
    """

    def __init__(self, assembly: Assembly, link: NetworkLink, name: str) -> None:
        self._assembly = assembly
        self._link = link
        self.name: str = name

    @property
    def impairment(self) -> Impairment:
        """What it does to packets now."""
        link = self._link.link
        return link.up if self.name == "up" else link.down

    def set(self, **keys: Unpack[ImpairmentKeys]) -> None:
        """Change what it does to packets, as `NetworkLink.set`.

        Raises:
            ConfigError: A key is unknown, a value wrong, or two contradict each other.
        """
        patch = Patch.of(keys, self.name)
        sides = Sides(up=patch) if self.name == "up" else Sides(down=patch)
        name = self._link.name
        self._assembly.change_link(name, self._assembly.states[name].changed(sides))

    def cut(self) -> None:
        """Cut it: every packet is dropped, until `restore`."""
        state = self._assembly.states[self._link.name]
        new = state.cut(up=self.name == "up", down=self.name == "down")
        self._assembly.change_link(self._link.name, new)

    def restore(self) -> None:
        """Make it whole again."""
        state = self._assembly.states[self._link.name]
        new = state.restored(up=self.name == "up", down=self.name == "down")
        self._assembly.change_link(self._link.name, new)

    def statistics(self) -> ImpairmentStatistics:
        """What its impairment did so far, to packets of no flow of its own.

        Raises:
            EngineError: The network does not run.
        """
        return self._assembly.engine.statistics().impairments[f"{self._link.name}/{self.name}"]

    @property
    def flow(self) -> FlowStatistics:
        """What happened on the wire.

        Raises:
            EngineError: The network does not run.
        """
        return wire.of_link(self._assembly, self._link.name, (self.name,))

    def __repr__(self) -> str:
        return f"<LinkDirection {self._link.name}/{self.name}>"
