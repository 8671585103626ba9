from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate, public_key
from usernet.errors import ConfigError
from usernet.wireguard.watched import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path


def peer(number: int) -> str:
    key = public_key(generate())
    return f"[Peer]\nPublicKey = {key}\nAllowedIPs = 10.0.0.{number}/32\n"


@pytest.fixture
def server(tmp_path: Path) -> Path:
    path = tmp_path / "server.conf"
    path.write_text(
        f"[Interface]\nPrivateKey = {generate().reveal()}\nAddress = 10.0.0.1/24\n{peer(2)}"
    )
    path.chmod(0o600)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "peers"
    path.mkdir()
    (path / "three.conf").write_text(peer(3))
    (path / ".four.conf.swp").write_text("no peer")
    return path


def networks(files: WatchedFiles) -> list[str]:
    return sorted(str(one) for peer in files.read().peers for one in peer.allowed_ips)


def test_a_folder_has_a_peer_in_each_file(server: Path, folder: Path) -> None:
    files = WatchedFiles([server, folder])
    assert networks(files) == ["10.0.0.2/32", "10.0.0.3/32"]
    assert not files.have_changed()
    (folder / "four.conf").write_text(peer(4))
    assert files.have_changed()
    assert networks(files) == ["10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32"]
    (folder / "three.conf").unlink()
    assert files.have_changed()
    assert networks(files) == ["10.0.0.2/32", "10.0.0.4/32"]


def test_a_file_of_one_length_that_takes_the_place_of_another_is_seen(
    server: Path, folder: Path
) -> None:
    files = WatchedFiles([server, folder])
    files.read()
    old = (folder / "three.conf").stat()
    new = folder / ".new"
    new.write_text(peer(5))
    os.utime(new, ns=(old.st_atime_ns, old.st_mtime_ns))
    new.rename(folder / "three.conf")
    assert files.have_changed()


def test_what_is_wrong_is_said_once_and_asked_again(server: Path, folder: Path) -> None:
    files = WatchedFiles([server, folder])
    files.read()
    (folder / "three.conf").write_text("[Peer]\nAllowedIPs = 10.0.0.3/32\n")
    assert files.have_changed()
    with pytest.raises(ConfigError, match=r"three.conf:1: \[Peer\]: no PublicKey"):
        files.read()
    assert not files.have_changed()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody: is not there"):
        WatchedFiles([tmp_path / "nobody"])
