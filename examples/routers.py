"""A small internet: two offices, each a LAN behind a router, and a satellite line between them.

Interfaces and routes follow from the links. Shows switches, forwarding hosts, names and ``ping``,
and what each link saw; in virtual time, so the same on every run.
"""

import usernet


def build(net: usernet.Network) -> None:
    """Two LANs, two routers, and a satellite line between them."""
    for number, office in enumerate(("north", "south"), start=1):
        net.switch(office)
        net.host(f"gate.{office}", f"10.{number}.0.1/24", f"192.0.2.{number}/30", forward=True)
        net.link(f"gate.{office}", office, delay="100us")
        for desk in range(2, 5):
            net.host(f"desk{desk}.{office}", f"10.{number}.0.{desk}/24")
            net.link(f"desk{desk}.{office}", office, delay="100us")
    net.link("gate.north", "gate.south", rtt="560ms", rate="2mbit", loss="1%", name="satellite")
    net.names["printer"] = "desk4.south"


async def main() -> None:
    """Ping around, and say what the links saw."""
    async with usernet.Network(seed=7) as net:
        build(net)
        for target in ("desk3.north", "gate.south", "printer"):
            result = await net.hosts["desk2.north"].ping(target, count=5)
            assert result.received
            print(f"{target:>12} {result.received} of 5 replies, {result.rtt * 1000:.1f} ms")
        for name, link in net.links.items():
            print(f"{name:>25} {link.flow.received.packets} packets")


if __name__ == "__main__":
    usernet.simulate(main(), seed=7)
