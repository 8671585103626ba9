"""``usernet nc``: from its start to a server's first byte through a tunnel, beside Python's start.

Each start is a peer of its own, since two holders of a key stall each other. The far end is
``usernet gateway`` on this machine, and the server on its loopback::

    python -m benches.first_byte
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benches.figures import Figure, run
from usernet.engine import keys
from usernet.sandbox import PROGRAM, Command

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTS = 15
GOAL_MS = 150.0
GREETING = b"220 ready\r\n"
WAYS = {"its agent started": ("--agent-idle", "1s"), "--no-agent": ("--no-agent",)}


def first_byte() -> Iterator[Figure]:
    """The first byte through a tunnel, from the start of the command on."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        files = configs(Path(folder), len(WAYS) * STARTS)
        far_end = (PROGRAM, "gateway", "--wireguard", f"{folder}/server.conf", "--loopback")
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder}
        python = median(seconds((sys.executable, "-c", "print()"), {}) for _ in range(STARTS))
        with Command(far_end) as gateway:
            gateway.wait_for("gateway at")
            port = str(server.getsockname()[1])
            for said, options in WAYS.items():
                words = (PROGRAM, "nc", *options, "10.8.0.1", port, "--wireguard")
                starts = (seconds((*words, str(next(files))), environment) for _ in range(STARTS))
                ours = 1e3 * median(starts)
                goal, met = f"≤ {GOAL_MS:g} ms", ours <= GOAL_MS
                yield Figure(f"nc, {said}", ours, "ms", goal, met, 1e3 * python, "python -c")


def greet(server: socket.socket) -> None:
    """Say something to everybody who comes."""
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(GREETING)


def configs(folder: Path, count: int) -> Iterator[Path]:
    """The files of so many clients, and that of the gateway, which knows them all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = keys.generate()
    far = f"[Interface]\nPrivateKey = {own.reveal()}\nAddress = 10.8.0.1/16\nListenPort = {port}\n"
    files: list[Path] = []
    for number in range(count):
        key, address = keys.generate(), f"10.8.1.{number + 1}/32"
        far += f"[Peer]\nPublicKey = {keys.public_key(key)}\nAllowedIPs = {address}\n"
        text = (
            f"[Interface]\nPrivateKey = {key.reveal()}\nAddress = {address}\n"
            f"[Peer]\nPublicKey = {keys.public_key(own)}\nEndpoint = 127.0.0.1:{port}\n"
            "AllowedIPs = 10.8.0.0/16\n"
        )
        files.append(write(folder / f"client{number}.conf", text))
    write(folder / "server.conf", far)
    return iter(files)


def write(path: Path, text: str) -> Path:
    """A file that only this user can read."""
    path.touch(0o600)
    path.write_text(text)
    return path


def seconds(words: tuple[str, ...], environment: dict[str, str]) -> float:
    """From the start of a command to the first byte that it writes."""
    began = time.perf_counter()
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment or None
    ) as process:
        assert process.stdout is not None
        if not os.read(process.stdout.fileno(), 1):
            raise ChildProcessError(f"{words[0]} wrote nothing")
        took = time.perf_counter() - began
        process.stdout.read()
    return took


if __name__ == "__main__":
    run(first_byte)
