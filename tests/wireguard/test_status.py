"""What a device is doing: as the core tells it, as JSON, and as wg(8) writes it."""

import json

import pytest

from usernet.config.keys import PublicKey
from usernet.wireguard.status import DeviceStatus, PeerStatus

SECOND = 1_000_000_000
MINE = PublicKey(bytes(range(32)))
FIRST, SECOND_PEER = PublicKey(bytes([7] * 32)), PublicKey(bytes([9] * 32))


def counters() -> dict[str, object]:
    return {
        "kind": "wireguard",
        "peers": [
            {
                "public_key": FIRST.hex(),
                "endpoint": None,
                "latest_handshake": None,
                "received": 0,
                "sent": 148,
                "allowed_ips": [],
                "persistent_keepalive": None,
            },
            {
                "public_key": SECOND_PEER.hex(),
                "endpoint": "[2001:db8::1]:51820",
                "latest_handshake": 5 * SECOND,
                "received": 1240,
                "sent": 3 << 20,
                "allowed_ips": ["10.0.0.0/8", "fd00::/8"],
                "persistent_keepalive": 25,
                "unanswered_since": 97 * SECOND,
            },
        ],
        "dropped": {"malformed": 0, "handshake": 3},
    }


@pytest.fixture
def status() -> DeviceStatus:
    return DeviceStatus.from_core("wg0.conf", MINE, counters(), 100 * SECOND, 51820)


def test_what_the_core_counts_gets_its_units(status: DeviceStatus) -> None:
    silent, known = status.peers
    assert silent == PeerStatus(FIRST, sent=silent.sent)
    assert known.latest_handshake == "95s"
    assert known.received == 1240
    assert known.silent == "3s"
    assert known.sent == "3mb"
    assert known.allowed_ips == ("10.0.0.0/8", "fd00::/8")
    assert status.dropped == {"malformed": 0, "handshake": 3}


def test_json_gives_the_same_back(status: DeviceStatus) -> None:
    text = json.dumps(status.to_json())
    assert DeviceStatus.from_json(json.loads(text)) == status


def test_text_is_as_wg_show_has_it(status: DeviceStatus) -> None:
    assert str(status).splitlines() == [
        "interface: wg0.conf",
        f"  public key: {MINE}",
        "  listening port: 51820",
        "  dropped: 3 handshake",
        "",
        f"peer: {SECOND_PEER}",
        "  endpoint: [2001:db8::1]:51820",
        "  allowed ips: 10.0.0.0/8, fd00::/8",
        "  latest handshake: 1 minute, 35 seconds ago",
        "  transfer: 1.21 KiB received, 3.00 MiB sent",
        "  persistent keepalive: every 25 seconds",
        "",
        f"peer: {FIRST}",
        "  allowed ips: (none)",
        "  transfer: 0 B received, 148 B sent",
    ]


@pytest.mark.parametrize(
    ("ago_ns", "text"),
    [
        (0, "now"),
        (SECOND, "1 second ago"),
        (3600 * SECOND + 1, "1 hour ago"),
        ((2 * 86400 + 61) * SECOND, "2 days, 1 minute, 1 second ago"),
        (-SECOND, "now"),
    ],
)
def test_a_handshake_is_so_long_ago(ago_ns: int, text: str) -> None:
    values = {**counters()["peers"][1], "latest_handshake": 10**18 - ago_ns}  # type: ignore[index]
    assert f"  latest handshake: {text}" in PeerStatus.from_core(values, 10**18).lines()
