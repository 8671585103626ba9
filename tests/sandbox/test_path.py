"""Two hosts and the place between them."""

import json

import pytest

from usernet.sandbox.path import CLIENT, SERVER, path

pytestmark = pytest.mark.root


@pytest.mark.parametrize("address", SERVER)
def test_hosts_reach_each_other_when_their_ends_are_joined(address: str) -> None:
    with path() as made:
        made.bridge()
        made.client.run("ping", "-c1", "-W5", address)
        made.unbridge()
        with pytest.raises(ChildProcessError, match="100% packet loss"):
            made.client.run("ping", "-c1", "-W0.1", address)


def test_introduced_hosts_never_ask() -> None:
    with path() as made:
        made.introduce()
        known = json.loads(made.server.run("ip", "-json", "neigh"))
        assert {one["dst"] for one in known} == set(CLIENT)
        assert {tuple(one["state"]) for one in known} == {("PERMANENT",)}


def test_the_middle_has_no_addresses_and_the_hosts_none_but_theirs() -> None:
    with path() as made:
        assert "inet" not in made.middle.run("ip", "address", "show", "dev", "a")
        links = json.loads(made.client.run("ip", "-json", "address", "show", "dev", "eth0"))
        assert [one["local"] for one in links[0]["addr_info"]] == list(CLIENT)
