"""``usernet status``: what every tunnel of this user is doing, as ``wg show``."""

from __future__ import annotations

import json
import sys
from typing import Annotated

from cyclopts import Parameter

from usernet.tunnel.agent_client import running

__all__ = ["status"]


def status(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Show what every tunnel of this user is doing, as `wg show` does.

    These are the tunnels that agents hold for commands, those of usernet gateway, and those of
    usernet run --wireguard.

    Args:
        as_json: Print a list as JSON.
    """
    found = [one for _, one in running()]
    if as_json:
        print(json.dumps([one.to_json() for one in found]))
    elif found:
        print("\n\n".join(map(str, found)))
    elif sys.stderr.isatty():
        sys.stderr.write("no tunnel of yours runs\n")
