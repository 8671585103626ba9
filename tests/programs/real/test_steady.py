"""Thousands of connections leave nothing behind in the process that carries them."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .inside import script, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT = 10_000
PATIENCE = 30.0
SPARE_KIB = 4096
"""What an allocator may keep; 10 000 connections are ten times as much.

Not what the first 10 000 leave: so many are kept for the report, and 8192 linger (TIME-WAIT)."""

CLIENT = """
import socket, sys
port, gate = int(sys.argv[1]), socket.create_connection(("192.0.0.3", int(sys.argv[2])))
def pass_gate():
    gate.sendall(b"?")
    assert gate.recv(1) == b"!"
def open_one():
    with socket.create_connection(("192.0.0.3", port)) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        assert sock.recv(1) == b""
for count in map(int, sys.argv[3:]):
    for _ in range(count):
        open_one()
    pass_gate()
print("done", flush=True)
"""


@contextmanager
def answering() -> Iterator[int]:
    """A server that sends one byte back and closes; its port."""

    def serve(listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                data = connection.recv(1)
                if not data:
                    return
                connection.sendall(data)

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            socket.create_connection(listener.getsockname()).close()
            thread.join()


def descriptors(process: int) -> int:
    """How many files a process has open."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def memory(process: int) -> int:
    """What a process has in memory, in KiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(process)


def test_ten_thousand_connections_leave_nothing_behind() -> None:
    with answering() as port, socket.create_server(("127.0.0.1", 0)) as gates:
        gates.settimeout(PATIENCE)
        words = script(CLIENT, str(port), str(gates.getsockname()[1]), str(COUNT), str(COUNT))
        with started(*words) as command:
            with at_gate(gates) as gate:
                wait_at(gate)
                files, kib = descriptors(command.pid), memory(command.pid)
                gate.sendall(b"!")
                wait_at(gate)
                until(lambda: descriptors(command.pid) <= files)
                assert memory(command.pid) - kib < SPARE_KIB
                gate.sendall(b"!")
            assert command.wait().code == 0


@contextmanager
def at_gate(gates: socket.socket) -> Iterator[socket.socket]:
    """Where the program waits to be let go on."""
    gate, _ = gates.accept()
    gate.settimeout(PATIENCE)
    with gate:
        yield gate


def wait_at(gate: socket.socket) -> None:
    """Wait until the program is there."""
    assert gate.recv(1) == b"?"


def until(reached: Callable[[], bool]) -> None:
    """Wait until what is on its way has ended."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end
        threading.Event().wait(0.02)
