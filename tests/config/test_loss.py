"""Loss models: what each text means, and the loss that each model has in the long run."""

from __future__ import annotations

import pytest

from usernet.config.loss import FourState, GilbertElliott, Loss, RandomLoss, parse_loss
from usernet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1%", RandomLoss(0.01)),
        ("1% 25%", RandomLoss(0.01, 0.25)),
        ("1%,25%", RandomLoss(0.01, 0.25)),
        ("random 1% 25%", RandomLoss(0.01, 0.25)),
        ("gemodel 1%", GilbertElliott(0.01, 0.99)),
        ("gemodel 1% 10% 70% 0.1%", GilbertElliott(0.01, 0.1, 0.7, 0.001)),
        ("state 1%", FourState(0.01, 0.99)),
        ("state 1% 50% 20% 30% 2%", FourState(0.01, 0.5, 0.2, 0.3, 0.02)),
        ("burst 2% 4", GilbertElliott(0.02 / 0.98 / 4, 0.25)),
        ("0%", None),
        ("burst 0% 5", None),
        (0, None),
    ],
)
def test_texts(text: object, expected: Loss | None) -> None:
    assert parse_loss(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "probability is missing"),
        ("5", "needs its unit"),
        ("1% 2% 3%", "one word too many"),
        ("burst 2%", "mean burst length is missing"),
        ("burst 2% 0.5", "below one packet"),
        ("burst 2% nan", "below one packet"),
        ("burst 2% x", "below one packet"),
        ("burst 100% 5", "cannot lose so much"),
        ("burst 90% 2", "cannot lose so much"),
        ("state 60% 10% 0% 100% 50%", "more than 100% leaves a state"),
        ("state 1% 60% 50%", "more than 100% leaves a state"),
        (1.5, "text is expected"),
    ],
)
def test_refusals(text: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_loss(text, "down.loss")
    assert caught.value.path.startswith("down.loss")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1% 25%", 0.01),
        ("burst 2% 5", 0.02),
        ("gemodel 1% 10% 70% 0.1%", (0.001 * 0.1 + 0.7 * 0.01) / 0.11),
        ("gemodel 0% 0% 100% 3%", 0.03),
        # p13 and p31 alone are a simple Gilbert chain.
        ("state 1% 19%", 0.05),
        # p14 alone loses one packet after each 1/p14 on average.
        ("state 0% 100% 0% 100% 25%", 0.2),
        ("state 0% 0% 0% 0%", 0.0),
    ],
)
def test_long_run_rate(text: str, rate: float) -> None:
    loss = parse_loss(text)
    assert loss is not None
    assert loss.rate == pytest.approx(rate, rel=1e-12)


def test_plain_forms() -> None:
    assert RandomLoss(0.1, 0.2).to_core() == {"model": "random", "p": 0.1, "correlation": 0.2}
    assert GilbertElliott(0.1, 0.2).to_core() == {
        "model": "gilbert_elliott",
        "p": 0.1,
        "r": 0.2,
        "bad_loss": 1.0,
        "good_loss": 0.0,
    }
    assert FourState(0.1, 0.2).to_core() == {
        "model": "state",
        "p13": 0.1,
        "p31": 0.2,
        "p32": 0.0,
        "p23": 1.0,
        "p14": 0.0,
    }
