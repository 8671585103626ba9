"""Interfaces that nobody else has: told by whom, given back, and never half claimed."""

import os
import re
import subprocess
import sys

import pytest

from usernet.errors import InterfaceError
from usernet.net.claim import Claims

HELD = """
import sys
from usernet.net.claim import Claims
claims = Claims(sys.argv[1:])
print(flush=True)
sys.stdin.read()
"""


def names(*ends: str) -> list[str]:
    """Interfaces of this process's own, whoever else runs these tests."""
    return [f"un{os.getpid()}{end}" for end in ends]


def test_who_has_it_is_told() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD, *names("a")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        said = re.escape(f"{names('a')[0]}: another line has it, process {other.pid}: ")
        with pytest.raises(InterfaceError, match=f"^{said}"):
            Claims(names("a"))
        other.kill()
    Claims(names("a")).give_back()


def test_what_was_given_back_may_be_had_again() -> None:
    for _ in range(2):
        Claims(names("a", "b")).give_back()


def test_all_or_none() -> None:
    held = Claims(names("b"))
    with pytest.raises(InterfaceError) as refused:
        Claims(names("a", "b"))
    assert refused.value.interface == names("b")[0]
    Claims(names("a")).give_back()
    held.give_back()


def test_many_who_ask_are_all_refused() -> None:
    held = Claims(names("a"))
    for _ in range(300):
        with pytest.raises(InterfaceError, match="another line has it"):
            Claims(names("a"))
    held.give_back()


def test_a_name_that_no_interface_has_is_left_to_the_engine() -> None:
    twice = ["x" * 200] * 2
    Claims(twice).give_back()
