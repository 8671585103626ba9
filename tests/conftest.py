"""What every test shares: who may run the tests marked `root`, and what signals do."""

import functools
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tunnel.private_network import PrivateNetwork

# How long an example takes says how busy the machine is, not whether the property holds. Examples
# are the same on every run, so that a failure tells of the change; `make soak` draws others.
SOAK = bool(os.environ.get("USERNET_SOAK"))
settings.register_profile("usernet", deadline=None, derandomize=not SOAK)
settings.load_profile("usernet")

# Under nohup(1), and in the background of a shell without jobs, these are ignored, and would be by
# every program that the tests start.
for _number, _usual in (
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, _usual)


@functools.cache
def why_not_root() -> str | None:
    """Return why tests that make network namespaces cannot run here, or None if they can."""
    if os.geteuid() != 0:
        return "needs root: run `sudo make test`"
    made = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return f"needs network namespaces: {made.stderr.strip()}" if made.returncode else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `root`, with the reason, where it cannot run."""
    if item.get_closest_marker("root") and (reason := why_not_root()):
        pytest.skip(reason)


@pytest.fixture
def private_network(tmp_path: Path) -> "Iterator[PrivateNetwork]":
    """A private network behind a real wireguard-go; make tunnels to it while it is `entered`."""
    from .tunnel.private_network import PrivateNetwork  # noqa: PLC0415 - where it is wanted

    if reason := why_not_root() or PrivateNetwork.why_not():
        pytest.skip(reason)
    with PrivateNetwork(tmp_path) as network:
        yield network
