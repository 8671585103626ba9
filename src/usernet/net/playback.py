"""Playback: a scenario on an engine's clock, which can be paused, sought and changed as it plays.

The engine is told some seconds ahead, so that a step is on time however busy Python is. Before
anything else happens to the line, what it was told is taken back, and told anew afterwards.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from usernet.config.timeline import Progress
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from usernet.config.link import Link
    from usernet.config.scenario import Scenario
    from usernet.config.timeline import Target

__all__ = ["AHEAD_NS", "Playback"]

AHEAD_NS = 5_000_000_000
"""How far ahead the engine is told what the timeline holds."""


class Playback:
    """A scenario that plays; all times are nanoseconds on the engine's clock.

    Args:
        scenario: What plays, from its start.

    Attributes:
        scenario: What plays.
        is_playing: Whether its time passes.
        problem: Why a step could not be done, if that came about.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.is_playing: bool = False
        self.problem: ConfigError | None = None
        self._progress = Progress.of(scenario)
        self._progress.advance(0)
        self._ahead = self._progress.copy()
        self._place = 0
        """While it stands, where; while it plays, the moment at which it began."""

    @property
    def link(self) -> Link:
        """The link, as of the last `pass_to`."""
        return self._progress.link

    def position(self, now: int) -> int:
        """How far the scenario has come."""
        return now - self._place if self.is_playing else self._place

    def play(self, now: int) -> None:
        """Let its time pass from now on."""
        if not self.is_playing:
            self._place, self.is_playing = now - self._place, True

    def pause(self, now: int) -> None:
        """Let it stand where it is."""
        self._place, self.is_playing = self.position(now), False
        self.take_back()

    def pass_to(self, now: int) -> Iterator[tuple[int, Link]]:
        """Let time pass; each step that has happened meanwhile, with its moment."""
        if self.is_playing:
            yield from self._steps(self._progress, now)

    def coming(self, now: int) -> Iterator[tuple[int, Link]]:
        """The steps of the next seconds that were not given yet, each with its moment."""
        if self.is_playing:
            yield from self._steps(self._ahead, now + AHEAD_NS)

    def take_back(self) -> None:
        """The engine has forgotten what it was told of what is to come."""
        self._ahead = self._progress.copy()

    def sought(self, position: int, now: int) -> Playback:
        """Another at this place of the same scenario, which plays if this one does.

        Raises:
            ConfigError: It is beyond the end, or a step before it contradicts what is set then.
        """
        self.scenario.check_position(position)
        progress = Progress.of(self.scenario)
        progress.advance(position)
        return self._with(self.scenario, progress, position, now)

    def changed(self, scenario: Scenario, touched: Collection[Target], now: int) -> Playback:
        """Another, of a changed scenario at the same place.

        What differs is set now, and so is what was touched; the timeline goes on from there. Where
        the timeline itself differs, its steps up to here are those of the new one.

        Raises:
            ConfigError: It contradicts what is set now.
        """
        position = self.position(now)
        if scenario.timeline == self.scenario.timeline:
            progress, old = self._progress.copy(), self.scenario.link
        else:
            progress, old = Progress.of(scenario), scenario.link
            progress.advance(position)
        progress.rebase(old, scenario.link, touched)
        return self._with(scenario, progress, position, now)

    def _with(self, scenario: Scenario, progress: Progress, position: int, now: int) -> Playback:
        other = copy(self)
        other.scenario, other.problem = scenario, None
        other._progress, other._ahead = progress, progress.copy()
        other._place = now - position if self.is_playing else position
        return other

    def _steps(self, progress: Progress, until: int) -> Iterator[tuple[int, Link]]:
        """Go there; a step that contradicts what somebody set meanwhile is left out."""
        while (time := progress.next_time) is not None and self._place + time <= until:
            try:
                progress.advance(time)
            except ConfigError as error:
                self.problem = error
            yield self._place + time, progress.link
