"""Frames of 60 bytes from veth to veth, beside a plain forwarder of recvmmsg and sendmmsg."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from benches.figures import Figure, at_least, compiled, run
from usernet.sandbox import Command, Namespace, Path, path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

SECONDS = 2.0
ROUNDS = 3
SHARE = 1.5 * 0.39 / 0.525
"""1.5 times what Snabb's RawSocket does, which does 0.39 where such a forwarder does 0.525 Mpps."""


def frames() -> Iterator[Figure]:
    """Frames of 60 bytes, veth to veth."""
    with compiled("forwarder", "traffic") as (forwarder, traffic), path() as place:
        rates = [
            (forwarded(place, str(traffic), None), forwarded(place, str(traffic), str(forwarder)))
            for _ in range(ROUNDS)
        ]
    ours, plain = (sorted(column)[ROUNDS // 2] for column in zip(*rates, strict=True))
    yield at_least(
        SHARE, "60-byte frames forwarded", ours, "Mpps", peer=plain, peer_name="recvmmsg in C"
    )


def forwarded(place: Path, traffic: str, forwarder: str | None) -> float:
    """Millions of frames a second that reach the server, by its interface's counter."""
    with joined(place, forwarder):
        before, began = received(place.server), time.monotonic()
        place.client.run(traffic, "frames", "eth0", str(SECONDS))
        return (received(place.server) - before) / (time.monotonic() - began) / 1e6


def joined(place: Path, forwarder: str | None) -> AbstractContextManager[Command | None]:
    """What joins the two ends: usernet, or the forwarder."""
    if forwarder is None:
        return place.emulate("--quiet", "--json")
    command = place.middle.start(forwarder, "a", "b")
    command.wait_for("ready")
    return command


def received(host: Namespace) -> int:
    """Packets that its interface has taken."""
    (link,) = json.loads(host.run("ip", "-json", "-stats", "link", "show", "eth0"))
    return int(link["stats64"]["rx"]["packets"])


if __name__ == "__main__":
    run(frames)
