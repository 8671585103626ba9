"""All benches, one after another."""

from benches.bridge import bridge
from benches.engine import engine
from benches.figures import run
from benches.frames import frames
from benches.memory import memory
from benches.streams import streams

for bench in (engine, bridge, frames, memory, streams):
    run(bench)
