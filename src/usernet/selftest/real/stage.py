"""Stage: the interfaces between which packets are measured.

::

    usn-in0 ══ usn-in1 ─ emulator ─ usn-out1 ══ usn-out0
    sender     stamped                           stamped

Each ══ is a veth pair (veth(4)). They stand in a network namespace made for them, and vanish
with it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["EMULATOR_IN", "EMULATOR_OUT", "RECEIVER", "SENDER", "received", "set_up"]

SENDER, EMULATOR_IN = "usn-in0", "usn-in1"
RECEIVER, EMULATOR_OUT = "usn-out0", "usn-out1"


def set_up() -> None:
    """Make the interfaces in this namespace.

    Raises:
        OSError: There is no ``ip`` program.
        subprocess.CalledProcessError: It could not make them; its ``stderr`` says why.
    """
    for one, other in ((SENDER, EMULATOR_IN), (RECEIVER, EMULATOR_OUT)):
        _ip("link", "add", one, "type", "veth", "peer", "name", other)
    for interface in (SENDER, EMULATOR_IN, RECEIVER, EMULATOR_OUT):
        _silence(interface)
        _ip("link", "set", interface, "up")


def received() -> int:
    """How many packets came to the receiver so far."""
    lines = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.strip().startswith(f"{RECEIVER}:"))
    return int(line.partition(":")[2].split()[1])


def _silence(interface: str) -> None:
    """Without IPv6 an interface sends nothing of its own, which would be counted as traffic."""
    switch = Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
    if switch.exists():
        switch.write_text("1", encoding="ascii")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
