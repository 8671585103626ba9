"""Tables: what a change makes of what was typed."""

import pytest

from usernet.control import Document
from usernet.control.tables import patched, touched
from usernet.control.wording import Wording
from usernet.errors import ConfigError


@pytest.mark.parametrize(
    ("table", "patch", "expected"),
    [
        ({}, {"down": {"rate": "1mbit"}}, {"down": {"rate": "1mbit"}}),
        ({}, {"down": "rate=1mbit loss=2%"}, {"down": {"rate": "1mbit", "loss": "2%"}}),
        (
            {"up": "loss=2%"},
            {"down": {"rate": "1mbit"}},
            {"up": "loss=2%", "down": {"rate": "1mbit"}},
        ),
        ({"up": "loss=2%"}, {"up": {"loss": None}}, {}),
        ({"up": {"loss": "2%"}}, {"both": {"loss": "3%"}}, {"both": {"loss": "3%"}}),
        ({"rtt": "80ms"}, {"both": {"delay": "1ms"}}, {"both": {"delay": "1ms"}}),
        ({"rtt": "80ms"}, {"up": {"delay": "1ms"}}, {"rtt": "80ms", "up": {"delay": "1ms"}}),
        ({"up": {"delay": "1ms"}}, {"rtt": "80ms"}, {"rtt": "80ms"}),
        ({"both": {"rtt": "9ms"}}, {"rtt": "80ms"}, {"rtt": "80ms"}),
        ({"rtt": "80ms", "up": {"loss": "1%"}}, {"rtt": None}, {"up": {"loss": "1%"}}),
        (
            {"profile": "lte"},
            {"down": {"rate": "none"}},
            {"profile": "lte", "down": {"rate": "none"}},
        ),
        (
            {"flow": [{"name": "a", "filter": "udp"}, {"name": "b", "filter": "tcp"}]},
            {"flow": {"b": {"up": "loss=1%"}}},
            {
                "flow": [
                    {"name": "a", "filter": "udp"},
                    {"name": "b", "filter": "tcp", "up": {"loss": "1%"}},
                ]
            },
        ),
    ],
)
def test_a_change_keeps_what_was_typed(
    table: dict[str, object], patch: dict[str, object], expected: dict[str, object]
) -> None:
    before = str(table)
    assert patched(table, patch) == expected
    assert str(table) == before


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"dwn": {}}, "dwn"),
        ({"down": 3}, "down"),
        ({"down": "loss"}, "down"),
        ({"flow": {"x": {}}}, "flow.x"),
        ({"flow": [1]}, "flow"),
    ],
)
def test_what_is_no_change_is_refused(patch: dict[str, object], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        patched({}, patch)
    assert caught.value.path == path


def test_a_bottleneck_is_changed_by_its_name() -> None:
    table: dict[str, object] = {"bottleneck": [{"name": "office", "both": "rate=2mbit"}]}
    changed = patched(table, {"bottleneck": {"office": {"down": {"rate": "1mbit"}}}})
    office = {"name": "office", "both": "rate=2mbit", "down": {"rate": "1mbit"}}
    assert changed["bottleneck"] == [office]
    document = Document.of(changed)
    present = Wording({}).present(document, document.scenario.link)
    sides = {"up": {"rate": "2mbit"}, "down": {"rate": "1mbit"}}
    assert present["bottlenecks"] == [{"name": "office", **sides}]


def test_what_a_change_is_about() -> None:
    patch = {
        "rtt": "1ms",
        "up": "loss=1%",
        "flow": {"x": {"both": {"rate": "1mbit"}}},
        "bottleneck": {"y": {"down": "delay=1ms"}},
    }
    assert set(touched(patch)) == {
        (None, "up", "delay"),
        (None, "down", "delay"),
        (None, "up", "loss"),
        ("x", "up", "rate"),
        ("x", "down", "rate"),
        ("y", "down", "delay"),
    }


def test_files_are_read_only_where_the_line_was_started_with_them() -> None:
    document = Document.of({"down": {"trace": "lte.trace"}}, {("trace", "lte.trace"): (1, 2, 3)})
    assert document.scenario.link.down.trace == (1, 2, 3)
    assert document.patched({"up": "trace=lte.trace"}).scenario.link.up.trace == (1, 2, 3)
    assert Wording(document.files).present(document, document.scenario.link)["down"] == {
        "trace": "lte.trace"
    }
    for patch in ({"up": "trace=/etc/passwd"}, {"up": {"trace": "/etc/passwd"}}):
        with pytest.raises(ConfigError, match="no file that this line knows"):
            document.patched(patch)
