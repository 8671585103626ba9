"""Where agents have their sockets, whose that is, and which tunnel a socket is for."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from usernet.errors import AuthenticationError, ConfigError
from usernet.tunnel import agent_folder
from usernet.tunnel.choice import WayOptions


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def options(file: Path, **keys: object) -> WayOptions:
    return WayOptions((str(file),), **keys)  # type: ignore[arg-type]


def test_it_is_made_for_its_user_alone(runtime: Path) -> None:
    assert agent_folder.sockets() == []
    path = agent_folder.folder()
    assert path == str(runtime / "usernet")
    assert os.stat(path).st_mode & 0o7777 == 0o700
    assert agent_folder.folder() == path


def test_where_there_is_no_place_of_the_session_it_is_in_tmp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("", "relative", "/no/such/folder", f"/no/{'x' * 200}"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        assert agent_folder._place() == os.path.join(os.sep, "tmp", f"usernet-{os.getuid()}")  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        pytest.param(lambda path: path.symlink_to(path.parent), "is no folder", id="link"),
        pytest.param(lambda path: path.write_text(""), "is no folder", id="file"),
        pytest.param(lambda path: path.mkdir(0o755), "is open to others", id="open"),
    ],
)
def test_what_others_could_have_put_there_is_refused(
    runtime: Path, make: object, problem: str
) -> None:
    make(runtime / "usernet")  # type: ignore[operator]
    with pytest.raises(AuthenticationError, match=problem) as caught:
        agent_folder.folder()
    assert "--no-agent" in str(caught.value)


@pytest.mark.root
def test_a_folder_of_another_user_is_refused(runtime: Path) -> None:
    (runtime / "usernet").mkdir(0o700)
    os.chown(runtime / "usernet", 12345, 12345)
    with pytest.raises(AuthenticationError, match="belongs to another user"):
        agent_folder.folder()


def test_what_makes_another_tunnel_makes_another_identity(tmp_path: Path) -> None:
    file, other = tmp_path / "wg0.conf", tmp_path / "wg1.conf"
    file.write_text("one")
    other.write_text("one")
    own = agent_folder.identity(options(file))
    link = tmp_path / "link.conf"
    link.symlink_to(file)
    assert agent_folder.identity(options(link, idle=5.0)) == own
    different = [
        options(other),
        options(file, line={"loss": "1%"}),
        options(file, split=("internal",)),
        WayOptions((str(file), str(other))),
    ]
    found = {own, *map(agent_folder.identity, different)}
    assert len(found) == 5
    file.write_text("two")
    assert agent_folder.identity(options(file)) not in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"wg9\.conf: cannot be read: No such file"):
        agent_folder.identity(options(tmp_path / "wg9.conf"))


def test_who_has_the_lock_keeps_others_out(runtime: Path) -> None:
    path = agent_folder.socket_path("a" * 16)
    entered = threading.Event()

    def enter() -> None:
        with agent_folder.locked(path):
            entered.set()

    thread = threading.Thread(target=enter)
    with agent_folder.locked(path):
        thread.start()
        assert not entered.wait(0.05)
    thread.join()
    assert entered.is_set()
    assert agent_folder.sockets() == []
    Path(path).touch()
    assert agent_folder.sockets() == [path]
