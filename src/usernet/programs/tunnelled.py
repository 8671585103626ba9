"""Tunnelled: what is seen after while a program is in a tunnel: its status, silence, and moves."""

from __future__ import annotations

import select
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from usernet.engine.keys import public_key
from usernet.errors import HandshakeError
from usernet.programs.moving import Moving
from usernet.programs.silence import Silence
from usernet.tunnel.shown import Shown
from usernet.wireguard.silence import never

if TYPE_CHECKING:
    from types import TracebackType

    from usernet.config.wireguard import Peer
    from usernet.control.control import Control
    from usernet.engine import Statistics
    from usernet.programs.private import Private
    from usernet.sandbox.signals import Watch
    from usernet.wireguard.status import PeerStatus

__all__ = ["Tunnelled"]

_LOOK_SECONDS = 0.02
"""From one look to the next while a handshake is waited for."""
_KILLED = 128
"""To which a shell adds the signal's number."""


class Tunnelled:
    """Sees after a tunnel.

    Args:
        private: The tunnel.
        name: What `usernet status` calls it.
    """

    def __init__(self, private: Private, name: str) -> None:
        self._private = private
        self._name = name
        self._shown = Shown()
        self._silence = Silence()
        self._moving = Moving(private.named, private.config)

    def fileno(self) -> int:
        """Readable when somebody asks for the status."""
        return self._shown.fileno()

    def shake(self, control: Control, seconds: float, watch: Watch) -> None:
        """Wait until every peer that has an endpoint has answered.

        Args:
            control: The line, which runs.
            seconds: For how long.
            watch: Whatever signal comes ends the command.

        Raises:
            HandshakeError: One has not answered.
        """
        peers = self._private.config.peers
        called = (one if one.endpoint is None else _calling(one) for one in peers)
        control.renew_first(self._private.device(tuple(called)))
        until = control.elapsed_ns() + seconds * 1e9
        while silent := self._silent(control):
            if control.elapsed_ns() >= until:
                own = public_key(self._private.config.private_key)
                raise HandshakeError(never(silent[0], own, f" within {seconds:g} s"))
            select.select([watch], [], [], _LOOK_SECONDS)
            for number in watch.numbers():
                raise SystemExit(_KILLED + number)
        control.renew_first(self._private.device(peers))

    def _silent(self, control: Control) -> list[PeerStatus]:
        """The peers that are called and have not answered."""
        called = {one.public_key for one in self._private.config.peers if one.endpoint}
        status = self._private.status(control.statistics(), self._name)
        silent = (one for one in status.peers if one.latest_handshake is None)
        return [one for one in silent if one.public_key in called]

    def look(self, control: Control, now: Statistics) -> None:
        """Do what is to be done now, each second or so."""
        status = self._private.status(now, self._name)
        self._shown.answer(status)
        if silence := self._silence.look(status, now.time_ns):
            sys.stderr.write(f"usernet: warning: {silence}\n")
        peers = self._moving.look(status, now.time_ns)
        if peers is not None:
            control.renew_first(self._private.device(peers))

    def close(self) -> None:
        """Be seen no more."""
        self._shown.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _calling(peer: Peer) -> Peer:
    """It as it is called at once: a keepalive needs a session."""
    return replace(peer, persistent_keepalive=peer.persistent_keepalive or 1)
