"""Wording: what a line is, is told as if it had never been told before."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from usernet.control import Document
from usernet.control.document import Files
from usernet.control.wording import Wording
from usernet.errors import ConfigError

NAMES = ("a", "b", "c", "d")
TABLE: dict[str, object] = {
    "rtt": "20ms",
    "both": "loss=1%",
    "down": {"rate": "1024kbit"},
    "flow": [
        {"name": "a", "filter": "udp", "down": {"delay": "0.040s", "trace": "own.trace"}},
        {"name": "b", "filter": "tcp", "both": "loss=2% rate=2mbit", "share": "office"},
        {"name": "c", "filter": "tcp", "rtt": "4ms"},
    ],
    "bottleneck": [{"name": "office", "down": {"rate": "5mbit"}}],
    "at": [{"time": "1s", "set": {"down": {"rate": "1mbit"}}}],
}
FILES: Files = {("trace", "own.trace"): (1, 2, 3)}

sides = st.fixed_dictionaries(
    {},
    optional={
        "rtt": st.sampled_from(["8ms", None]),
        "both": st.sampled_from(["loss=3%", {"delay": "7ms"}, {"loss": None}]),
        "up": st.sampled_from([{"rate": "3mbit"}, {"rate": "none"}, "delay=1ms"]),
        "down": st.sampled_from([{"trace": None}, {"rate": None}, "trace=own.trace rate=none"]),
    },
)
parts = st.fixed_dictionaries(
    {},
    optional={
        "flow": st.dictionaries(st.sampled_from(NAMES), sides, max_size=2),
        "bottleneck": st.dictionaries(st.just("office"), sides),
    },
)
patches = st.builds(lambda one, other: {**one, **other}, sides, parts)
names = st.sampled_from(NAMES)
places = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("patched"), patches),
    st.tuples(st.just("with_changed_flow"), names, sides),
    st.tuples(st.just("with_changed_flow"), names, st.builds(lambda name: {"name": name}, names)),
    st.tuples(st.just("with_flow"), st.builds(lambda name: {"name": name, "filter": "ip"}, names)),
    st.tuples(st.just("without_flow"), names),
    st.tuples(st.just("with_moved_flow"), names, places),
    st.tuples(st.just("with_profile"), st.sampled_from(["lte", None])),
)


@given(st.lists(steps, max_size=12))
def test_a_chain_of_changes_means_what_its_last_table_means(
    chain: list[tuple[object, ...]],
) -> None:
    document, wording = Document.of(TABLE, FILES), Wording(FILES)
    for name, *arguments in chain:
        before = str(document.table)
        earlier = document
        try:
            document = getattr(document, str(name))(*arguments)
        except ConfigError:
            assert str(document.table) == before
            continue
        assert str(earlier.table) == before
        assert document == Document.of(document.table, FILES)
        link = document.scenario.link
        assert wording.present(document, link) == Wording(FILES).present(document, link)


def test_what_a_caller_does_with_its_patch_afterwards_changes_nothing() -> None:
    trace = [1, 2, 3]
    document = Document.of(TABLE, FILES).patched({"flow": {"c": {"up": {"trace": trace}}}})
    trace.append(4)
    assert document == Document.of(document.table, FILES)
    assert document.scenario.link.flow("c").up.trace == (1, 2, 3)


def test_of_what_stays_the_same_the_texts_are_the_same() -> None:
    document, wording = Document.of(TABLE, FILES), Wording(FILES)
    first = wording.present(document, document.scenario.link)
    changed = document.patched({"flow": {"b": {"up": {"rate": "3mbit"}}}})
    second = wording.present(changed, changed.scenario.link)
    assert changed.scenario.link.flows[0] is document.scenario.link.flows[0]
    before = cast("list[dict[str, object]]", first["flows"])
    after = cast("list[dict[str, object]]", second["flows"])
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert after[1]["up"] == {"rate": "3mbit", "loss": "2%"}
