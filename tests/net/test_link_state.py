"""The state of a link: changes over what its scenario says, and cuts over both."""

from __future__ import annotations

import pytest

from usernet.config.impairment import Impairment
from usernet.config.link import Flow, Link, Sides
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError
from usernet.net.link_state import LinkState

LINK = Link(Impairment(loss="1%"), Impairment(delay="1ms"), (Flow("dns", "udp"),))
STATE = LinkState(Scenario(LINK))


def test_without_changes_it_is_the_scenario() -> None:
    assert STATE.over(LINK) == LINK
    assert STATE.over(Link()) == Link()


def test_changes_lie_over_each_other() -> None:
    state = STATE.changed(Sides.of({"both": "loss=2% rate=1mbit"})).changed(
        Sides.of({"up": "loss=none"})
    )
    assert state.over(LINK).up == Impairment(rate="1mbit")
    assert state.over(LINK).down == Impairment(delay="1ms", loss="2%", rate="1mbit")


def test_a_cut_is_over_everything_and_leaves_the_rest() -> None:
    cut = STATE.cut(up=True, down=False)
    assert cut.over(LINK) == LINK.cut(up=True, down=False)
    assert cut.cut(up=False, down=True).over(LINK) == LINK.cut(up=True, down=True)
    assert cut.restored(up=True, down=False).over(LINK) == LINK
    assert cut.restored(up=False, down=True) == cut


def test_what_contradicts_is_refused() -> None:
    with pytest.raises(ConfigError, match="queue"):
        STATE.changed(Sides.of({"up": "queue=5packets"})).over(LINK)
