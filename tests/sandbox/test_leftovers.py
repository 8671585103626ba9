"""The end of processes, and of those that they leave behind."""

import os
import subprocess
import sys

import pytest

from usernet.sandbox.leftovers import children, end_all, inhabitants
from usernet.sandbox.namespace import Namespace

ORPHANS = """
import subprocess, sys
from usernet.sandbox.leftovers import children, end_all
from usernet.sandbox.system_calls import adopt_orphans
adopt_orphans()
made = subprocess.Popen(
    ["sh", "-c", "setsid sh -c 'sleep 1000 & sleep 1000 & echo $$; wait' & sleep 1000"],
    stdout=subprocess.PIPE, text=True,
)
made.stdout.readline()
print(len(children()))
end_all(children)
print(len(children()))
"""


def test_children_of_children_come_to_who_adopts_them_and_end() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ORPHANS], capture_output=True, text=True, check=True, timeout=20
    )
    assert ran.stdout.split() == ["1", "0"]


def test_nobody_to_end_is_no_reason_to_wait() -> None:
    asked: list[int] = []

    def found() -> list[int]:
        asked.append(1)
        return []

    end_all(found)
    assert asked == [1]


@pytest.mark.root
def test_the_inhabitants_of_a_network_are_found_and_end() -> None:
    with Namespace() as namespace, namespace.start("sleep", "1000") as sleeper:
        network = os.stat(f"/proc/{namespace.pid}/ns/net").st_ino
        while sleeper.pid not in (found := inhabitants(network)):
            assert found
        end_all(lambda: inhabitants(network))
        assert inhabitants(network) == set()


def test_a_child_is_among_the_children_until_it_has_ended() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert child.pid in children()
    assert child.pid not in children()
