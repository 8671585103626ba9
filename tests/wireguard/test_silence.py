"""Silence: what is told of a peer names it, where it is, and for how long it has said nothing."""

from __future__ import annotations

from usernet.config.quantity import Span
from usernet.engine.keys import generate, public_key
from usernet.wireguard.silence import never, no_longer
from usernet.wireguard.status import PeerStatus

OWN, KEY = public_key(generate()), public_key(generate())


def test_one_that_never_answered() -> None:
    told = never(PeerStatus(KEY, "192.0.2.1:51820"), OWN, " within 5 s")
    assert told.startswith(f"no handshake with the peer {KEY} at 192.0.2.1:51820 within 5 s: ")
    assert f"does it know ours ({OWN})" in told


def test_one_that_does_no_longer() -> None:
    told = no_longer(PeerStatus(KEY, silent=Span(17.4)))
    said = f"the peer {KEY} at nowhere no longer answers: nothing has come from it for 17 s;"
    assert told.startswith(said)
