"""Three congestion controls on the same line: the same loss, the same delay, the same seed.

Two hosts in this program, 20 Mbit/s and 80 ms between them; in virtual time, so that a minute of
network takes a second or two. Needs no privilege, and gives the same numbers on every run.
"""

import asyncio
from typing import get_args

import usernet
from usernet.config.socket_options import Congestion

SIZE = 20_000_000


async def discard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read everything, and say that it is there."""
    while await reader.read(1 << 16):
        pass
    writer.write(b"done")
    writer.close()
    await writer.wait_closed()


async def upload(congestion: Congestion, loss: str) -> usernet.FlowStatistics:
    """Send it all over a lossy line; returns what happened on the wire."""
    async with usernet.Network(seed=7) as net:
        client = net.host("client", "10.0.0.1/24", congestion=congestion)
        server = net.host("server", "10.0.0.2/24")
        net.link(client, server, rtt="80ms", rate="20mbit", queue="100ms", up=f"loss={loss}")
        await server.start_server(discard, port=80)
        reader, writer = await client.open_connection("server", 80)
        writer.write(bytes(SIZE))
        writer.write_eof()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return net.flow(client, server)


def main() -> None:
    """A table: goodput and what was sent again."""
    print(f"{'loss':>6} {'congestion':>12} {'goodput':>12} {'sent again':>12}")
    for loss in ("0%", "0.1%", "1%"):
        for congestion in get_args(Congestion):
            flow = usernet.simulate(upload(congestion, loss))
            assert flow.data == SIZE
            print(f"{loss:>6} {congestion:>12} {flow.goodput!s:>12} {flow.retransmissions:>12}")


if __name__ == "__main__":
    main()
