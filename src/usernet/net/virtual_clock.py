"""VirtualClock: the one time of a loop and of all engines on it; it moves by jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from usernet.net.bridge import Bridge

__all__ = ["VirtualClock", "VirtualEngine", "nanoseconds"]

SECOND = 1_000_000_000
_SLICE = SECOND
"""How long engines run at once, in virtual time, before Python may look at signals."""
_PATIENCE = 86_400 * SECOND
"""How long engines may go on by themselves (probing, refreshing) while no program has a timer."""


class VirtualEngine(Protocol):
    """What a clock needs of an engine."""

    def now(self) -> int:
        """Its time."""
        ...

    def next_deadline(self) -> int | None:
        """When it has something to do next."""
        ...

    def advance_to_event(self, until: int) -> bool:
        """Run up to then, or to the breath after which events wait."""
        ...


class _Attached:
    """An engine on the clock, which may have begun later than the clock."""

    def __init__(self, engine: VirtualEngine, bridge: Bridge, now: int) -> None:
        self.engine, self.bridge = engine, bridge
        self.origin = now - engine.now()

    def deadline(self) -> int | None:
        deadline = self.engine.next_deadline()
        return None if deadline is None else deadline + self.origin

    def run(self, until: int) -> bool:
        """Run up to then, or to the next events; whether there are any."""
        return self.engine.advance_to_event(until - self.origin)


class VirtualClock:
    """Time in nanoseconds, from 0.

    Attributes:
        now: The time.
        active: When the program last did something.
    """

    def __init__(self) -> None:
        self.now: int = 0
        self.active: int = 0
        self._engines: list[_Attached] = []

    def attach(self, engine: VirtualEngine, bridge: Bridge) -> None:
        """Have an engine live by this clock."""
        self._engines.append(_Attached(engine, bridge, self.now))

    def detach(self, bridge: Bridge) -> None:
        """Undo `attach`."""
        self._engines = [one for one in self._engines if one.bridge is not bridge]

    @property
    def bridges(self) -> list[Bridge]:
        """Those of all engines."""
        return [one.bridge for one in self._engines]

    def poll(self) -> None:
        """Let the engines do what is due now."""
        for one in tuple(self._engines):
            if one.run(self.now):
                one.bridge.dispatch()

    def jump(self, timer: int | None) -> bool:
        """Move to the timer, or to where something happens before.

        Args:
            timer: When the program wants to go on; None if it waits for no time.

        Returns:
            False where nothing will ever happen.
        """
        if len(self._engines) == 1:
            return self._jump_alone(self._engines[0], timer)
        deadlines = [due for one in self._engines if (due := one.deadline()) is not None]
        target = self._target(timer, min(deadlines, default=None))
        if target is None:
            return False
        self.now = min(target, max(self.now, min(deadlines, default=target)))
        self.poll()
        return True

    def _jump_alone(self, one: _Attached, timer: int | None) -> bool:
        """As `jump`, with one engine, which can run on by itself until something happens."""
        target = timer
        if timer is None or timer > self.now + _SLICE:
            target = self._target(timer, one.deadline())
            if target is None:
                return False
        assert target is not None
        if not one.run(target):
            self.now = target
            return True
        self.now = one.engine.now() + one.origin
        one.bridge.dispatch()
        return True

    def _target(self, timer: int | None, deadline: int | None) -> int | None:
        """Up to where engines may run, the first of which is due at the deadline."""
        if deadline is None:
            return timer
        first = max(deadline, self.now)
        if timer is None:
            return None if first > self.active + _PATIENCE else first + _SLICE
        return min(timer, first + _SLICE)


def nanoseconds(when: float, now: int) -> int:
    """A time of the loop, in nanoseconds: not before it, and after now if it is after now.

    A quarter of a nanosecond is forgiven, so that 0.1 s three times is 0.3 s.
    """
    exact = when * SECOND
    whole = int(exact)
    due = whole if exact - whole <= 0.25 else whole + 1  # noqa: PLR2004
    return now + 1 if due <= now and when > now / SECOND else due
