"""One private network for all tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ...conftest import why_not_root
from ...tunnel.private_network import PrivateNetwork
from .network import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine beside a private network."""
    if reason := why_not_root() or PrivateNetwork.why_not():
        pytest.skip(reason)
    with Machine(tmp_path_factory.mktemp("private")) as made:
        yield made
