"""All benches, one after another."""

from benches.bridge import bridge
from benches.connections import connections
from benches.engine import engine
from benches.figures import run
from benches.flow_rate import flow_rate
from benches.flows import flows
from benches.frames import frames
from benches.gateway import gateway
from benches.linux_tcp import linux_tcp
from benches.memory import memory
from benches.streams import streams

for bench in (
    engine,
    flows,
    flow_rate,
    bridge,
    frames,
    gateway,
    memory,
    streams,
    connections,
    linux_tcp,
):
    run(bench)
