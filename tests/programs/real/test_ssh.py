"""ssh: a command, its input and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .inside import ended, inside
from .sshd import needs_sshd, sshd

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_sshd


def test_what_goes_in_comes_out(tmp_path: Path, page: bytes) -> None:
    with sshd(tmp_path) as login:
        assert inside(*login.words, login.address, "cat", given=page) == page


def test_a_terminal_and_an_exit_code(tmp_path: Path) -> None:
    with sshd(tmp_path) as login:
        ran = ended(*login.words, "-tt", login.address, "tty; exit 42", options=("--rtt", "50ms"))
    assert ran.returncode == 42
    assert ran.stdout.startswith(b"/dev/pts/")
