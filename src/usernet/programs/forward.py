"""``usernet forward``: ports here that lead to hosts in a tunnel, and the other way round."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from usernet.errors import ConfigError
from usernet.programs.options import TunnelOptions
from usernet.programs.proxying import Voice, to_the_end
from usernet.proxy.by_way import ByWay
from usernet.proxy.forward import Forward
from usernet.proxy.forwarding import Forwarding
from usernet.proxy.reversing import Reversing
from usernet.proxy.server import is_loopback, place

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["forward"]


def forward(
    *ports: str,
    tunnel: TunnelOptions | None = None,
    reverse: Annotated[tuple[str, ...], Parameter(alias="-R")] = (),
    public: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Forward ports into a tunnel, and out of it, until Ctrl-C.

    For example: `usernet forward --wireguard wg0.conf 5432:db.internal:5432`, and beside it
    `psql -h 127.0.0.1`. Or `usernet forward --wireguard wg0.conf -R 80:localhost:3000`: hosts in
    the tunnel reach port 3000 of this machine at port 80 of the tunnel's address.

    Args:
        ports: Ports here that lead to hosts in the tunnel: [ADDRESS:]PORT:HOST:PORT[/udp], or
            unix:FILE:HOST:PORT.
        tunnel: Which tunnel, and how to enter it.
        reverse: A port in the tunnel that leads to a server here: PORT:HOST:PORT[/udp].
        public: Listen for others than this machine, too, where ADDRESS says so. They are asked for
            no password.
        as_json: Print JSON, one event a line: where it listens.
    """
    options = tunnel or TunnelOptions()
    voice = Voice(options, as_json=as_json)
    inwards = [Forward.parse(one) for one in ports]
    outwards = [Forward.parse(one, "reverse") for one in reverse]
    _check(inwards, outwards, is_public=public)
    with options.enter() as way, ExitStack() as stack:
        way.status()  # what is wrong with the tunnel's files is said now
        dialler = ByWay(way, options.seconds)
        stack.callback(dialler.close)
        jobs = [Forwarding(one, dialler, voice.warn) for one in inwards]
        for job, one in zip(jobs, inwards, strict=True):
            stack.callback(job.close)
            at = job.address if isinstance(job.address, str) else place(*job.address)
            voice.listening(f"{at} leads to {one.goal}", at, to=one.goal)
        backs = [Reversing(one, dialler, options.seconds, voice.warn) for one in outwards]
        for one in outwards:
            what = f"port {one.port} in the tunnel leads to {one.goal}"
            voice.listening(what, f"tunnel:{one.port}", to=one.goal)
        to_the_end([*(job.run() for job in jobs), *(back.run() for back in backs)])


def _check(inwards: Iterable[Forward], outwards: Iterable[Forward], *, is_public: bool) -> None:
    """Refuse what says nothing, or more than is allowed.

    Raises:
        ConfigError: There is no port, or one for everybody.
    """
    both = [*inwards, *outwards]
    if not both:
        allowed = "such as 5432:db.internal:5432, or -R 80:localhost:3000"
        raise ConfigError("no port to forward", allowed=allowed)
    for one in inwards:
        if not one.path and not is_public and not is_loopback(one.at):
            problem = "others than this machine could enter the tunnel"
            allowed = "an address of loopback, or --public"
            raise ConfigError(problem, path="ports", value=place(one.at, one.port), allowed=allowed)
    for one in outwards:
        if one.path or not one.port:
            raise ConfigError("no port of the tunnel", path="reverse", allowed="PORT:HOST:PORT")
