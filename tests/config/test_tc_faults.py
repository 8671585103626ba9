"""Faults of netem: one sentence about each parameter that does not do what it says."""

from __future__ import annotations

import random

import pytest

from usernet.config.tc_faults import faults, netem_loss


def simulated(p: float, correlation: float, packets: int = 200_000) -> float:
    """The share of netem's correlated draws that are below p, by running them."""
    source, last, below = random.Random(1), 0.5, 0
    for _ in range(packets):
        last = (1 - correlation) * source.random() + correlation * last
        below += last < p
    return below / packets


class TestLoss:
    @pytest.mark.parametrize("p", [0.0, 0.003, 0.5, 1.0])
    @pytest.mark.parametrize("correlation", [0.0, 1.0])
    def test_without_a_correlation_it_is_what_it_says(self, p: float, correlation: float) -> None:
        assert netem_loss(p, correlation) == p

    @pytest.mark.parametrize(
        ("p", "correlation"), [(0.2, 0.25), (0.3, 0.5), (0.5, 0.5), (0.8, 0.25), (0.4, 0.75)]
    )
    def test_it_is_the_share_of_the_draws(self, p: float, correlation: float) -> None:
        # Four standard errors of the simulation, whose draws depend on each other.
        assert netem_loss(p, correlation) == pytest.approx(simulated(p, correlation), abs=0.008)

    def test_the_middle_is_the_middle(self) -> None:
        # The filtered draw is symmetric about 1/2.
        assert netem_loss(0.5, 0.25) == pytest.approx(0.5, abs=1e-3)

    def test_it_is_less_for_small_p_and_more_for_large(self) -> None:
        assert netem_loss(0.1, 0.5) < 0.1
        assert netem_loss(0.9, 0.5) > 0.9


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, []),
        ({"delay": "100ms", "loss": "1%"}, []),
        ({"loss": "1% 0"}, []),
        ({"loss": "state 1% 25%"}, []),
        (
            {"loss": "random 0.3% 25%"},
            ["loss 0.3% 25%: its correlation makes that less than 0.01% of the packets"],
        ),
        (
            {"delay": "100ms", "jitter": "20ms", "jitter_correlation": "25%", "rate": "1mbit"},
            ["delay: its correlation has no effect"],
        ),
        (
            {"delay": "100ms", "jitter": "20ms"},
            ["delay: jitter reorders packets that are closer together than it"],
        ),
        (
            {"distribution": "pareto"},
            [
                "distribution pareto: its mean is -0.033 and its deviation 0.82 of the jitter,"
                " not 0 and 1"
            ],
        ),
        ({"distribution": "normal"}, []),
        (
            {"reorder": "25%", "delay": "0"},
            ["reorder: without a delay there is nothing to overtake; left out"],
        ),
        ({"reorder": "25%", "delay": "10ms"}, []),
        (
            # 100 Mbit/s × 1 s = 12.5 MB, of packets of 1514 bytes.
            {"delay": "1s", "rate": "100mbit"},
            ["limit 1000: rate by delay is 8257 packets in flight; the others are dropped"],
        ),
        ({"delay": "1s", "rate": "100mbit", "limit": "8257"}, []),
        (
            {"corrupt": "1%"},
            ["corrupt: the flipped bit breaks the checksum, so TCP and UDP see loss"],
        ),
        (
            {"seed": "1"},
            ["seed: netem seeds only a part of its draws; give the seed to the run instead"],
        ),
    ],
    ids=str,
)
def test_what_is_said(found: dict[str, str], said: list[str]) -> None:
    assert list(faults(found)) == said


def test_the_share_is_named_where_it_is_not_tiny() -> None:
    (said,) = faults({"duplicate": "20% 25%"})
    share = netem_loss(0.2, 0.25)
    assert said == f"duplicate 20% 25%: its correlation makes that about {share:.2%} of the packets"


def test_several_are_told_in_the_order_of_the_checks() -> None:
    found = {"seed": "1", "corrupt": "1%", "delay": "1ms", "jitter": "1ms"}
    assert [said.split(":")[0] for said in faults(found)] == ["delay", "corrupt", "seed"]
