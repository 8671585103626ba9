"""Places: running lines are found by their user, and by nobody else."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from usernet.control.place import find, folder, listen
from usernet.errors import ConfigError, PrivilegeError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_the_folder_and_the_socket_are_for_their_user_alone() -> None:
    listener, path = listen("run")
    with listener:
        assert stat.S_IMODE(folder().stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.parent == folder()


def test_the_one_that_runs_is_found_and_each_by_its_name() -> None:
    with pytest.raises(ConfigError, match="no line runs"):
        find()
    first, path = listen("run")
    with first:
        assert find().path == path
        assert find(f"run-{os.getpid()}") == find(str(os.getpid())) == find()
        assert find(str(path)) == find()
        second, _ = listen("emulate")
        with second:
            with pytest.raises(ConfigError, match=r"several lines run.*emulate-\d+ or run-\d+"):
                find()
            with pytest.raises(ConfigError, match="no line of the name other runs"):
                find("other")


def test_what_a_killed_one_left_is_removed() -> None:
    listener, path = listen("run")
    listener.close()
    assert path.exists()
    with pytest.raises(ConfigError, match="no line runs"):
        find()
    assert not path.exists()


def test_a_folder_of_somebody_else_is_refused(home: Path) -> None:
    (home / "usernet").mkdir(mode=0o755)
    with pytest.raises(PrivilegeError, match="chmod 700"):
        folder()
    (home / "usernet").rmdir()
    (home / "other").mkdir(mode=0o700)
    (home / "usernet").symlink_to(home / "other")
    with pytest.raises(PrivilegeError, match="remove it"):
        folder()
