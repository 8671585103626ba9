"""Namespace: a network namespace that ends with the process that made it.

It has no name and no file: a child process holds it (network_namespaces(7)) and reads a pipe that
only its maker writes. Whatever ends the maker closes the pipe, and the kernel takes the namespace
down with all its interfaces.
"""

from __future__ import annotations

import ctypes
import os
import socket as sockets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from usernet.errors import PrivilegeError
from usernet.sandbox.command import Command

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Namespace"]

_CLONE_NEWNET = 0x40000000
_PATIENCE = 30.0


class Namespace:
    """A network namespace with its loopback interface up.

    Raises:
        PrivilegeError: The system lets this user make none.
    """

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"up\n":
            _, problem = self._holder.communicate()
            raise PrivilegeError(
                f"no network namespace: {problem.decode(errors='replace').strip()}",
                capability="CAP_SYS_ADMIN",
                grant="sudo, or unshare --map-root-user --net",
            )

    @property
    def pid(self) -> int:
        """The process that holds it, by which `ip` and `nsenter` know it."""
        return self._holder.pid

    def command(self, *words: str) -> list[str]:
        """These words as a command line that runs in the namespace."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *words]

    def run(self, *words: str, given: str | None = None) -> str:
        """Run a command in the namespace, with `given` on its standard input, to its end.

        Returns:
            What it wrote to standard output.

        Raises:
            ChildProcessError: It ended with another exit code than 0; the message says why.
        """
        ran = subprocess.run(
            self.command(*words),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        if ran.returncode:
            said = (ran.stderr or ran.stdout).strip()
            raise ChildProcessError(f"{' '.join(words)}: exit code {ran.returncode}: {said}")
        return ran.stdout

    def ip(self, *commands: str) -> None:
        """Run `ip` commands, such as ``"link set eth0 up"``, in the namespace."""
        self.run("ip", "-batch", "-", given="".join(f"{command}\n" for command in commands))

    def start(self, *words: str) -> Command:
        """Start a program in the namespace."""
        return Command(self.command(*words))

    def socket(
        self,
        family: sockets.AddressFamily = sockets.AF_INET,
        kind: sockets.SocketKind = sockets.SOCK_STREAM,
    ) -> sockets.socket:
        """A socket of the namespace; it stays in it wherever it is used."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._socket, family, kind).result()

    def close(self) -> None:
        """Let go of it: it ends when the last program in it does. Safe to call twice."""
        self._holder.kill()
        self._holder.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _socket(self, family: sockets.AddressFamily, kind: sockets.SocketKind) -> sockets.socket:
        """Made on a thread that enters the namespace, and ends: setns(2) holds for a thread."""
        namespace = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            return sockets.socket(family, kind)
        finally:
            os.close(namespace)
