"""The impairment of one direction: meaning, refusals, plain form and round trips."""

from __future__ import annotations

import contextlib
import copy
import pickle
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config import units
from usernet.config.aqm import Aqm, CoDel, DropHead, FqCoDel, Pie, Red
from usernet.config.chance import Chance
from usernet.config.impairment import Impairment
from usernet.config.loss import FourState, GilbertElliott, RandomLoss
from usernet.config.outage import PeriodicOutage
from usernet.config.policer import Policer
from usernet.config.queue import QueueLimit
from usernet.config.slot import Slot
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.config.fields import ImpairmentKeys

GIVEN: ImpairmentKeys = {
    "delay": "40ms",
    "jitter": "5ms",
    "loss": "1%",
    "rate": "20mbit",
    "queue": "100ms",
}


def test_attributes_hold_what_was_read() -> None:
    link = Impairment(**GIVEN)
    assert (link.delay, link.jitter, link.rate) == (40_000_000, 5_000_000, 20_000_000)
    assert link.loss == RandomLoss(0.01)
    assert link.queue == QueueLimit(ns=100_000_000)
    assert (link.distribution, link.allow_reordering, link.down) == ("uniform", True, False)


def test_equal_if_they_mean_the_same() -> None:
    first = Impairment(delay="40ms", loss="random 1%", ecn="true", duplicate="0%", corrupt=0)
    second = Impairment(delay=timedelta(milliseconds=40), loss=RandomLoss(0.01), ecn=True)
    assert first == second
    assert hash(first) == hash(second)
    assert first != second.replace(delay="41ms")


def test_the_plain_form_of_nothing_is_empty() -> None:
    assert Impairment().to_core() == {"app": "impairment"}
    assert str(Impairment()) == ""


def test_the_plain_form_of_everything() -> None:
    link = Impairment(**GIVEN).replace(
        distribution=[-8192, 8192],
        jitter_correlation="25%",
        allow_reordering=False,
        ecn=True,
        duplicate="1% 10%",
        corrupt="2%",
        reorder="25% 50%",
        gap=5,
        overhead="-4b",
        cell="48b",
        cell_overhead="5b",
        aqm="codel",
        slot="20ms packets 3",
        policer="10mbit burst 64kb",
        outage="140ms every 15s",
        down=True,
        mtu="1280b",
    )
    codel = {"kind": "codel", "target_ns": 5_000_000, "interval_ns": 100_000_000}
    assert link.to_core() == {
        "app": "impairment",
        "delay": {
            "ns": 40_000_000,
            "jitter_ns": 5_000_000,
            "distribution": {"table": [-8192, 8192]},
            "correlation": 0.25,
            "allow_reordering": False,
        },
        "loss": {"model": "random", "p": 0.01, "correlation": 0.0},
        "ecn": True,
        "duplicate": {"p": 0.01, "correlation": 0.1},
        "corrupt": {"p": 0.02, "correlation": 0.0},
        "reorder": {"p": 0.25, "correlation": 0.5, "gap": 5},
        "rate": {"bits_per_second": 20_000_000, "overhead": -4, "cell": 48, "cell_overhead": 5},
        "queue": {"packets": None, "bytes": None, "ns": 100_000_000, "aqm": codel},
        "slot": Slot(20_000_000, 20_000_000, packets=3).to_core(),
        "policer": {"bits_per_second": 10_000_000, "burst": 65_536},
        "outage": PeriodicOutage(140_000_000, 15_000_000_000).to_core(),
        "down": True,
        "mtu": 1280,
    }


def test_the_plain_form_of_an_aqm_and_of_a_queue_alone() -> None:
    alone = {"packets": 1000, "bytes": None, "ns": None, "aqm": {"kind": "drophead"}}
    assert Impairment(rate="1mbit", aqm="drophead").to_core()["queue"] == alone
    limited = {"packets": 5, "bytes": None, "ns": None, "aqm": {"kind": "droptail"}}
    assert Impairment(trace=[1], queue="5p").to_core()["queue"] == limited


def test_the_plain_form_of_netems_model() -> None:
    link = Impairment(delay="1ms", compat="netem")
    assert (link.to_core()["compat"], link.to_core()["limit"]) == ("netem", 1000)
    assert link.replace(limit="7").to_core()["limit"] == 7


