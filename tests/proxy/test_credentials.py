"""Who may use a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usernet.errors import ConfigError
from usernet.proxy.credentials import VARIABLE, credentials

if TYPE_CHECKING:
    from pathlib import Path


def test_nobody_is_asked_where_nothing_is_said() -> None:
    assert credentials(None, {}) is None


def test_of_the_environment() -> None:
    users = credentials(None, {VARIABLE: "ann:a:b"})
    assert users is not None
    assert users.admit(b"ann", b"a:b")
    assert not users.admit(b"ann", b"a")
    assert not users.admit(b"", b"")
    assert "a:b" not in repr(users)


def test_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("# proxy\n\nann:secret\r\nbob:b\n")
    path.chmod(0o600)
    told: list[str] = []
    users = credentials(path, {VARIABLE: "eve:e"}, warn=told.append)
    assert users is not None
    assert [users.admit(*one) for one in ((b"ann", b"secret"), (b"bob", b"b"), (b"eve", b"e"))] == [
        True,
        True,
        False,
    ]
    assert told == []
    path.chmod(0o644)
    credentials(path, {}, warn=told.append)
    assert told == [f"{path}: others can read its passwords: chmod 600 {path}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "users: no users"),
        ("ann:ok\nsecretword\n", "users:2: no user with a password"),
        (":secretword\n", "users:1: no user"),
        ("ann:\n", "users:1: no user"),
        ("ann:" + "secretword" * 26, "users:1: no user"),
    ],
)
def test_what_is_wrong_is_named_and_not_shown(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "users").write_text(text)
    with pytest.raises(ConfigError) as caught:
        credentials(tmp_path / "users", {})
    assert said in str(caught.value)
    assert "secretword" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        credentials(tmp_path / "none", {})
