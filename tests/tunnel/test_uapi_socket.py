"""The socket at which wg(8) asks: who may, what is answered, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from usernet.config.keys import PrivateKey, PublicKey
from usernet.config.wireguard import Peer, TunnelConfig
from usernet.engine.keys import public_key
from usernet.errors import ConfigError, PrivilegeError
from usernet.tunnel import uapi_socket
from usernet.tunnel.uapi_socket import UapiSocket, socket_path
from usernet.wireguard.change import Change, changed
from usernet.wireguard.status import DeviceStatus, PeerStatus
from usernet.wireguard.syntax import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = PrivateKey(b"1" * 32)
PEER = PublicKey(b"7" * 32)
GET = b"get=1\n\n"


class Device:
    """A device without a network."""

    def __init__(self) -> None:
        self.now = TunnelConfig(SECRET, (), (), listen_port=7)
        self.error: Exception | None = None

    def config(self) -> TunnelConfig:
        return self.now

    def status(self) -> DeviceStatus:
        peers = tuple(PeerStatus(one.public_key) for one in self.now.peers)
        return DeviceStatus("wg0", public_key(SECRET), self.now.listen_port or 0, peers)

    def change(self, change: Change) -> None:
        if self.error is not None:
            raise self.error
        self.now = changed(self.now, change)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wg0.sock"


@pytest.fixture
def served(device: Device, path: Path) -> Iterator[UapiSocket]:
    with UapiSocket(path, device) as made:
        yield made


def asking(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))
    return made


def ask(served: UapiSocket, data: bytes) -> bytes:
    """Say something and hear all that is answered."""
    with asking(served.path) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        served.serve()
        client.setblocking(False)
        return client.recv(1 << 20)


def test_it_answers_and_is_its_owners_alone(served: UapiSocket) -> None:
    told = ask(served, GET)
    assert told == f"private_key={SECRET.hex()}\nlisten_port=7\nerrno=0\n\n".encode()
    assert served.path.stat().st_mode & 0o777 == 0o600


def test_it_changes_the_device(served: UapiSocket, device: Device) -> None:
    assert ask(served, f"set=1\npublic_key={PEER.hex()}\n\n".encode()) == b"errno=0\n\n"
    assert [one.public_key for one in device.now.peers] == [PEER]


def test_whoever_asks_several_things_has_all_answers_in_turn(served: UapiSocket) -> None:
    told = ask(served, b"set=1\nlisten_port=8\n\n" + GET + b"set=2\n\n")
    assert told.endswith(b"listen_port=8\nerrno=0\n\nerrno=-22\n\n")
    assert told.startswith(b"errno=0\n\nprivate_key=")


@pytest.mark.parametrize(
    ("error", "answer", "told"),
    [
        (ConfigError("no such thing"), b"errno=-22\n\n", "no such thing"),
        (PrivilegeError("not you"), b"errno=-22\n\n", "not you"),
        (OSError(98, "in use"), b"errno=-98\n\n", "in use"),
    ],
)
def test_what_fails_is_a_number_and_is_told(
    device: Device, path: Path, error: Exception, answer: bytes, told: str
) -> None:
    device.error = error
    warned: list[str] = []
    with UapiSocket(path, device, warned.append) as served:
        assert ask(served, b"set=1\n\n") == answer
        assert warned == [f"wg0: {told}: nothing is changed"]
        assert ask(served, b"\xff\n\n") == b"errno=-22\n\n"


def test_a_request_may_come_in_pieces(served: UapiSocket) -> None:
    with asking(served.path) as client:
        for piece in (b"get", b"=1", b"\n"):
            client.sendall(piece)
            served.serve()
        client.sendall(b"\n")
        served.serve()
        assert client.recv(1000).endswith(b"errno=0\n\n")


def test_who_does_not_read_holds_nobody_up(served: UapiSocket, device: Device) -> None:
    keys = (PublicKey(number.to_bytes(32, "big")) for number in range(2_000))
    device.now = replace(device.now, peers=tuple(map(Peer, keys)))
    with asking(served.path) as slow:
        slow.sendall(GET * 100)
        served.serve()
        assert ask(served, b"set=1\nlisten_port=9\n\n") == b"errno=0\n\n"
        slow.settimeout(20)
        came = b""
        while came.count(b"errno=0\n\n") < 3:
            came += slow.recv(1 << 20)
            served.serve()
    assert came.count(b"public_key=") >= 6_000


def test_too_long_a_request_ends_the_connection(served: UapiSocket) -> None:
    with asking(served.path) as client:
        client.setblocking(False)
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent <= 2 * LARGEST_FILE:
                sent += client.send(bytes(1 << 16))
                served.serve()
        assert LARGEST_FILE < sent <= LARGEST_FILE + (1 << 20)


def test_connections_are_bounded_and_the_silent_go_first(served: UapiSocket) -> None:
    silent = [asking(served.path) for _ in range(16)]
    served.serve()
    silent[0].sendall(b"get=1\n")
    served.serve()
    assert ask(served, GET).endswith(b"errno=0\n\n")
    silent[0].sendall(b"\n")
    served.serve()
    assert silent[0].recv(1000).endswith(b"errno=0\n\n")
    assert silent[1].recv(1000) == b""
    for one in silent:
        one.close()


def test_it_leaves_nothing_and_answers_no_more(device: Device, path: Path) -> None:
    with UapiSocket(path, device) as served, asking(path) as client:
        served.close()
        assert not path.exists()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        served.serve()


def test_one_that_was_left_behind_is_replaced_and_another_is_not(
    device: Device, path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with UapiSocket(path, device):
        with pytest.raises(OSError, match="in use") as caught:
            UapiSocket(path, device)
        assert caught.value.filename == str(path)
        with asking(path):
            pass
    path.write_text("precious")
    with pytest.raises(OSError, match="in use"):
        UapiSocket(path, device)
    assert path.read_text() == "precious"


def test_the_folder_of_wg_is_made_and_taken_away(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wireguard"
    monkeypatch.setattr(uapi_socket, "FOLDER", folder)
    with UapiSocket("wg0", device) as first:
        assert first.path == folder / "wg0.sock"
        with UapiSocket("wg1", device):
            pass
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("folder", [".", "wireguard"], ids=["there", "not there"])
@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_only_root_has_a_name(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr(uapi_socket, "FOLDER", tmp_path / folder)
    tmp_path.chmod(0o500)
    with pytest.raises(PrivilegeError, match=r"a path of your own, such as \./wg0\.sock"):
        UapiSocket("wg0", device)


@pytest.mark.parametrize(
    ("name", "told"),
    [("no/such.sock", "No such file or directory"), (f"{'a' * 110}.sock", "path too long")],
)
def test_where_there_can_be_none(device: Device, tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"there can be no socket: .*{told}"):
        UapiSocket(tmp_path / name, device)


@pytest.mark.parametrize("name", ["", ".", "..", "sixteen-letters-", "a b", "wg0\n"])
def test_what_is_no_name_of_an_interface(name: str) -> None:
    with pytest.raises(ConfigError, match="no name of an interface"):
        socket_path(name)
