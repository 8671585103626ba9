"""Reading netem lines of tc: keys, refusals, and the warnings about what netem really does."""

from __future__ import annotations

import warnings

import pytest

from usernet.config.impairment import Impairment
from usernet.config.tc import TcWarning
from usernet.config.tc_faults import netem_loss
from usernet.errors import ConfigError


def quiet(line: str) -> Impairment:
    """Read a line that must not warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return Impairment.from_tc(line)


def warned(line: str) -> list[str]:
    """The warnings of a line."""
    with pytest.warns(TcWarning) as caught:
        Impairment.from_tc(line)
    return [str(warning.message).removeprefix("netem ") for warning in caught]


def test_a_whole_command() -> None:
    line = "tc qdisc add dev eth0 root netem delay 100ms loss random 1% rate 1mbit 4 48 -5"
    with pytest.raises(ConfigError, match="cell_overhead"):
        quiet(line)
    assert quiet(line.replace("-5", "5")) == Impairment(
        delay="100ms",
        loss="1%",
        rate="1mbit",
        overhead="4b",
        cell="48b",
        cell_overhead="5b",
        compat="netem",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("netem loss 50% 25%", Impairment(loss="50% 25%", compat="netem")),
        ("netem latency 5ms drop 1", Impairment(delay="5ms", loss="1%", compat="netem")),
        ("netem loss state 1 90 1", Impairment(loss="state 1% 90% 1%", compat="netem")),
        (
            "netem loss gemodel 1% 10% 70% .1% ecn",
            Impairment(loss="gemodel 1% 10% 70% 0.1%", ecn=True, compat="netem"),
        ),
        ("netem duplicate 1% limit 5", Impairment(duplicate="1%", limit=5, compat="netem")),
        (
            "netem slot 20ms 30ms packets 3 bytes 5000 duplicate 1",
            Impairment(slot="20ms 30ms packets 3 bytes 5000b", duplicate="1%", compat="netem"),
        ),
        (
            "netem slot distribution pareto 20ms 5ms delay 1ms",
            Impairment(slot="distribution pareto 20ms 5ms", delay="1ms", compat="netem"),
        ),
        ("netem rate 1000000 -4", Impairment(rate="1mbit", overhead="-4b", compat="netem")),
        (
            "netem delay 10ms reorder 25% gap 5",
            Impairment(delay="10ms", reorder="25%", gap=5, compat="netem"),
        ),
    ],
)
def test_parameters(line: str, expected: Impairment) -> None:
    assert quiet(line) == expected


def test_the_exact_model_has_a_queue_instead_of_a_limit() -> None:
    assert Impairment.from_tc("netem rate 1mbit limit 20", compat=None) == Impairment(
        rate="1mbit", queue="20packets"
    )
    assert Impairment.from_tc("netem loss 1% limit 20", compat=None) == Impairment(loss="1%")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("tbf rate 1mbit", "the word netem is missing"),
        ("netem dealy 1ms", "did you mean delay"),
        ("netem delay 100", "needs a unit"),
        ("netem loss", "a percentage is missing"),
        ("netem loss 101%", "0% to 100%"),
        ("netem limit x", "not a whole number"),
    ],
)
def test_refusals(line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Impairment.from_tc(line)


@pytest.mark.parametrize(
    ("p", "correlation", "expected"),
    [
        # What an integer simulation of netem's generator gave.
        (0.003, 0.25, 0.0),
        (0.01, 0.25, 0.000003),
        (0.05, 0.25, 0.0019),
        (0.10, 0.25, 0.0175),
        (0.10, 0.50, 0.0011),
        (0.20, 0.50, 0.029),
        (0.50, 0.50, 0.50),
        (0.20, 0.0, 0.20),
        (0.20, 1.0, 0.20),
    ],
)
def test_correlated_loss_of_netem(p: float, correlation: float, expected: float) -> None:
    assert netem_loss(p, correlation) == pytest.approx(expected, rel=0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("line", "messages"),
    [
        ("netem loss 0.3% 25%", ["loss 0.3% 25%: its correlation makes that less than 0.01% of"]),
        ("netem loss random 10% 25%", ["loss 10% 25%: its correlation makes that about 1.75%"]),
        ("netem delay 9ms 2ms", ["delay: jitter reorders packets"]),
        (
            "netem delay 9ms 2ms 50% rate 1mbit distribution pareto",
            ["delay: its correlation has no effect", "distribution pareto: its"],
        ),
        ("netem reorder 25% gap 5", ["reorder: without a delay"]),
        ("netem rate 1gbit delay 50ms", ["limit 1000: rate by delay is 4129 packets in flight"]),
        ("netem corrupt 1%", ["corrupt: the flipped bit breaks the checksum"]),
        ("netem loss 1% seed 7", ["seed: netem seeds only a part"]),
    ],
)
def test_warnings(line: str, messages: list[str]) -> None:
    texts = warned(line)
    assert len(texts) == len(messages)
    for text, message in zip(texts, messages, strict=True):
        assert text.startswith(message)


def test_a_warning_points_at_the_caller() -> None:
    with pytest.warns(TcWarning) as caught:
        Impairment.from_tc("netem corrupt 1%")
    assert caught[0].filename == __file__
