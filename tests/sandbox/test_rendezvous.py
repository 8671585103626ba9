"""Networks by name: found by their user, and gone with who named them."""

import os
import subprocess
import sys

import pytest

from usernet.errors import ConfigError
from usernet.sandbox.network import Namespaces, identity
from usernet.sandbox.rendezvous import Rendezvous, ask, names

ASKS = """
import sys
from usernet.sandbox.network import identity
from usernet.sandbox.rendezvous import ask
print(identity(ask(sys.argv[1]).network))
"""


@pytest.fixture
def own() -> Namespaces:
    return Namespaces.of_this_process(user=False)


def test_another_process_gets_the_namespaces(own: Namespaces) -> None:
    rendezvous = Rendezvous("un-test-a", own)
    try:
        words = [sys.executable, "-c", ASKS, "un-test-a"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as asking:
            answered = False
            while asking.poll() is None and not answered:
                answered = rendezvous.answer()
            out, _ = asking.communicate(timeout=20)
    finally:
        rendezvous.close()
        own.close()
    assert int(out) == identity(os.open("/proc/self/ns/net", os.O_RDONLY))


def test_a_name_is_taken_once_and_free_when_its_owner_is_gone(own: Namespaces) -> None:
    rendezvous = Rendezvous("un-test-b", own)
    assert "un-test-b" in names()
    with pytest.raises(ConfigError, match="a network of this name runs already"):
        Rendezvous("un-test-b", own)
    rendezvous.close()
    Rendezvous("un-test-b", own).close()
    assert "un-test-b" not in names()
    own.close()


def test_an_unknown_name_is_told_with_the_nearest_or_with_all(own: Namespaces) -> None:
    rendezvous = Rendezvous("un-test-c", own)
    with pytest.raises(ConfigError, match=r'"un-test-d".*did you mean un-test-c\?'):
        ask("un-test-d")
    with pytest.raises(ConfigError, match=r"there are .*un-test-c"):
        ask("zzz")
    rendezvous.close()
    own.close()


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ü", "a" * 65])
def test_what_is_no_name(name: str, own: Namespaces) -> None:
    with pytest.raises(ConfigError, match="not a name for a network"):
        Rendezvous(name, own)
    with pytest.raises(ConfigError, match="not a name for a network"):
        ask(name)
    own.close()
