from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.config.wireguard import Endpoint, Peer, WireGuard
from usernet.engine.keys import generate, public_key
from usernet.errors import UnknownNameError
from usernet.wireguard.endpoints import numeric

if TYPE_CHECKING:
    from usernet.config.keys import PublicKey


def key() -> PublicKey:
    return public_key(generate())


def test_names_become_addresses_and_addresses_stay() -> None:
    peers = (
        Peer(key(), Endpoint("localhost", 51820)),
        Peer(key(), Endpoint("2001:db8::1", 51820)),
        Peer(key()),
    )
    found = numeric(WireGuard(generate(), peers))
    assert found.peers[0].public_key == peers[0].public_key
    assert str(found.peers[0].endpoint) in {"127.0.0.1:51820", "[::1]:51820"}
    assert found.peers[1:] == peers[1:]


def test_a_name_that_nobody_knows_is_said() -> None:
    config = WireGuard(generate(), (Peer(key(), Endpoint("nobody.invalid", 1)),))
    with pytest.raises(UnknownNameError, match=r"nobody\.invalid: the endpoint of a peer"):
        numeric(config)
