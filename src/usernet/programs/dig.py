"""``usernet dig``: questions to the name servers of a tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import dns.rdatatype
import dns.reversename
from cyclopts import Parameter

from usernet.config.address import parse_address
from usernet.errors import ConfigError
from usernet.programs import asking
from usernet.programs.options import TunnelOptions
from usernet.wireguard.file import load

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["dig"]

_TIMEOUT = 5.0
_FORM = "usernet dig [@SERVER] NAME [TYPE], such as db.internal AAAA"


def dig(
    *words: str,
    tunnel: TunnelOptions | None = None,
    reverse: Annotated[str | None, Parameter(name=["--reverse", "-x"])] = None,
    short: bool = False,
    tcp: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Ask the name servers of a tunnel, or another one that is reached through it.

    For example: `usernet dig --wireguard wg0.conf db.internal AAAA`. An answer that says that there
    is no such name is an answer.

    Args:
        words: A name; a type, such as A (without one), AAAA, CNAME, TXT, MX, SRV or PTR; and
            @SERVER, in any order.
        tunnel: Which tunnel, and how to enter it.
        reverse: The name of this address.
        short: Print the answers alone.
        tcp: Ask by TCP.
        as_json: Print JSON.
    """
    tunnel = tunnel or TunnelOptions()
    server, name, kind = _read(words, reverse)
    known = (parse_address(server),) if server else load(*tunnel.wireguard).dns
    servers = [str(one) for one in known]
    if not servers:
        allowed = "@SERVER, or a file with DNS ="
        raise ConfigError("the file names no DNS server", allowed=allowed)
    wait = tunnel.seconds if tunnel.timeout else _TIMEOUT
    with tunnel.enter() as way:
        answered = asking.ask(way, servers, name, kind, tcp=tcp, timeout=wait)
    asking.show(answered, short=short, as_json=as_json)


def _read(words: Sequence[str], reverse: str | None) -> tuple[str, str, str]:
    """The server, the name and the type that the words mean."""
    servers = [word[1:] for word in words if word.startswith("@")]
    rest = [word for word in words if not word.startswith("@")]
    if reverse is not None:
        address = str(parse_address(reverse, "reverse"))
        rest = [dns.reversename.from_address(address).to_text(), "PTR", *rest]
    kinds = [word for word in rest[1:] if _is_type(word)]
    names = [word for word in rest if word not in kinds]
    if len(names) != 1 or len(kinds) > 1 or len(servers) > 1:
        raise ConfigError("no question", value=" ".join(words), allowed=_FORM)
    return (servers or [""])[0], names[0], (kinds or ["A"])[0].upper()


def _is_type(word: str) -> bool:
    try:
        dns.rdatatype.from_text(word)
    except dns.rdatatype.UnknownRdatatype:
        return False
    return True
