"""Known: a name that may be said is returned, and of another it is told what is near."""

from __future__ import annotations

import pytest

from usernet.config.known import known
from usernet.errors import ConfigError

NAMES = ("delay", "jitter", "loss")


def test_a_name_that_is_known_is_returned() -> None:
    assert known("loss", NAMES, path="down.loss") == "loss"


def test_where_there_is_nothing_that_is_said() -> None:
    with pytest.raises(ConfigError) as caught:
        known("media", (), path="flow.media", what="flow")
    assert str(caught.value) == "flow.media: unknown flow 'media': there is none"


def test_one_that_is_not_brings_what_is_near() -> None:
    with pytest.raises(ConfigError, match="delay") as caught:
        known("dealy", NAMES, path="down.dealy")
    assert caught.value.path == "down.dealy"