@pytest.mark.parametrize("trace", [[1, 5, 5], "1,5,5", (1, 5, 5)])
def test_traces(trace: str | list[int]) -> None:
    link = Impairment(trace=trace)
    assert link.trace == (1, 5, 5)
    assert link.to_core()["trace"] == {"opportunities_ms": [1, 5, 5]}


def test_files_are_read_by_who_may() -> None:
    link = Impairment(trace=PurePath("a.trace"), distribution=PurePath("b.dist"), jitter="1ms")
    assert link.unread == {"trace": "a.trace", "distribution": "b.dist"}
    with pytest.raises(ConfigError, match=r'trace = "a.trace": not read yet'):
        link.to_core()
    read = link.with_files({"trace": lambda name: (len(name),), "distribution": lambda _: (1, 2)})
    assert (read.trace, read.distribution) == ((7,), (1, 2))
    assert not read.unread
    assert Impairment.parse(str(read)) == read
    assert Impairment.parse(str(link)) == link


def test_replace_and_none() -> None:
    link = Impairment(**GIVEN)
    assert link.replace(rate="none", queue=None, jitter="none") == Impairment(
        delay="40ms", loss="1%"
    )
    assert link.replace() == link


def test_copies() -> None:
    link = Impairment(**GIVEN)
    assert copy.deepcopy(link) == link
    assert pickle.loads(pickle.dumps(link)) == link


