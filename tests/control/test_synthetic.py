"""synthetic-network's language: what its files say, and what its clients read and write."""

import copy
from typing import Any

import pytest

from usernet.control import Document
from usernet.control.synthetic import shown, table_of, written
from usernet.errors import ConfigError

Q = {
    "rate": 1_500_000,
    "loss": 0.001,
    "latency": 40,
    "jitter": 10,
    "jitter_strength": 0.5,
    "reorder_packets": False,
}
PLAIN = {
    "rate": 100_000_000,
    "loss": 0.0,
    "latency": 0,
    "jitter": 0,
    "jitter_strength": 0.0,
    "reorder_packets": False,
}
FILE: dict[str, Any] = {
    "default_link": {"ingress": Q, "egress": PLAIN},
    "flows": [
        {
            "label": "media",
            "flow": {"ip": 0x0100000A, "protocol": 17, "port_min": 3478, "port_max": 3480},
            "link": {"ingress": PLAIN, "egress": Q},
        }
    ],
}


def test_a_file_means_what_it_means_there() -> None:
    scenario = Document.of(table_of(FILE)).scenario
    down = scenario.link.down
    assert (down.rate, down.overhead) == (1_500_000, 24)
    assert down.loss is not None
    assert down.loss.rate == 0.001
    # 40 ms, and up to 5 ms more.
    assert (down.delay, down.jitter, down.allow_reordering) == (42_500_000, 2_500_000, False)
    assert scenario.link.flow("media").filter == (
        "remote host 10.0.0.1 and udp and remote portrange 3478-3480"
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"default_link": {"ingres": {}}}, "default_link.ingres"),
        ({"default_link": {"ingress": {"rate": -1}}}, "default_link.ingress.rate"),
        ({"default_link": {"ingress": {"loss": 1.5}}}, "default_link.ingress.loss"),
        ({"default_link": {"ingress": {"loss": True}}}, "default_link.ingress.loss"),
        (
            {"default_link": {"egress": {"reorder_packets": 1}}},
            "default_link.egress.reorder_packets",
        ),
        ({"flows": {}}, "flows"),
        ({"flows": [{"label": "a b"}]}, "flows[0].label"),
        ({"flows": [{"label": "default"}]}, "flows[0].label"),
        ({"flows": [{"label": "a"}, {"label": "a"}]}, "flows[1].label"),
        ({"flows": [{"label": "a", "flow": {"protocol": 256}}]}, "flows[0].flow.protocol"),
        (
            {"flows": [{"label": "a", "flow": {"port_min": 9, "port_max": 1}}]},
            "flows[0].flow.port_min",
        ),
        ({"qos": {}}, "qos"),
        ([], ""),
    ],
)
def test_what_theirs_takes_for_right_is_refused(change: object, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        table_of(change)
    assert caught.value.path == path


OURS: dict[str, object] = {
    "seed": 3,
    "down": {"rate": "1.50mbit", "loss": "burst 2% 5", "aqm": "codel"},
    "flow": [
        {"name": "video-calls", "filter": "udp and not port 53", "up": "loss=1%,25% duplicate=1%"},
        {"name": "dns", "filter": "udp and remote port 53", "down": {"delay": "1s"}},
    ],
    "at": [{"time": "9s", "outage": "1s"}],
}


def posted(change: list[tuple[list[object], object]]) -> dict[str, object]:
    """What our document becomes after a client read it, changed these, and wrote it back."""
    document = Document.of(OURS)
    value: Any = copy.deepcopy(shown(document.scenario.link))
    for place, new in change:
        inner = value
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = new
    return written(document, document.scenario.link, value)


def test_a_client_that_writes_back_what_it_read_changes_nothing() -> None:
    assert posted([]) == OURS


def test_one_slider_changes_one_value() -> None:
    changed = posted([(["default_link", "ingress", "rate"], 2_000_000)])
    assert changed == {**OURS, "down": {**OURS["down"], "rate": "2mbit", "overhead": "24b"}}  # type: ignore[dict-item]


def test_what_it_cannot_say_is_shown_as_far_as_it_goes() -> None:
    told: Any = shown(Document.of(OURS).scenario.link)
    assert [flow["label"] for flow in told["flows"]] == ["video_calls", "dns"]
    assert told["flows"][0]["flow"] == {"ip": 0, "protocol": 0, "port_min": 0, "port_max": 65535}
    assert told["flows"][1]["flow"] == {"ip": 0, "protocol": 17, "port_min": 53, "port_max": 53}
    assert told["default_link"]["ingress"]["loss"] == pytest.approx(0.02)


def test_flows_it_cannot_say_outlive_a_client_that_leaves_them_out() -> None:
    changed = posted([(["flows"], [])])
    assert changed["flow"] == OURS["flow"][:1]  # type: ignore[index]


def test_what_it_wrote_it_reads_again() -> None:
    document = Document.of(table_of(FILE))
    told: Any = shown(document.scenario.link)
    assert told["default_link"]["egress"] == PLAIN
    down = {**Q, "jitter": 5, "jitter_strength": 1.0}  # the same spread, in other words
    assert told["default_link"]["ingress"] == pytest.approx(down)
    assert told["flows"][0]["flow"] == FILE["flows"][0]["flow"]
    assert written(document, document.scenario.link, told) == document.table
