"""Actions: the difference between two topologies, as data.

`diff` is pure. The engine does its actions all at once, between two breaths; `apply` does the same
to a topology, so that ``apply(a, diff(a, b)) == b`` can be tested without an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usernet.config.topology import Connection, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from usernet.config.apps import App

__all__ = ["Action", "Link", "Reconfigure", "Start", "Stop", "Unlink", "apply", "diff"]


@dataclass(frozen=True, slots=True)
class Unlink:
    """Part two ports; what stands on the link goes by the one that takes its place, if one does."""

    link: Connection

    def to_core(self) -> dict[str, object]:
        """The action as the core reads it."""
        return {"do": "unlink", "link": str(self.link)}


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop an app."""

    name: str

    def to_core(self) -> dict[str, object]:
        """The action as the core reads it."""
        return {"do": "stop", "name": self.name}


@dataclass(frozen=True, slots=True)
class Start:
    """Start an app."""

    name: str
    app: App

    def to_core(self) -> dict[str, object]:
        """The action as the core reads it."""
        return {"do": "start", "name": self.name, "app": self.app.to_core()}


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """Give an app a new config; it keeps its state and its packets."""

    name: str
    app: App

    def to_core(self) -> dict[str, object]:
        """The action as the core reads it."""
        return {"do": "reconfigure", "name": self.name, "app": self.app.to_core()}


@dataclass(frozen=True, slots=True)
class Link:
    """Join two ports."""

    link: Connection

    def to_core(self) -> dict[str, object]:
        """The action as the core reads it."""
        return {"do": "link", "link": str(self.link)}


Action = Unlink | Stop | Start | Reconfigure | Link


def diff(old: Topology, new: Topology) -> tuple[Action, ...]:
    """The actions that make `new` of `old`, in the order in which they can be done.

    What stands in both is not named, so it keeps its state. Apps start in the order in which `new`
    names them, so that one that leaves a trace of having started can come last.
    """
    both = [name for name in new.apps if name in old.apps]
    pairs = ((name, old.apps[name], new.apps[name]) for name in both)
    changed = [name for name, before, after in pairs if before is not after and before != after]
    kept = [name for name in changed if old.apps[name].keeps_state(new.apps[name])]
    replaced = [name for name in changed if name not in kept]
    gone = sorted(set(old.apps) - set(new.apps))
    added = [name for name in new.apps if name not in old.apps]
    same = old.links is new.links  # as where values alone are others
    return (
        *(Unlink(link) for link in sorted(() if same else old.links - new.links)),
        *(Stop(name) for name in (*gone, *replaced)),
        *(Start(name, new.apps[name]) for name in (*replaced, *added)),
        *(Reconfigure(name, new.apps[name]) for name in kept),
        *(Link(link) for link in sorted(() if same else new.links - old.links)),
    )


def apply(topology: Topology, actions: Iterable[Action]) -> Topology:
    """The topology after these actions, as the engine does them."""
    apps, links = dict(topology.apps), set(topology.links)
    for action in actions:
        match action:
            case Unlink(link):
                links.remove(link)
            case Stop(name):
                del apps[name]
            case Start(name, app) | Reconfigure(name, app):
                apps[name] = app
            case _:
                links.add(action.link)
    return Topology(apps, frozenset(links))


def to_core(actions: Sequence[Action]) -> list[dict[str, object]]:
    """The actions as the core reads them."""
    return [action.to_core() for action in actions]
