"""An SSH server on this machine's loopback, for this user alone."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from usernet.sandbox import Command

from .inside import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
_OF_ROOT = "mount -t tmpfs none /run && mkdir /run/sshd && exec"
"""Where root is served, sshd wants a folder that only an installed service makes."""


def _why_not() -> str | None:
    if _SSHD is None or shutil.which("ssh") is None:
        return "needs ssh and sshd: apt-get install openssh-client openssh-server"
    shell = pwd.getpwuid(os.getuid()).pw_shell
    return None if shell.endswith("sh") else f"this user may not log in: its shell is {shell}"


needs_sshd = pytest.mark.skipif(_why_not() is not None, reason=str(_why_not()))


@dataclass(frozen=True, slots=True)
class Login:
    """How one gets in.

    Attributes:
        words: The client with its options.
        address: The user and the host.
    """

    words: tuple[str, ...]
    address: str


@contextmanager
def sshd(folder: Path) -> Iterator[Login]:
    """The server."""
    port = str(free_port())
    for name in ("host", "user"):
        make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        subprocess.run(make, check=True)
    settings = {
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    words = [str(_SSHD), "-D", "-e", "-f", "/dev/null", "-p", port, *options]
    if os.geteuid() == 0:
        words = ["unshare", "--mount", "sh", "-c", f'{_OF_ROOT} "$@"', "sh", *words]
    with Command(words) as server:
        server.wait_for("Server listening")
        yield _login(folder, port)


def _login(folder: Path, port: str) -> Login:
    key = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[{HOST}]:{port} {key}")
    options = ("-F", "none", "-i", str(folder / "user"), f"-oUserKnownHostsFile={folder / 'known'}")
    return Login(("ssh", "-p", port, "-oBatchMode=yes", *options), f"{getpass.getuser()}@{HOST}")
