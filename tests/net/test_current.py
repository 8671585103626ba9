"""The current host: of a context, so of a task and its children."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from usernet.errors import NoHostError
from usernet.net import current

if TYPE_CHECKING:
    from usernet.net.host import Host


def test_hosts_nest() -> None:
    one, two = cast("Host", "one"), cast("Host", "two")
    assert current.host_or_none() is None
    current.enter(one)
    current.enter(two)
    assert current.current_host() is two
    current.leave()
    assert current.current_host() is one
    current.leave()
    assert current.host_or_none() is None


def test_without_one_the_error_says_how() -> None:
    with pytest.raises(NoHostError, match="with host:"):
        current.current_host()
