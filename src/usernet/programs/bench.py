"""``usernet bench``: the engine's speed on this machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from usernet.config import units
from usernet.net import speed

__all__ = ["bench"]


def bench(
    *, duration: str = "1s", as_json: Annotated[bool, Parameter(name="--json")] = False
) -> None:
    """Measure how fast the engine is on this machine.

    Source → tee → sink is Snabb's snabbmark basic1: packets of 60 bytes that a source makes and
    a tee copies to two inputs of a sink.

    Args:
        duration: How long each of five graphs runs.
        as_json: Print JSON.
    """
    found = speed.measure(units.nanoseconds(duration) / 1e9, report=_say)
    if as_json:
        print(json.dumps(asdict(found)))
        return
    print(f"source → tee → sink     {found.basic1_mpps:7.1f} million packets/s")
    print(f"each further app        {found.ns_per_app:7.2f} ns a packet")
    print(f"each emulated packet    {found.ns_per_emulated_packet:7.1f} ns")


def _say(what: str) -> None:
    """Progress, for a person who waits."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{what} …")
