"""Which host the running task lives on: a context variable, so that tasks inherit it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from usernet.errors import NoHostError

if TYPE_CHECKING:
    from usernet.net.host import Host

__all__ = ["current_host", "enter", "host_or_none", "leave"]

_hosts: ContextVar[tuple[Host, ...]] = ContextVar("usernet_hosts", default=())


def host_or_none() -> Host | None:
    """The host that the running code lives on; None where it lives on none."""
    hosts = _hosts.get()
    return hosts[-1] if hosts else None


def current_host() -> Host:
    """The host that the running code lives on.

    Raises:
        NoHostError: It lives on none.
    """
    host = host_or_none()
    if host is None:
        raise NoHostError(
            "no host is current, so the call does not know whose network to use:"
            " write `with host:` around it, or run it by `await host.run(coroutine)`"
        )
    return host


def enter(host: Host) -> None:
    """Live on this host, until `leave`."""
    _hosts.set((*_hosts.get(), host))


def leave() -> None:
    """Live again where one lived before."""
    _hosts.set(_hosts.get()[:-1])
