"""A private network with an SSH server in it, and a machine whose programs enter it by a tunnel."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import pytest

from usernet.engine.keys import generate, public_key
from usernet.tunnel.agent_client import running
from usernet.tunnel.agent_messages import read_line, write_line

from ...tunnel.private_network import PrivateNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

PATIENCE = 90.0
USERNET = (sys.executable, "-m", "usernet")
_SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
_OF_ROOT = "mount -t tmpfs none /run && mkdir /run/sshd && exec"
"""Where root is served, sshd wants a folder that only an installed service makes."""
SSH_PORT = 2222


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip where a program is not installed."""
    is_there = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    return pytest.mark.skipif(
        is_there is None, reason=f"needs {program}: apt-get install {package}"
    )


needs_sshd = needs("sshd", "openssh-server")


class Machine:
    """A machine beside a private network, which only its tunnels reach.

    Its programs are in the network's namespace, since the endpoint is there; names of the network
    are known in the tunnel alone.

    Args:
        folder: Where its files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.network = self._stack.enter_context(PrivateNetwork(folder))
        self.file = str(self.network.file)
        self.own_file = self._second_peer()
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}

    def _second_peer(self) -> str:
        """The file of tunnels that no agent holds.

        They have a key of their own: of two devices with one key, the peer knows the last.
        """
        key = generate()
        allowed = ("allowed-ips", "10.7.0.3/32,fd07::3/128")
        peer = ("peer", str(public_key(key)), *allowed)
        self.network.namespace.run("wg", "set", self.network.interface, *peer)
        text = self.network.text().replace(self.network.client.reveal(), key.reveal())
        text = text.replace("10.7.0.2/32, fd07::2/128", "10.7.0.3/32, fd07::3/128")
        return str(self.network.write(text, "own.conf"))

    def file_for(self, words: Sequence[str]) -> str:
        """The file that these options of a command go with."""
        return self.own_file if "--no-agent" in words else self.file

    def words(self, *words: str) -> list[str]:
        """A command line, in the namespace."""
        return self.network.namespace.command(*words)

    def run(
        self, *words: str, given: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end."""
        return subprocess.run(
            self.words(*words),
            input=given,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            env={**self.environment, **environment},
        )

    def usernet(
        self, verb: str, *words: str, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a verb with the tunnel."""
        file = self.file_for(words)
        return self.run(*USERNET, verb, "--wireguard", file, *words, given=given)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a program; it is killed in the end."""
        started = subprocess.Popen(
            self.words(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
        )
        self._stack.callback(_end, started)
        return started

    def listening(self, verb: str, *words: str) -> tuple[subprocess.Popen[bytes], list[str]]:
        """Start a verb that listens; where it does, one for each port."""
        count = sum(":" in word for word in words if not word.startswith("-")) or 1
        file = self.file_for(words)
        started = self.start(*USERNET, verb, "--wireguard", file, "--json", *words)
        assert started.stdout is not None
        places = [json.loads(started.stdout.readline())["at"] for _ in range(count)]
        return started, places

    def serve_ssh(self) -> None:
        """Have an SSH server in the private network, for this user alone."""
        for name in ("host", "user"):
            make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name))
            subprocess.run(make, check=True)
        settings = {
            "ListenAddress": "10.7.0.1",
            "HostKey": self.folder / "host",
            "AuthorizedKeysFile": self.folder / "user.pub",
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "Subsystem": "sftp internal-sftp",
        }
        options = [f"-o{name}={value}" for name, value in settings.items()]
        words = [str(_SSHD), "-D", "-e", "-f", "/dev/null", "-p", str(SSH_PORT), *options]
        if os.geteuid() == 0:
            words = ["unshare", "--mount", "sh", "-c", f'{_OF_ROOT} "$@"', "sh", *words]
        server = self.network.namespace.start(*words)
        self._stack.callback(server.stop)
        server.wait_for("Server listening")
        key = (self.folder / "host.pub").read_text()
        (self.folder / "known").write_text(f"[db.internal]:{SSH_PORT} {key}")
        own = (
            f"Port {SSH_PORT}\nUser {getpass.getuser()}\nBatchMode yes\n"
            f"IdentityFile {self.folder / 'user'}\n"
        )
        (self.folder / ".ssh").mkdir()
        (self.folder / ".ssh/config").write_text(own)
        self.login = (
            "-F",
            self._config(f"{own}UserKnownHostsFile {self.folder / 'known'}\n"),
        )

    def _config(self, text: str) -> str:
        path = self.folder / "ssh_config"
        path.write_text(text)
        return str(path)

    def close(self) -> None:
        """Stop all of it, agents too."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(self.folder))
            for path, _ in running():
                with socket.socket(socket.AF_UNIX) as agent:
                    agent.connect(path)
                    write_line(agent, {"verb": "stop"})
                    read_line(agent)
        self.close()


def _end(started: subprocess.Popen[bytes]) -> None:
    started.kill()
    started.wait()
    for stream in (started.stdin, started.stdout, started.stderr):
        assert stream is not None
        with contextlib.suppress(OSError):
            stream.close()
