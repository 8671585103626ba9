"""What becomes of a tunnel by what ``wg set`` says."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

from hypothesis import given
from hypothesis import strategies as st

from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.config.wireguard import Endpoint, Peer, TunnelConfig
from usernet.engine.keys import public_key
from usernet.wireguard.change import NO_PRESHARED_KEY, Change, PeerChange, changed, placed

OWN = PrivateKey(b"1" * 32)
FIRST, SECOND, THIRD = (PublicKey(bytes([number]) * 32) for number in (7, 8, 9))
PSK = PresharedKey(b"2" * 32)
PLACE, ELSEWHERE = Endpoint("192.0.2.1", 1), Endpoint("192.0.2.2", 2)
NETWORKS = [ip_network(f"10.0.{number}.0/24") for number in range(4)]
KNOWN = Peer(FIRST, PLACE, tuple(NETWORKS[:2]), PSK, 25)
TUNNEL = TunnelConfig(OWN, (ip_interface("10.8.0.1/24"),), (KNOWN,), listen_port=51820)


def after(*peers: PeerChange, replaces: bool = False) -> tuple[Peer, ...]:
    return changed(TUNNEL, Change(replaces_peers=replaces, peers=peers)).peers


def test_nothing_said_is_nothing_changed() -> None:
    assert changed(TUNNEL, Change()) == TUNNEL
    assert after(PeerChange(FIRST)) == (KNOWN,)


def test_the_device_itself() -> None:
    other = PrivateKey(b"3" * 32)
    new = changed(TUNNEL, Change(other, 7))
    assert new == replace(TUNNEL, private_key=other, listen_port=7)
    assert changed(TUNNEL, Change(listen_port=0)).listen_port == 0


def test_a_peer_becomes_what_is_said_and_keeps_the_rest() -> None:
    assert after(PeerChange(FIRST, endpoint=ELSEWHERE)) == (replace(KNOWN, endpoint=ELSEWHERE),)
    assert after(PeerChange(FIRST, keepalive=0)) == (replace(KNOWN, persistent_keepalive=None),)
    without = replace(KNOWN, preshared_key=None)
    assert after(PeerChange(FIRST, preshared_key=NO_PRESHARED_KEY)) == (without,)


def test_peers_come_and_go() -> None:
    assert after(PeerChange(SECOND, keepalive=5)) == (KNOWN, Peer(SECOND, persistent_keepalive=5))
    assert after(PeerChange(FIRST, removes=True)) == ()
    assert after(PeerChange(SECOND, removes=True)) == (KNOWN,)
    assert after(PeerChange(SECOND, updates_only=True, keepalive=5)) == (KNOWN,)
    assert after(PeerChange(SECOND), replaces=True) == (Peer(SECOND),)


def test_who_goes_and_comes_again_has_nothing_of_before() -> None:
    anew = PeerChange(FIRST, networks=((True, NETWORKS[1]),))
    assert after(PeerChange(FIRST, removes=True), anew) == (
        Peer(FIRST, allowed_ips=(NETWORKS[1],)),
    )


def test_networks_come_go_and_move() -> None:
    one, two, three, _ = NETWORKS
    more = PeerChange(FIRST, networks=((True, three), (False, one), (True, three)))
    assert after(more) == (replace(KNOWN, allowed_ips=(two, three)),)
    others = PeerChange(FIRST, replaces_networks=True, networks=((True, three),))
    assert after(others) == (replace(KNOWN, allowed_ips=(three,)),)
    moved = PeerChange(SECOND, networks=((True, two),))
    assert after(moved) == (
        replace(KNOWN, allowed_ips=(one,)),
        Peer(SECOND, allowed_ips=(two,)),
    )
    not_its_own = PeerChange(SECOND, networks=((False, two),))
    assert after(not_its_own) == (KNOWN, Peer(SECOND))


def test_a_device_is_no_peer_of_itself() -> None:
    itself = public_key(OWN)
    assert after(PeerChange(itself)) == (KNOWN,)
    key = PrivateKey(b"3" * 32)
    change = Change(key, peers=(PeerChange(itself), PeerChange(public_key(key))))
    assert [one.public_key for one in changed(TUNNEL, change).peers] == [FIRST, itself]


def test_whose_place_is_said_anew() -> None:
    change = Change(peers=(PeerChange(FIRST, endpoint=PLACE), PeerChange(SECOND)))
    assert list(placed(changed(TUNNEL, change), change)) == [KNOWN]


changes = st.builds(
    PeerChange,
    st.sampled_from([FIRST, SECOND, THIRD]),
    removes=st.booleans(),
    updates_only=st.booleans(),
    replaces_networks=st.booleans(),
    networks=st.lists(st.tuples(st.booleans(), st.sampled_from(NETWORKS))).map(tuple),
)


@given(st.booleans(), st.lists(changes, max_size=12).map(tuple))
def test_each_network_is_the_last_ones_who_took_it(
    replaces: bool, said: tuple[PeerChange, ...]
) -> None:
    """Against a model: who owns each network, and who is there."""
    there = set() if replaces else {FIRST}
    owners = {} if replaces else dict.fromkeys(KNOWN.allowed_ips, FIRST)
    for one in said:
        key = one.public_key
        if one.removes or one.replaces_networks:
            owners = {subnet: owner for subnet, owner in owners.items() if owner != key}
        if one.removes or (one.updates_only and key not in there):
            there.discard(key)
            continue
        there.add(key)
        for adds, subnet in one.networks:
            if adds:
                owners[subnet] = key
            elif owners.get(subnet) == key:
                del owners[subnet]
    peers = after(*said, replaces=replaces)
    assert {one.public_key for one in peers} == there
    assert {net: one.public_key for one in peers for net in one.allowed_ips} == owners
