"""Explaining: what it means for a tunnel that nobody answers, and whom an error is about."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from usernet.errors import HandshakeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from usernet.config.wireguard import Peer
    from usernet.tunnel.peers import Peers

__all__ = ["check_way", "explained", "place"]

_NO_ANSWER = {errno.ETIMEDOUT, errno.EHOSTUNREACH}
_NUMBERS: tuple[tuple[type[OSError], int], ...] = (
    (TimeoutError, errno.ETIMEDOUT),
    (ConnectionRefusedError, errno.ECONNREFUSED),
    (ConnectionResetError, errno.ECONNRESET),
)


def place(host: str, port: int | str | None) -> str:
    """Whom an error is about: ``db.internal:5432``."""
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextmanager
def explained(
    peers: Peers, about: str, targets: list[str], seconds: float | None
) -> Generator[list[str]]:
    """Have errors say whom they are about, and whether it is a peer that does not answer.

    Args:
        peers: The peers.
        about: Whom it is about.
        targets: The numeric addresses that packets go to; more of them may be added to what this
            yields, as they become known.
        seconds: How long was waited, if that was said.

    Raises:
        HandshakeError: There is no way to the peer that leads there, or no answer and no handshake.
    """
    try:
        yield targets
    except UnknownNameError:
        _blame(peers, targets, seconds)
        raise
    except HandshakeError:
        raise
    except socket.gaierror as error:
        raise UnknownNameError(f"{about}: {error.strerror or error}") from None
    except OSError as error:
        number = error.errno or _number(error)
        if number in _NO_ANSWER or isinstance(error, TimeoutError):
            _blame(peers, targets, seconds)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), about) from error


def _blame(peers: Peers, targets: Iterable[str], seconds: float | None) -> None:
    towards = _towards(peers, targets)
    if silent := peers.silent(towards):
        raise peers.error(silent[0], seconds) from None
    if error := peers.gone(towards):
        raise error from None


def _towards(peers: Peers, targets: Iterable[str]) -> list[Peer]:
    found = (peers.towards(one) for one in targets)
    return list(dict.fromkeys(one for one in found if one is not None))


def check_way(peers: Peers, targets: Iterable[str], seconds: float | None) -> None:
    """Say at once where there is no way to a peer from this machine, instead of waiting.

    Raises:
        HandshakeError: There is none to any of those that lead there.
    """
    towards = _towards(peers, targets)
    lost = peers.lost(towards)
    if towards and len(lost) == len(towards):
        raise peers.error(lost[0], seconds)


def _number(error: OSError) -> int | None:
    return next((number for kind, number in _NUMBERS if isinstance(error, kind)), None)
