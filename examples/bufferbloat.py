"""Bufferbloat: how long a packet waits in a full queue, and what active queue management changes.

A sender sends 5 % more than the line takes, for 30 seconds of virtual time. It does not slow down
as TCP would: what is compared is the queue alone. Needs no privilege, and gives the same numbers on
every run.
"""

import usernet

LINE = "source.tx -> sink.rx"
SENT = usernet.Source(size=1250, packets_per_second=1050)  # 10.5 Mbit/s


def run(**queue: str) -> usernet.ImpairmentStatistics:
    """What a line of 10 Mbit/s with this queue has done after 30 seconds."""
    net = usernet.Network(seed=1)
    net.app("source", SENT)
    net.app("sink", usernet.Sink())
    net.connect(LINE, usernet.Impairment.of({"rate": "10mbit", "delay": "20ms", **queue}))
    net.advance("30s")
    return net.statistics().impairments[LINE.replace(" ", "")]


def main() -> None:
    """Print a line for each queue."""
    queues = {
        "drop-tail, 1 s": {"queue": "1s"},
        "drop-tail, 100 ms": {"queue": "100ms"},
        "CoDel": {"queue": "1s", "aqm": "codel"},
        "FQ-CoDel": {"queue": "1s", "aqm": "fq_codel"},
        "PIE": {"queue": "1s", "aqm": "pie"},
    }
    print(f"{'queue':<20}{'wait at the end':>16}{'delivered':>12}   dropped")
    for name, queue in queues.items():
        line = run(**queue)
        wait = f"{line.queue_ns / 1e6:.0f} ms"
        print(f"{name:<20}{wait:>16}{line.packets_out:>12}   {dict(line.dropped)}")


if __name__ == "__main__":
    main()
