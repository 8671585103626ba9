"""Names: hosts by name, and what else a network knows."""

from __future__ import annotations

import socket
from ipaddress import ip_interface

import pytest

from usernet.config.addressing import HostPlan, Plan
from usernet.errors import ConfigError
from usernet.net.names import Names, name_of

PLAN = (
    Plan()
    .with_host("server", HostPlan(tuple(map(ip_interface, ("10.0.0.1/24", "fd00::1/64")))))
    .with_host("Www.example", HostPlan((ip_interface("10.0.0.2/24"),)))
)


def found(names: Names, name: str, family: int = 0) -> list[str]:
    return names.addresses(PLAN, name, family)


class TestAddresses:
    def test_hosts_by_name(self) -> None:
        assert found(Names(), "server") == ["10.0.0.1", "fd00::1"]
        assert found(Names(), "server", socket.AF_INET) == ["10.0.0.1"]
        assert found(Names(), "server", socket.AF_INET6) == ["fd00::1"]

    @pytest.mark.parametrize("name", ["SERVER", "server.", "www.EXAMPLE"])
    def test_case_and_the_dot_at_the_end_do_not_matter(self, name: str) -> None:
        assert found(Names(), name)

    def test_an_address_stands_for_itself(self) -> None:
        assert found(Names(), "192.0.2.1") == ["192.0.2.1"]
        assert found(Names(), "192.0.2.1", socket.AF_INET6) == []
        assert found(Names(), "FD00:0::1") == ["fd00::1"]

    def test_nobody_knows_others(self) -> None:
        assert found(Names(), "nowhere") == []
        assert found(Names(), "") == []

    def test_names_beside_those_of_hosts(self) -> None:
        names = Names()
        names["db.internal"] = "server"
        names["db"] = "DB.internal."
        names["pool"] = ("10.0.0.9", "fd00::9")
        names["one"] = "10.0.0.8"
        assert found(names, "db") == ["10.0.0.1", "fd00::1"]
        assert found(names, "pool", socket.AF_INET6) == ["fd00::9"]
        assert found(names, "one") == ["10.0.0.8"]

    def test_a_host_comes_before_a_name(self) -> None:
        names = Names()
        names["server"] = "10.9.9.9"
        assert found(names, "server", socket.AF_INET) == ["10.0.0.1"]

    def test_names_in_a_ring_stand_for_nothing(self) -> None:
        names = Names()
        names["a"], names["b"] = "b", "a"
        assert found(names, "a") == []


class TestMapping:
    def test_it_is_one(self) -> None:
        names = Names()
        names["A."] = "server"
        names["pool"] = ["10.0.0.9"]
        assert dict(names) == {"a": "server", "pool": ("10.0.0.9",)}
        assert "a" in names
        assert names["a."] == "server"
        del names["A"]
        assert len(names) == 1
        with pytest.raises(KeyError):
            names["a"]

    @pytest.mark.parametrize("name", ["", "a b", "10.0.0.1"])
    def test_what_is_no_name_is_refused(self, name: str) -> None:
        with pytest.raises(ConfigError, match="no name for a host"):
            Names()[name] = "server"

    def test_several_have_to_be_addresses(self) -> None:
        with pytest.raises(ConfigError, match=r'names\.pool = "server": no address'):
            Names()["pool"] = ("10.0.0.9", "server")
        with pytest.raises(ConfigError, match="a name that stands for nothing"):
            Names()["pool"] = ()


def test_the_name_of_an_address() -> None:
    assert name_of(PLAN.owners, "fd00:0::1") == "server"
    assert name_of(PLAN.owners, "10.9.9.9") is None
    assert name_of(PLAN.owners, "server") is None
