"""Hosts: asyncio's names on a host, against an ideal network."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from usernet.net.host import Host

if TYPE_CHECKING:
    from usernet.net.border import HostNetwork


def test_a_host_has_its_name() -> None:
    network = cast("HostNetwork", None)
    assert Host(network, "laptop").name == "laptop"
