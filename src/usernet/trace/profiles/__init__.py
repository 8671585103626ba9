"""Named links: each a scenario file in this folder, with the source of its numbers.

In all of them *down* is towards the user and *up* away from it. What a source leaves open, such
as the queue, the file says that we chose.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from usernet.config import load as config
from usernet.config.known import known
from usernet.trace import mahimahi

if TYPE_CHECKING:
    from usernet.config.scenario import Scenario

__all__ = ["load", "names"]


def names() -> tuple[str, ...]:
    """The names of all profiles, sorted."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def load(name: str) -> Scenario:
    """The profile of that name.

    Raises:
        ConfigError: If there is none; it says which names are near.
    """
    known(name, names(), path="profile", what="profile")
    content = resources.files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
    return config.loads(content, file=f"{name}.toml", profile=load, readers={"trace": _trace})


def _trace(name: str) -> tuple[int, ...]:
    content = resources.files(__name__).joinpath(name).read_text("ascii")
    return mahimahi.parse(content, file=name)
