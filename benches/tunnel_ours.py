"""Work through a tunnel of usernet's, by the words that any peer's program takes as well.

::

    [--workers=N] KEYFILE PEER ENDPOINT ADDRESS TARGET WORK AMOUNT

A file with the private key, the peer's public key and its endpoint, the address inside, the
server's address and port inside, and what to do (see `benches.tunnel_ends`). One figure is printed.
With workers, so many threads encrypt and decrypt beside the engine's.
"""

from __future__ import annotations

import sys
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import usernet
from benches.tunnel_ends import CHUNK, WORKS
from usernet.config.keys import PrivateKey, PublicKey
from usernet.config.wireguard import Endpoint, Peer, TunnelConfig

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["main"]


def main() -> None:
    """Do the work, print the figure."""
    *options, keyfile, public, endpoint, address, target, work, amount = sys.argv[1:]
    workers = sum(int(option.removeprefix("--workers=")) for option in options)
    host, _, port = target.rpartition(":")
    peer = Peer(
        PublicKey.parse(public), Endpoint.parse(endpoint), allowed_ips=(ip_network("0.0.0.0/0"),)
    )
    key = PrivateKey.parse(Path(keyfile).read_text().strip())
    config = TunnelConfig(key, (ip_interface(address),), (peer,))
    with usernet.Tunnel(config, workers=workers) as tunnel:

        def dial() -> socket.socket:
            return tunnel.create_connection((host, int(port)), timeout=20)

        dial().close()
        print(memory(dial, int(amount)) if work == "memory" else WORKS[work](dial, float(amount)))


def memory(dial: Callable[[], socket.socket], size: int) -> float:
    """The most memory that the process ever had in MiB, after a download of so many bytes."""
    room = bytearray(CHUNK)
    with dial() as connection:
        connection.sendall(b"d")
        while size > 0:
            size -= connection.recv_into(room)
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
