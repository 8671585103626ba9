"""Files of wg-quick: whole, in parts, and beside wg-quick's own reading of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.config.wireguard import Endpoint, Peer, TunnelConfig
from usernet.errors import ConfigError
from usernet.sandbox.namespace import Namespace
from usernet.wireguard.file import load, loads
from usernet.wireguard.syntax import sections

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "YAnz5TF+lXXJte14tji3zlMNftft3f1bsDOmMyfWj3M="
OTHER_SECRET = "IFRpJeqzq7Eb4KFLrDVJYHsSwGSmnMTLnqPOzk6NqWw="
PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE="
ONE = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
TWO = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
WHOLE = f"""\
# an office
[Interface]
Address = 10.192.122.2/24, fd00::2/64
Address = 10.10.0.1/16
PrivateKey = {SECRET} # never shown
ListenPort = 51820
DNS = 10.192.122.1, fd00::1
DNS = internal, example.org.
MTU = 1380
Table = auto
SaveConfig = false
FwMark = off
PostUp =

[peer]
publickey={ONE}
PRESHAREDKEY = {PSK}
AllowedIPs = 10.192.122.0/24 , 192.168.0.7/16
AllowedIPs = fd00::/64
Endpoint = [2607:5300:60:6b0::c05f:543]:2468
PersistentKeepalive = 25
[Peer]
PublicKey = {TWO}
AllowedIPs = 10.10.10.230
AllowedIPs =
Endpoint = demo.example.org:51820
PersistentKeepalive = off
"""
CONFIG = TunnelConfig(
    PrivateKey.parse(SECRET),
    (
        ip_interface("10.192.122.2/24"),
        ip_interface("fd00::2/64"),
        ip_interface("10.10.0.1/16"),
    ),
    (
        Peer(
            PublicKey.parse(ONE),
            Endpoint("2607:5300:60:6b0::c05f:543", 2468),
            (
                ip_network("10.192.122.0/24"),
                ip_network("192.168.0.0/16"),
                ip_network("fd00::/64"),
            ),
            PresharedKey.parse(PSK),
            25,
        ),
        Peer(
            PublicKey.parse(TWO),
            Endpoint("demo.example.org", 51820),
            (ip_network("10.10.10.230/32"),),
        ),
    ),
    (ip_address("10.192.122.1"), ip_address("fd00::1")),
    ("internal", "example.org"),
    1380,
    51820,
)
LEAST = f"[Interface]\nPrivateKey = {SECRET}\nAddress = 10.0.0.2/32\n"
PEER = f"[Peer]\nPublicKey = {ONE}\nAllowedIPs = 10.0.0.0/24\n"


def written(folder: Path, name: str, text: str, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_is_read_whole() -> None:
    assert loads(WHOLE) == CONFIG


def test_the_least_file() -> None:
    config = loads(LEAST)
    assert (config.peers, config.dns, config.mtu, config.listen_port) == ((), (), None, None)


def test_lines_may_end_as_on_windows_and_begin_with_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "wg0.conf"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert load(path) == CONFIG


def test_several_files_are_one_tunnel(tmp_path: Path) -> None:
    base, rest = WHOLE.split("\n[peer]")
    first = written(tmp_path, "a.conf", base)
    second = written(tmp_path, "b.conf", "[peer]" + rest)
    assert load(first, second) == CONFIG


def test_a_file_of_wg_setconf_and_an_address(tmp_path: Path) -> None:
    keys = written(tmp_path, "wg.conf", f"[Interface]\nPrivateKey = {SECRET}\n{PEER}")
    with pytest.raises(ConfigError, match="no address in the tunnel"):
        load(keys)
    address = written(tmp_path, "address.conf", "[Interface]\nAddress = 10.0.0.2/32\n")
    assert load(keys, address) == loads(LEAST + PEER)


def test_of_a_key_given_twice_the_last_counts() -> None:
    text = LEAST + "MTU = 1400\nMTU = 1300\n[Interface]\nMTU = 1280\n"
    assert loads(text).mtu == 1280
    twice = PEER + "Endpoint = a.example:1\nEndpoint = b.example:2\n"
    assert loads(LEAST + twice).peers[0].endpoint == Endpoint("b.example", 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PrivateKey = x\n", "f:1: PrivateKey before any section: [Interface] or [Peer] comes"),
        ("[Interfaces]\n", "f:1: unknown section: [Interface] or [Peer]"),
        ("\n\n[Interface]\nfoo\n", "f:4: no Key = value: "),
        ("[Interface]\nPrivatKey = x\n", "f:2: unknown key PrivatKey: did you mean PrivateKey?"),
        ("[Interface]\nJc = 4\n", "f:2: unknown key Jc: one of PrivateKey, "),
        ("[Interface]\nEndpoint = a:1\n", "f:2: Endpoint in [Interface]: it belongs to [Peer]"),
        ("[Interface]\nPrivateKey = x\n", "f:2: PrivateKey: no key: 32 bytes as base64"),
        (LEAST + f"PrivateKey = {OTHER_SECRET}\n", "f:4: PrivateKey: another private key than "),
        (LEAST + "Address = 10.0.0.256\n", 'f:4: Address = "10.0.0.256": no address'),
        (LEAST + "DNS = 10.0.0.1, a b\n", 'f:4: DNS = "a b": no name'),
        (LEAST + "MTU = 1420b\n", 'f:4: MTU = "1420b": no MTU: bytes of a packet'),
        (LEAST + "MTU = 67\n", 'f:4: MTU = "67": no MTU: bytes of a packet, 68 '),
        (LEAST + "Address = fd00::2\nMTU = 1279\n", 'f:5: MTU = "1279": too small for the IPv6'),
        (LEAST + "ListenPort = 65536\n", 'f:4: ListenPort = "65536": no port: 0 to 65535'),
        (LEAST + "Table = 123\n", "f:4: Table: usernet has no routing tables"),
        (LEAST + "FwMark = 0xca6c\n", "f:4: FwMark: marks are for the machine's routing rules"),
        (LEAST + "SaveConfig = true\n", "f:4: SaveConfig: usernet does not write to the file"),
        (LEAST + "PostUp = iptables -A x\n", "f:4: PostUp: usernet runs no commands"),
        ("[Interface]\nAddress = 10.0.0.2\n", "f: no private key: [Interface] with PrivateKey"),
        (LEAST + "[Peer]\nAllowedIPs = ::/0\n", "f:4: [Peer]: no PublicKey"),
        (LEAST + PEER + PEER, "f:7: [Peer]: the peer of f:4 again"),
        (LEAST + PEER + "Endpoint = a\n", 'f:7: Endpoint = "a": no endpoint: such as'),
        (LEAST + PEER + "AllowedIPs = 10.0.0.0/33\n", 'f:7: AllowedIPs = "10.0.0.0/33": no netw'),
        (LEAST + PEER + "PersistentKeepalive = 65536\n", 'f:7: PersistentKeepalive = "65536": no'),
        (LEAST + PEER + "PresharedKey = x\n", "f:7: PresharedKey: no key: "),
        (
            LEAST + PEER + f"[Peer]\nPublicKey = {TWO}\nAllowedIPs = ::/0, 10.0.0.9/24\n",
            "f:9: AllowedIPs: 10.0.0.0/24 belongs to the peer of f:6 already: each network",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loads(text, file="f")
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("text", [SECRET, f"[Interface]\n{SECRET}", f"[Interface]\n{SECRET[:43]}"])
@pytest.mark.parametrize(
    "key", ["", "PublicKey = A", "PrivateKey = A", "x", "MTU", "[", "FwMark ="]
)
def test_no_error_shows_a_secret(text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loads(text.replace(SECRET[:8], key + SECRET[:8]))
    assert SECRET[8:30] not in str(caught.value)
    assert SECRET[8:40] not in repr(sections(f"[Interface]\nPrivateKey={SECRET}", "f"))


def test_a_file_that_others_can_read_is_told_of(tmp_path: Path) -> None:
    told: list[str] = []
    path = written(tmp_path, "wg0.conf", LEAST, 0o640)
    load(path, warn=told.append)
    assert told == [f"{path}: others can read its keys: chmod 600 {path}"]
    load(written(tmp_path, "wg0.conf", LEAST), warn=told.append)
    public = written(tmp_path, "peers.conf", PEER, 0o644)
    load(path, public, warn=told.append)
    assert len(told) == 1


def test_a_pipe_is_a_file() -> None:
    reads, writes = os.pipe()
    os.write(writes, WHOLE.encode())
    os.close(writes)
    told: list[str] = []
    assert load(f"/dev/fd/{reads}", warn=told.append) == CONFIG
    os.close(reads)
    assert told == []


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.conf: cannot be read: No such file"):
        load(tmp_path / "none.conf")
    with pytest.raises(ConfigError, match="no file: a file of wg-quick"):
        load()
    binary = tmp_path / "binary.conf"
    binary.write_bytes(b"[Interface]\n\xff\n")
    with pytest.raises(ConfigError, match=r"binary\.conf:2: not UTF-8"):
        load(binary)
    with pytest.raises(ConfigError, match="too large: 16 MiB"):
        load("/dev/zero")


KEYS = st.binary(min_size=32, max_size=32)
NETWORKS = st.ip_addresses().flatmap(
    lambda one: st.integers(0, one.max_prefixlen).map(
        lambda length: ip_network(f"{one}/{length}", strict=False)
    )
)
PEERS = st.builds(
    Peer,
    st.builds(PublicKey, KEYS),
    st.none() | st.builds(Endpoint, st.just("vpn.example"), st.integers(1, 65535)),
    st.just(()),
    st.none() | st.builds(PresharedKey, KEYS),
    st.none() | st.integers(1, 65535),
)


def text_of(peer: Peer) -> str:
    said = {
        "PublicKey": peer.public_key,
        "Endpoint": peer.endpoint,
        "PresharedKey": peer.preshared_key and peer.preshared_key.reveal(),
        "PersistentKeepalive": peer.persistent_keepalive,
        "AllowedIPs": ", ".join(map(str, peer.allowed_ips)) or None,
    }
    lines = [f"{key} = {value}" for key, value in said.items() if value is not None]
    return "\n".join(["[Peer]", *lines, ""])


@given(
    st.lists(PEERS, max_size=4, unique_by=lambda peer: peer.public_key),
    st.lists(NETWORKS, max_size=8, unique=True),
)
def test_what_is_written_is_read(bare: list[Peer], networks: list[object]) -> None:
    peers = tuple(
        Peer(
            one.public_key,
            one.endpoint,
            tuple(networks[index :: len(bare)]),  # type: ignore[arg-type]
            one.preshared_key,
            one.persistent_keepalive,
        )
        for index, one in enumerate(bare)
    )
    assert loads(LEAST + "".join(map(text_of, peers))).peers == peers


WORDS = st.sampled_from(
    "[Interface] [Peer] = # , PrivateKey PublicKey MTU 1420 off Address 10.0.0.2/32 AllowedIPs DNS "
    f"Endpoint [::1]:1 PostUp Table {SECRET} {ONE}".split()
)


def refused(text: str) -> ConfigError | None:
    try:
        loads(text, file="f")
    except ConfigError as error:
        return error
    return None


@given(st.lists(WORDS | st.just("\n") | st.text(max_size=8), max_size=40).map("".join))
def test_any_text_is_a_tunnel_or_an_error_with_its_place(text: str) -> None:
    error = refused(text)
    if error:
        assert error.file == "f"
        assert error.line is None or 1 <= error.line <= len(text.split("\n"))


@pytest.mark.root
@pytest.mark.skipif(shutil.which("wg-quick") is None, reason="wireguard-tools is not installed")
def test_wg_quick_reads_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, "wg0.conf", WHOLE)
    stripped = subprocess.run(
        ["wg-quick", "strip", str(path)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    address = written(tmp_path, "rest.conf", "[Interface]\nAddress = 10.0.0.2/32\n")
    config = load(written(tmp_path, "wg.conf", stripped), address)
    assert (config.private_key, config.listen_port) == (CONFIG.private_key, CONFIG.listen_port)
    assert config.peers == CONFIG.peers


@pytest.mark.root
@pytest.mark.skipif(
    shutil.which("wg") is None or shutil.which("wireguard-go") is None,
    reason="wireguard-tools or wireguard-go is not installed",
)
def test_wg_shows_what_was_read(tmp_path: Path) -> None:
    """What wg(8) took from a file, it shows as a file that is read alike."""
    interface = f"un{os.getpid()}"
    numeric = WHOLE.replace("demo.example.org", "192.0.2.1")
    lines = numeric.replace("AllowedIPs =\n", "").splitlines()  # which old versions refuse
    own = [line for line in lines if not line.startswith(QUICK_ONLY)]
    given = written(tmp_path, "wg.conf", "\n".join(own))
    words = ("env", "LOG_LEVEL=verbose", "wireguard-go", "-f", interface)
    with Namespace() as namespace, namespace.start(*words) as device:
        device.wait_for("UAPI listener started")
        namespace.run("wg", "setconf", interface, str(given))
        shown = namespace.run("wg", "showconf", interface)
    address = "[Interface]\nAddress = 10.0.0.2/32\n"
    config, expected = loads(shown + address), loads("\n".join([*own, address]))
    assert config.private_key == expected.private_key
    assert config.listen_port == expected.listen_port
    in_order = [sorted(one.peers, key=str) for one in (config, expected)]
    networks = [[sorted(map(str, peer.allowed_ips)) for peer in peers] for peers in in_order]
    assert networks[0] == networks[1]
    bare = [[replace(peer, allowed_ips=()) for peer in peers] for peers in in_order]
    assert bare[0] == bare[1]


QUICK_ONLY = ("Address", "DNS", "MTU", "Table", "SaveConfig", "PostUp")
"""Keys of wg-quick(8) that wg(8) does not know."""
