"""Courses: a line follows its scenario, whatever is changed besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from usernet.config import timeline
from usernet.config.event import Changes, Event, Outage, Set
from usernet.config.fields import Patch
from usernet.config.impairment import Impairment
from usernet.config.link import Link, Sides
from usernet.config.scenario import Scenario
from usernet.engine.actions import Action, Reconfigure, Start, Stop
from usernet.net.course import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usernet.config.apps import App

MS = 1_000_000


def impairments(link: Link) -> dict[str, App]:
    return {"up": link.up, "down": link.down}


@dataclass
class Agenda:
    """An engine that remembers what it is to do, and does it in order."""

    start: dict[str, App]
    planned: list[tuple[int, Sequence[Action]]] = field(default_factory=list)

    def schedule(self, at_ns: int, actions: Sequence[Action]) -> None:
        self.planned.append((at_ns, actions))

    def at(self, now_ns: int) -> dict[str, App]:
        """The impairments when everything planned up to this moment is done."""
        apps = dict(self.start)
        for at, actions in sorted(self.planned, key=lambda one: one[0]):
            for action in actions if at <= now_ns else ():
                match action:
                    case Stop(name):
                        del apps[name]
                    case Start(name, app) | Reconfigure(name, app):
                        apps[name] = app
                    case _:
                        raise AssertionError(action)
        return apps


def delays(link: Link) -> tuple[int, int]:
    return link.up.delay, link.down.delay


def both(**keys: object) -> Sides:
    return Sides(Patch.of(keys), Patch.of(keys))


def slower(link: Link) -> Link:
    return link.patched(both(delay="9ms"))


def test_it_tells_no_more_than_it_is_asked_for() -> None:
    course = Course(Scenario(timeline=(Event(0, Outage(2 * MS), 10 * MS),)), impairments)
    agenda = Agenda(impairments(course.link))
    assert course.link == Link().cut(up=True, down=True)
    course.begin(100 * MS)
    course.plan(agenda, 101 * MS)
    assert agenda.planned == []
    assert course.next_ns == 102 * MS
    course.plan(agenda, 125 * MS)
    assert [at // MS for at, _ in agenda.planned] == [102, 110, 112, 120, 122]
    assert not course.is_over


def test_only_what_changes_is_named() -> None:
    event = Event(MS, Set(Changes(Sides(up=Patch.of({"delay": "1ms"})))))
    course = Course(Scenario(timeline=(event,)), impairments)
    agenda = Agenda(impairments(course.link))
    course.plan(agenda, MS)
    assert agenda.planned == [(MS, [Reconfigure("up", Impairment(delay="1ms"))])]
    assert course.is_over
    assert course.next_ns is None


def test_another_model_starts_the_impairment_anew() -> None:
    event = Event(MS, Set(Changes(both(compat="netem", limit=9))))
    course = Course(Scenario(timeline=(event,)), impairments)
    agenda = Agenda(impairments(course.link))
    course.plan(agenda, MS)
    new = Impairment(compat="netem", limit=9)
    assert agenda.planned == [
        (MS, [Stop("up"), Start("up", new), Stop("down"), Start("down", new)])
    ]


def test_a_change_lies_over_what_was_told_and_what_is_to_come() -> None:
    events = tuple(
        Event(at * MS, Set(Changes(both(loss=f"{at}%", delay=f"{at}ms")))) for at in (10, 20, 30)
    )
    course = Course(Scenario(timeline=events), impairments)
    agenda = Agenda(impairments(course.link))
    course.begin(0)
    course.plan(agenda, 20 * MS)
    course.change(agenda, 15 * MS, slower)
    course.plan(agenda, 40 * MS)
    assert agenda.at(14 * MS)["up"] == Impairment(delay="10ms", loss="10%")
    for at, loss in ((15, "10%"), (20, "20%"), (30, "30%")):
        assert agenda.at(at * MS)["up"] == Impairment(delay="9ms", loss=loss)
    course.forget(16 * MS)
    assert delays(course.link) == (9 * MS, 9 * MS)
    assert [(at // MS, delays(link)[0] // MS) for at, link in course.history] == [
        (0, 0),
        (10, 10),
        (15, 9),
    ]


_TIMES = st.integers(0, 20)
_EVENTS = st.lists(
    st.builds(
        lambda at, side, keys: Event(at * MS, Set(Changes(Sides(**{side: Patch.of(keys)})))),
        _TIMES,
        st.sampled_from(["up", "down"]),
        st.sampled_from([{"delay": "1ms"}, {"delay": "2ms"}, {"loss": "1%"}, {"down": True}]),
    )
    | st.builds(lambda at, lasts: Event(at * MS, Outage(lasts * MS)), _TIMES, st.integers(1, 5)),
    max_size=6,
)
_CHANGES = st.lists(
    st.tuples(_TIMES, st.sampled_from([{"delay": "5ms"}, {"loss": "5%"}, {"down": True}, {}])),
    max_size=4,
)


@given(_EVENTS, _CHANGES, st.integers(0, 8))
def test_at_every_moment_it_is_the_scenario_and_the_change_over_it(
    events: list[Event], changes: list[tuple[int, dict[str, object]]], ahead: int
) -> None:
    scenario = Scenario(timeline=tuple(events))
    course = Course(scenario, impairments)
    agenda = Agenda(impairments(course.link))
    course.begin(0)
    told = sorted(changes, key=lambda change: change[0])
    steps = list(timeline.steps(scenario))
    for now in range(25):
        course.plan(agenda, (now + ahead) * MS)
        for _, keys in (change for change in told if change[0] == now):
            patch = Sides(up=Patch.of(keys))
            course.change(agenda, now * MS, lambda link, patch=patch: link.patched(patch))  # type: ignore[misc]
        over = [keys for at, keys in told if at <= now]
        plain = [link for at, link in steps if at <= now * MS][-1]
        expected = plain.patched(Sides(up=Patch.of(over[-1]))) if over else plain
        assert agenda.at(now * MS) == impairments(expected)
        course.forget(now * MS)
        assert course.link == expected
