"""What tests of a network of a program's own share: a command that runs a program in one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_DRIVER = """
import select, sys
from usernet.errors import UsernetError
from usernet.sandbox.enclosure import Enclosure
from usernet.sandbox.network import Plan
from usernet.sandbox.signals import Watch

watch = Watch()
plan = Plan("nameserver 192.0.0.1\\n", "127.0.0.1 localhost\\n192.0.0.3 host.usernet\\n", 1400)
try:
    with Enclosure(sys.argv[1:], watch, plan) as enclosure:
        enclosure.start()
        while True:
            ready, _, _ = select.select([enclosure, watch], [], [])
            for number in watch.numbers():
                enclosure.signal(number)
            if enclosure in ready:
                code = enclosure.code()
                break
except UsernetError as error:
    print(error, file=sys.stderr)
    code = error.exit_code
sys.exit(code if code >= 0 else 128 - code)
"""


@pytest.fixture(scope="session")
def enclosed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A command that runs the program of its arguments in a network whose other end is silent."""
    driver = tmp_path_factory.mktemp("enclosed") / "driver.py"
    driver.write_text(_DRIVER)
    return sys.executable, str(Path(driver))
