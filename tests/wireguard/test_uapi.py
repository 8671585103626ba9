"""The language of wg(8) and userspace devices: what is asked, and what is answered."""

from __future__ import annotations

import errno
import re
from ipaddress import ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.config.quantity import ByteSize, Span
from usernet.config.wireguard import Endpoint, Peer, TunnelConfig
from usernet.engine.keys import public_key
from usernet.errors import ConfigError
from usernet.wireguard import uapi
from usernet.wireguard.change import Change, PeerChange, changed
from usernet.wireguard.status import DeviceStatus, PeerStatus

SECRET = PrivateKey(b"1" * 32)
PSK = PresharedKey(b"2" * 32)
FIRST, SECOND = PublicKey(b"7" * 32), PublicKey(b"8" * 32)
NONE = "0" * 64
ADDRESSES = (ip_interface("10.8.0.1/24"),)


def test_what_wg_set_says() -> None:
    asked = f"""set=1
private_key={SECRET.hex()}
listen_port=51820
fwmark=0
replace_peers=true
public_key={FIRST.hex().upper()}
preshared_key={PSK.hex()}
endpoint=[2001:db8::1]:7
persistent_keepalive_interval=25
replace_allowed_ips=true
allowed_ip=10.0.0.1/8
allowed_ip=-fd00::/8
protocol_version=1
public_key={SECOND.hex()}
remove=true
update_only=true"""
    networks = ((True, ip_network("10.0.0.0/8")), (False, ip_network("fd00::/8")))
    first = PeerChange(
        FIRST,
        preshared_key=PSK,
        endpoint=Endpoint("2001:db8::1", 7),
        keepalive=25,
        replaces_networks=True,
        networks=networks,
    )
    second = PeerChange(SECOND, removes=True, updates_only=True)
    assert uapi.request(asked) == Change(SECRET, 51820, True, (first, second))


def test_the_least_that_can_be_asked() -> None:
    assert uapi.request("get=1") is None
    assert uapi.request("set=1") == Change()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "no request"),
        ("get=2", "no request"),
        ("get=1\nlisten_port=1", "no request"),
        ("set=1\nlisten_port=65536", "line 2: no number that can be: 0 to 65535"),
        ("set=1\nlisten_port=-1", "line 2: no number"),
        ("set=1\nlisten_port=١", "line 2: no number"),
        ("set=1\nreplace_peers=false", "line 2: is there or not"),
        ("set=1\nallowed_ip=10.0.0.0/8", "line 2: no key that belongs here"),
        ("set=1\nnonsense", "line 2: no key that belongs here"),
        (f"set=1\npublic_key={FIRST.hex()}\nlisten_port=1", "line 3: no key that belongs here"),
        (f"set=1\npublic_key={FIRST.hex()}\nallowed_ip=10.0.0.0/33", "line 3: no network"),
        (f"set=1\npublic_key={FIRST.hex()}\nendpoint=vpn.example.org:1", "line 3: a name"),
        (f"set=1\npublic_key={FIRST.hex()}\nendpoint=192.0.2.1:0", "line 3: no endpoint"),
    ],
)
def test_what_is_no_request(asked: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        uapi.request(asked)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("fwmark=1", errno.EOPNOTSUPP),
        (f"private_key={NONE}", errno.EOPNOTSUPP),
        (f"public_key={FIRST.hex()}\nprotocol_version=2", errno.EPROTONOSUPPORT),
    ],
)
def test_what_no_device_here_can_do(line: str, number: int) -> None:
    with pytest.raises(OSError, match=r"\w") as caught:
        uapi.request(f"set=1\n{line}")
    assert caught.value.errno == number


def test_a_wrong_line_is_never_shown() -> None:
    secret = SECRET.hex()
    for line in (f"private_key={secret}0", f"privatekey={secret}", secret, f"fwmark={secret}"):
        with pytest.raises(ConfigError) as caught:
            uapi.request(f"set=1\n{line}")
        assert secret not in str(caught.value)


