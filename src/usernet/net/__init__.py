"""Networks: hosts and links, or any graph that a user builds, and what runs and watches it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usernet.net.event_loop import EventLoop as EventLoop
    from usernet.net.network import Network as Network

__all__ = ["EventLoop", "Network"]

_HOMES = {"EventLoop": "usernet.net.event_loop", "Network": "usernet.net.network"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - for these names alone

    return getattr(import_module(_HOMES[name]), name)
