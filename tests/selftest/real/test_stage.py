"""The interfaces of the stage."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SET_UP = """
import socket
from usernet.selftest.real import stage
stage.set_up()
names = sorted(name for _, name in socket.if_nameindex() if name.startswith("usn-"))
print(*names, stage.received())
"""


@pytest.mark.root
def test_two_pairs_stand_and_are_silent() -> None:
    command = ["unshare", "--net", sys.executable, "-c", _SET_UP]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["usn-in0", "usn-in1", "usn-out0", "usn-out1", "0"]
