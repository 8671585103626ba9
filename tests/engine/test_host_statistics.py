"""What a host has counted, as the core writes it and as it is read."""

from __future__ import annotations

import pytest

from usernet.config.host import HostConfig
from usernet.config.topology import Topology
from usernet.engine import Engine
from usernet.engine.host_statistics import HostStatistics, InterfaceStatistics

RAW = {
    "kind": "host",
    "interfaces": {
        "eth0": {"packets_in": 1, "bytes_in": 60, "packets_out": 2, "bytes_out": 120},
    },
    "forwarded": 3,
    "dropped": {"no_route": 4, "ttl": 1},
    "sockets": {"listen": 2},
    "sockets_refused": 5,
    "memory": 1000,
    "memory_used": 10,
}


def test_it_is_read_as_the_core_writes_it() -> None:
    host = HostStatistics.from_core(RAW)
    assert host.interfaces == {"eth0": InterfaceStatistics(1, 60, 2, 120)}
    assert (host.forwarded, host.dropped_total, host.sockets_refused) == (3, 5, 5)
    assert (host.sockets, host.memory, host.memory_used) == ({"listen": 2}, 1000, 10)


def test_nobody_can_change_it() -> None:
    host = HostStatistics.from_core(RAW)
    with pytest.raises(TypeError):
        host.dropped["ttl"] = 0  # type: ignore[index]


def test_the_core_writes_it_so() -> None:
    engine = Engine(virtual=True)
    engine.configure(Topology({"a": HostConfig()}))
    assert engine.statistics().hosts["a"] == HostStatistics.from_core(
        {**RAW, "interfaces": {}, "forwarded": 0, "dropped": {}, "sockets": {}}
        | {"sockets_refused": 0, "memory": 256 << 20, "memory_used": 0}
    )
    engine.stop()
