"""Signals that are noted; in processes of their own, since a process has one set of handlers."""

import subprocess
import sys

NOTES = """
import os, select, signal, sys
from usernet.sandbox.signals import PASSED_ON, Watch
signal.signal(signal.SIGHUP, signal.SIG_IGN)
watch = Watch([signal.SIGCHLD])
for number in (*PASSED_ON, signal.SIGCHLD):
    os.kill(os.getpid(), number)
print(sorted(watch.numbers()), watch.numbers())
print(signal.getsignal(signal.SIGTTOU) == signal.SIG_IGN)
watch.close()
print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, signal.getsignal(signal.SIGTTOU))
"""

HELD = """
import os, signal
from usernet.sandbox.signals import Watch, held_back
watch = Watch()
with held_back():
    os.kill(os.getpid(), signal.SIGTERM)
    print(list(watch.numbers()))
print(list(watch.numbers()))
inner = Watch([signal.SIGCHLD], watch)
os.kill(os.getpid(), signal.SIGUSR1)
print(list(watch.numbers()), list(inner.numbers()), inner.mask == watch.mask == set())
inner.forget()
print([signal.getsignal(n).name for n in (signal.SIGTERM, signal.SIGTTOU, signal.SIGPIPE)])
"""


def ran(code: str) -> list[str]:
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.splitlines()


def test_each_is_noted_once_but_those_that_were_ignored() -> None:
    noted, terminal, restored = ran(NOTES)
    assert noted == "[2, 3, 10, 12, 15, 17] b''"
    assert terminal == "True"
    assert restored.split() == ["True", "0"] or restored == "True Handlers.SIG_DFL"


def test_held_back_they_come_after_and_a_forked_process_notes_its_own() -> None:
    assert ran(HELD) == [
        "[]",
        "[15]",
        "[] [10] True",
        "['SIG_DFL', 'SIG_DFL', 'SIG_DFL']",
    ]
