"""Topologies: links as text, and what a graph accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.apps import Join, Sink, Source, Tee
from usernet.config.topology import Connection, Topology, name_of, parse_connection, port_of
from usernet.errors import ConfigError

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1).filter(
    lambda name: name.strip() and "." not in name and "->" not in name and not name.isspace()
)
PORTS = st.from_regex(r"[a-z0-9:_]+", fullmatch=True)


class TestConnection:
    def test_its_parts(self) -> None:
        assert parse_connection("a.tx -> b.rx") == Connection("a", "tx", "b", "rx")

    @pytest.mark.parametrize(
        "text", ["a.tx->b.rx", "  a.tx ->  b.rx ", "a.tx\t->\nb.rx", "a.tx -> b.rx"]
    )
    def test_blanks_do_not_matter(self, text: str) -> None:
        assert str(parse_connection(text)) == "a.tx -> b.rx"

    def test_the_name_of_an_impairment_holds_an_arrow(self) -> None:
        link = parse_connection("a.tx->b.rx.tx -> b.rx")
        assert link == Connection("a.tx->b.rx", "tx", "b", "rx")

    @given(NAMES, PORTS, NAMES, PORTS)
    def test_the_text_is_read_back(self, a: str, tx: str, b: str, rx: str) -> None:
        link = Connection(a, tx, b, rx)
        assert parse_connection(str(link)) == link

    @pytest.mark.parametrize(
        "text",
        ["", "a.tx", "a.tx -> b", "a -> b.rx", "a.tx - b.rx", "a.tx -> .rx", "a.tx -> b. rx"],
    )
    def test_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(ConfigError, match="no link") as caught:
            parse_connection(text)
        assert caught.value.value == text
        assert caught.value.allowed == "app.port -> app.port, as a.tx -> b.rx"

    def test_links_have_an_order(self) -> None:
        texts = ["b.1 -> a.1", "a.2 -> c.1", "a.1 -> z.9", "a.2 -> b.1"]
        assert [str(link) for link in sorted(map(parse_connection, texts))] == [
            "a.1 -> z.9",
            "a.2 -> b.1",
            "a.2 -> c.1",
            "b.1 -> a.1",
        ]


class TestTopology:
    LINK = parse_connection("a.tx -> b.rx")
    BOTH = Topology().with_app("a", Source(60)).with_app("b", Sink())
    WHOLE = BOTH.with_link(LINK)

    def test_it_starts_empty(self) -> None:
        assert dict(Topology().apps) == {}
        assert Topology().links == frozenset()

    def test_apps_and_links_are_added_to_a_copy(self) -> None:
        assert Topology({"a": Source(60), "b": Sink()}, frozenset({self.LINK})) == self.WHOLE
        assert self.BOTH.links == frozenset()

    def test_an_app_takes_the_place_of_another(self) -> None:
        changed = self.WHOLE.with_app("b", Tee())
        assert changed == Topology({"a": Source(60), "b": Tee()}, frozenset({self.LINK}))
        assert self.WHOLE.apps["b"] == Sink()

    def test_nobody_can_change_one(self) -> None:
        with pytest.raises(TypeError):
            self.WHOLE.apps["c"] = Sink()  # type: ignore[index]

    @pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\n", " "])
    def test_a_name_has_no_white_space(self, name: str) -> None:
        with pytest.raises(ConfigError, match="no name for an app") as caught:
            Topology().with_app(name, Sink())
        assert caught.value.value == name

    @pytest.mark.parametrize("text", ["a.tx -> none.rx", "none.tx -> b.rx"])
    def test_a_link_needs_its_apps(self, text: str) -> None:
        with pytest.raises(ConfigError, match="no app none: a, b"):
            self.BOTH.with_link(parse_connection(text))

    @pytest.mark.parametrize("text", ["a.tx -> c.rx", "c.tx -> b.rx", "a.tx -> b.rx"])
    def test_a_port_has_one_link(self, text: str) -> None:
        with pytest.raises(ConfigError, match=r"the port has the link a\.tx -> b\.rx already"):
            self.WHOLE.with_app("c", Join()).with_link(parse_connection(text))

    def test_the_same_name_is_two_ports(self) -> None:
        # A tee's input "x" and its output "x" are not the same port.
        loop = Topology().with_app("t", Tee()).with_link(parse_connection("t.x -> t.x"))
        assert loop.with_link(parse_connection("t.y -> t.z")).links == {
            parse_connection("t.x -> t.x"),
            parse_connection("t.y -> t.z"),
        }

    def test_a_link_is_taken_away(self) -> None:
        assert self.WHOLE.without_link(self.LINK) == self.BOTH
        with pytest.raises(ConfigError, match="no such link"):
            self.BOTH.without_link(self.LINK)

    @pytest.mark.parametrize(("gone", "left"), [("a", {"b"}), ("b", {"a"})])
    def test_an_app_goes_with_its_links(self, gone: str, left: set[str]) -> None:
        topology = self.WHOLE.without_app(gone)
        assert set(topology.apps) == left
        assert topology.links == frozenset()
        assert self.WHOLE.links == {self.LINK}

    def test_links_of_others_stay(self) -> None:
        topology = self.WHOLE.with_app("c", Sink())
        assert topology.without_app("c") == self.WHOLE

    def test_an_app_that_is_not_there_cannot_go(self) -> None:
        with pytest.raises(ConfigError, match="no app c: a, b"):
            self.WHOLE.without_app("c")


@given(st.text(alphabet="a.%2E5", max_size=12))
def test_a_port_has_any_name(name: str) -> None:
    assert "." not in port_of(name)
    assert name_of(port_of(name)) == name