def test_texts() -> None:
    link = Impairment(**GIVEN).replace(allow_reordering="false", ecn=True)
    assert str(link) == (
        "delay=40ms jitter=5ms allow_reordering=false loss=1% ecn rate=20mbit queue=100ms"
    )
    assert repr(Impairment(delay="1s", loss="1% 2%")) == "Impairment(delay='1s', loss='1% 2%')"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"dealy": "40ms"}, "dealy: unknown key 'dealy': did you mean delay?"),
        ({"x": 1}, "x: unknown key 'x': one of delay, jitter"),
        ({"delay": "40"}, 'delay = "40": a duration needs a unit'),
        ({"rate": "0bit"}, "a rate of 0"),
        ({"rate": 0}, "a rate of 0"),
        ({"mtu": "67b"}, "too small an MTU"),
        ({"ecn": "maybe"}, "not a flag: true or false"),
        ({"ecn": 1}, "not a flag"),
        ({"compat": "netm"}, "did you mean netem"),
        ({"trace": []}, "not a trace"),
        ({"trace": [2, 1]}, "not a trace"),
        ({"trace": [0, 0]}, "not a trace"),
        ({"trace": [1, "x"]}, "not a trace"),
        ({"trace": {"a": 1}}, "not a trace"),
        ({"distribution": 5}, "not a distribution"),
        ({"duplicate": "1% 2% 3%"}, "one word too many"),
        ({"duplicate": 5}, "text is expected"),
        ({"trace": "5", "rate": "1mbit"}, "trace: a trace and a rate"),
        ({"queue": "100ms"}, "queue: a queue that never fills: with rate or trace"),
        ({"aqm": "codel"}, "aqm: an aqm without a queue"),
        ({"overhead": "4b"}, "overhead without rate"),
        ({"cell": "48b"}, "cell without rate"),
        ({"rate": "1mbit", "cell_overhead": "5b"}, "cell_overhead without cell"),
        ({"gap": 5}, "gap without reorder"),
        ({"reorder": "5%"}, "reorder without delay"),
        ({"limit": 5}, "limit without compat"),
        ({"limit": 0, "compat": "netem"}, "not a whole number in range"),
        ({"compat": "netem", "rate": "1mbit", "queue": "5p"}, "netem has no queue"),
        ({"compat": "netem", "rate": "1mbit", "aqm": "codel"}, "netem has no aqm"),
        ({"compat": "netem", "trace": "5"}, "netem has no trace"),
        ({"compat": "netem", "policer": "1bit burst 1b"}, "netem has no policer"),
        ({"compat": "netem", "outage": "1s every 2s"}, "netem has no outage"),
        ({"compat": "netem", "mtu": "1280b"}, "netem has no mtu"),
        ({"compat": "netem", "allow_reordering": False}, "netem has no allow_reordering"),
    ],
)
def test_refusals(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Impairment.of(keys)
    assert message in str(caught.value)


def test_the_constructor_refuses_unknown_keys_too() -> None:
    with pytest.raises(ConfigError, match="did you mean delay"):
        Impairment(dealy="40ms")  # type: ignore[call-arg]


def test_errors_name_the_table() -> None:
    with pytest.raises(ConfigError, match=r"^down.delay = "):
        Impairment.of({"delay": "40"}, "down")
    with pytest.raises(ConfigError, match=r"^down.queue: "):
        Impairment.of({"queue": "4kb"}, "down")


shares = st.floats(0, 1).map(units.probability_text)
times = st.integers(0, units.LARGEST).map(units.duration_text)
positive = st.integers(1, units.LARGEST)
chances = st.none() | st.builds(Chance, st.floats(0.001, 1), st.floats(0, 1))
halves = st.floats(0, 0.5)
aqms: st.SearchStrategy[Aqm] = st.one_of(
    st.builds(DropHead),
    st.builds(Red, st.just(1), st.integers(2, units.LARGEST), halves, st.floats(0.001, 1)),
    st.builds(CoDel, positive, positive),
    st.builds(FqCoDel, positive, positive, st.integers(1, 65536), positive),
    st.builds(Pie, positive, positive, st.integers(0, 32).map(lambda n: n / 16)),
)
queues = st.builds(
    QueueLimit, packets=st.none() | positive, bytes=st.none() | positive, ns=positive
)
plain = st.fixed_dictionaries(
    {},
    optional={
        "delay": times,
        "jitter": times,
        "distribution": st.sampled_from(["normal", "pareto", (-3, 5), (7,), "my dir/x.dist"]),
        "jitter_correlation": shares,
        "allow_reordering": st.booleans(),
        "loss": st.one_of(
            st.builds(RandomLoss, st.floats(0.001, 1), st.floats(0, 1)),
            st.builds(GilbertElliott, *[st.floats(0, 1)] * 4),
            st.builds(FourState, halves, halves, halves, st.floats(0, 1), halves),
        ),
        "ecn": st.booleans(),
        "duplicate": chances,
        "corrupt": chances,
        "slot": st.builds(Slot, st.just(0), positive, packets=st.integers(0, 9)),
        "policer": st.builds(Policer, positive, positive),
        "outage": st.builds(PeriodicOutage, st.just(3), st.integers(4, 99), random=st.booleans()),
        "down": st.booleans(),
        "mtu": st.integers(68, units.LARGEST).map(units.size_text),
    },
)
paced = st.fixed_dictionaries(
    {"rate": positive.map(units.rate_text)},
    optional={
        "overhead": st.sampled_from(["-9b", "9b", "0b"]),
        "cell": positive.map(units.size_text),
        "queue": queues,
        "aqm": aqms,
    },
)
traced = st.fixed_dictionaries(
    {"trace": st.lists(st.integers(1, 99), min_size=1).map(sorted) | st.just("it's, a trace")},
    optional={"queue": queues, "aqm": aqms},
)
pacing: st.SearchStrategy[dict[str, object]] = st.one_of(st.just({}), paced, traced)


@given(plain, pacing)
def test_text_round_trips(keys: dict[str, object], pace: dict[str, object]) -> None:
    link = Impairment.of({**keys, **pace})
    assert Impairment.parse(str(link)) == link


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for key in ("loss", "queue", "aqm", "slot", "policer", "outage", "delay", "rate", "mtu"):
        with contextlib.suppress(ConfigError):
            Impairment.of({key: text})
    with contextlib.suppress(ConfigError):
        Impairment.parse(text)


def test_a_brief_text_cuts_what_is_long() -> None:
    line = Impairment(delay="1ms", trace=list(range(1, 1000)))
    assert line.brief() == f"delay=1ms {str(line).split()[1][:72]}…"
    assert Impairment.parse("delay=1ms rate=1mbit").brief() == "delay=1ms rate=1mbit"
    assert Impairment().brief() == ""
