"""A program on a line that changes: the steps of a scenario, tested in virtual time.

This is how a test of your own can look: no root, no waiting, the same result on every machine. A
sensor sends a packet each 20 ms; the test asks how many arrive before, in and after an outage.
"""

import usernet

LINE = "sensor.tx -> collector.rx"
GOOD = usernet.profile("lte").link.up.replace(loss="1%")


def delivered(net: usernet.Network) -> int:
    """Packets that have arrived so far."""
    return net.statistics().impairments[LINE.replace(" ", "")].packets_out


def main() -> None:
    """Ten seconds: good for four, cut for two, good again."""
    net = usernet.Network(seed=7)
    net.app("sensor", usernet.Source(size=200, packets_per_second=50))
    net.app("collector", usernet.Sink())
    net.connect(LINE, GOOD)

    net.advance("4s")
    before = delivered(net)
    net.impair(LINE, GOOD.replace(down=True))
    net.advance("2s")
    during = delivered(net) - before
    net.impair(LINE, GOOD)
    net.advance("4s")
    after = delivered(net) - before - during

    print(f"before {before}, in the outage {during}, after {after}")
    assert during <= 2, "only what was under way may still arrive"
    assert (before + during) / 200 > 0.97, "1 % loss, give or take"


if __name__ == "__main__":
    main()