def test_what_wg_show_is_told() -> None:
    peers = Peer(FIRST, preshared_key=PSK), Peer(SECOND)
    config = TunnelConfig(SECRET, ADDRESSES, peers)
    told = PeerStatus(
        FIRST,
        "192.0.2.1:5",
        ("10.0.0.0/8", "fd00::/8"),
        Span(1.5),
        ByteSize(148),
        ByteSize(92),
        25,
    )
    status = DeviceStatus("wg0", public_key(SECRET), 51820, (told, PeerStatus(SECOND)))
    assert uapi.shown(config, status, 1_700_000_000 * 10**9) == (
        f"private_key={SECRET.hex()}\nlisten_port=51820\n"
        f"public_key={FIRST.hex()}\npreshared_key={PSK.hex()}\nprotocol_version=1\n"
        "endpoint=192.0.2.1:5\n"
        "last_handshake_time_sec=1699999998\nlast_handshake_time_nsec=500000000\n"
        "tx_bytes=92\nrx_bytes=148\npersistent_keepalive_interval=25\n"
        "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/8\n"
        f"public_key={SECOND.hex()}\npreshared_key={NONE}\nprotocol_version=1\n"
        "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\n"
        "tx_bytes=0\nrx_bytes=0\npersistent_keepalive_interval=0\n"
    )


def test_answers_end_with_the_number_of_an_error_as_the_kernel_has_it() -> None:
    assert uapi.answer() == b"errno=0\n\n"
    assert uapi.answer(errno.EINVAL) == b"errno=-22\n\n"
    assert uapi.answer(text="listen_port=1\n") == b"listen_port=1\nerrno=0\n\n"


keys = st.binary(min_size=32, max_size=32).filter(any)
networks = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(
        lambda length: ip_network(f"{address}/{length}", strict=False)
    )
)
endpoints = st.builds(
    Endpoint,
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str),
    st.integers(1, 65535),
)


@st.composite
def tunnels(draw: st.DrawFn) -> TunnelConfig:
    """A tunnel whose networks are one peer's each."""
    left = draw(st.lists(networks, unique=True, max_size=8))
    peers: list[Peer] = []
    for key in draw(st.lists(keys, unique=True, max_size=4)):
        own = tuple(left.pop() for _ in range(draw(st.integers(0, len(left)))))
        preshared = draw(st.none() | keys.map(PresharedKey))
        keepalive = draw(st.none() | st.integers(1, 65535))
        endpoint = draw(st.none() | endpoints)
        peers.append(Peer(PublicKey(key), endpoint, own, preshared, keepalive))
    return TunnelConfig(PrivateKey(draw(keys)), ADDRESSES, tuple(peers), listen_port=51820)


@given(tunnels())
def test_what_is_shown_makes_the_same_tunnel_again(tunnel: TunnelConfig) -> None:
    peers = tuple(
        PeerStatus(
            one.public_key,
            None if one.endpoint is None else str(one.endpoint),
            tuple(map(str, one.allowed_ips)),
            persistent_keepalive=one.persistent_keepalive,
        )
        for one in tunnel.peers
    )
    status = DeviceStatus("wg0", public_key(tunnel.private_key), 51820, peers)
    told = uapi.shown(tunnel, status, 0).splitlines()
    said = [line for line in told if not line.startswith(("last_", "tx_", "rx_"))]
    change = uapi.request("\n".join(["set=1", *said]))
    assert change is not None
    assert changed(TunnelConfig(SECRET, ADDRESSES, ()), change) == tunnel


KNOWN = [
    *("get", "set", "private_key", "listen_port", "fwmark", "replace_peers", "public_key"),
    *("remove", "update_only", "preshared_key", "endpoint", "persistent_keepalive_interval"),
    *("replace_allowed_ips", "allowed_ip", "protocol_version"),
]
VALUES = st.one_of(
    st.sampled_from(["1", "0", "true", FIRST.hex(), SECOND.hex(), "10.0.0.0/8", "-::/0"]),
    st.text(max_size=80),
)
LINES = st.builds("{}={}".format, st.sampled_from(KNOWN) | st.text(max_size=20), VALUES)


@given(st.lists(LINES | st.text(max_size=30), max_size=12))
def test_whatever_is_said_is_a_request_or_refused(lines: list[str]) -> None:
    asked = "\n".join(["set=1", *lines])
    try:
        change = uapi.request(asked)
    except (ConfigError, OSError):
        return
    assert change is not None
    assert len(change.peers) == asked.count("\npublic_key=")
