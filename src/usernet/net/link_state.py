"""What a link is: what its scenario says, what was changed since, and whether it is cut."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from usernet.config.link import Sides

if TYPE_CHECKING:
    from usernet.config.link import Link
    from usernet.config.scenario import Scenario

__all__ = ["LinkState"]


@dataclass(frozen=True, slots=True)
class LinkState:
    """What a link is.

    Attributes:
        scenario: What it is by itself.
        sides: What was changed in each direction, over that.
        up: Whether it is cut upwards.
        down: Whether it is cut downwards.
    """

    scenario: Scenario
    sides: Sides = field(default_factory=Sides)
    up: bool = False
    down: bool = False

    def over(self, link: Link) -> Link:
        """What becomes of the link that the scenario gives.

        Raises:
            ConfigError: A change contradicts what is set.
        """
        changed = link.patched(self.sides)
        return changed.cut(up=self.up, down=self.down) if self.up or self.down else changed

    def changed(self, sides: Sides) -> Self:
        """The same with more changes."""
        return replace(self, sides=sides.over(self.sides))

    def cut(self, *, up: bool, down: bool) -> Self:
        """The same with directions cut."""
        return replace(self, up=self.up or up, down=self.down or down)

    def restored(self, *, up: bool, down: bool) -> Self:
        """The same with directions whole again."""
        return replace(self, up=self.up and not up, down=self.down and not down)
