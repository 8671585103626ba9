"""How fast the engine is: that what is measured is what is named."""

from usernet.net import speed


def test_what_is_measured_next_is_told() -> None:
    told: list[str] = []
    found = speed.measure(0.02, report=told.append)
    assert told == ["source → tee → sink", "16 more apps", "queue, rate, delay, jitter, loss"]
    assert found.basic1_mpps > 0


def test_an_emulated_packet_costs_more_than_an_app() -> None:
    assert speed.ns_per_emulated_packet(0.05) > speed.ns_per_app(0.05)
