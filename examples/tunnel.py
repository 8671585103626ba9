"""A WireGuard tunnel on a bad line, in virtual time: an upload, and what both ends say of it.

No root, no network, no waiting. `usernet.Tunnel` enters a real one.
"""

import asyncio
from ipaddress import ip_address, ip_network

import usernet
from usernet import Endpoint, Peer, public_key

SIZE = 2_000_000


def devices(net: usernet.Network) -> tuple[usernet.WireGuardDevice, usernet.WireGuardDevice]:
    """Two devices that are each other's peers: the office waits, the laptop calls."""
    laptop, office = usernet.generate_key(), usernet.generate_key()
    caller = Peer(public_key(laptop), None, (ip_network("10.0.0.2/32"),))
    called = Peer(
        public_key(office), Endpoint.parse("192.0.2.1:51820"), (ip_network("10.0.0.0/24"),)
    )
    here = usernet.WireGuard(laptop, (called,), address=ip_address("192.0.2.2"))
    there = usernet.WireGuard(office, (caller,), port=51820, address=ip_address("192.0.2.1"))
    return net.wireguard("wg-laptop", here), net.wireguard("wg-office", there)


async def main() -> None:
    """Upload something, and show what each end says, as wg show does."""
    async with usernet.Network() as net:
        laptop, office = net.host("laptop", "10.0.0.2/32"), net.host("office", "10.0.0.1/24")
        here, there = devices(net)
        net.link(laptop, here.inside)
        net.link(office, there.inside)
        line = net.link(here.outside, there.outside, usernet.profile("lte"), loss="1%")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"%d" % len(await reader.read()))
            writer.close()

        await office.start_server(serve, port=80)
        reader, writer = await laptop.open_connection("office", 80, options={"congestion": "bbr"})
        writer.write(bytes(SIZE))
        writer.write_eof()
        took = asyncio.get_running_loop().time
        print(f"{int(await reader.read())} bytes arrived in {took():.1f} s of virtual time")
        writer.close()
        print(f"the line dropped {line.statistics().up.dropped_total} encrypted packets\n")
        print(there.status())


if __name__ == "__main__":
    usernet.simulate(main(), seed=7)
