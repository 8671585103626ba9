from usernet.report.panels import Group, groups, panels
from usernet.report.timeline import Change, Configured

from .recordings import counted, recorded

LINK = Group("The link", (("up", "up"), ("down", "down")))


def test_the_link_comes_first_then_its_flows_then_the_rest() -> None:
    names = ("down", "up/video", "source.tx->sink.rx", "up", "down/video", "down/audio")
    found = groups(recorded(dict.fromkeys(names, counted())))
    assert found == [
        LINK,
        Group("Flow audio", (("down/audio", "down"),)),
        Group("Flow video", (("up/video", "up"), ("down/video", "down"))),
        Group("source.tx->sink.rx", (("source.tx->sink.rx", ""),)),
    ]


def test_each_link_of_a_network_comes_by_its_name() -> None:
    names = ("b-c/down", "a-b/up", "a-b/down/dns", "a-b/down", "a-b/up/dns", "b-c/up")
    assert groups(recorded(dict.fromkeys(names, counted()))) == [
        Group("a-b", (("a-b/up", "up"), ("a-b/down", "down"))),
        Group("a-b, flow dns", (("a-b/up/dns", "up"), ("a-b/down/dns", "down"))),
        Group("b-c", (("b-c/up", "up"), ("b-c/down", "down"))),
    ]


def test_what_never_happened_has_no_panel_but_a_sentence() -> None:
    recording = recorded({"up": counted(), "down": counted()}, {"up": counted(4, 4)})
    assert [panel.title for panel in panels(LINK, recording, [])] == [
        "Rate up, bit/s",
        "Rate down, bit/s",
        "Wait in the queue, ms",
        "Queue, bytes",
        "Queue, packets",
    ]
    assert LINK.silence(recording) == "No packet was dropped. No packet was marked."


def test_panels_show_what_was_counted() -> None:
    before = {"up": counted(), "down": counted()}
    dropped = counted(10, 6, dropped={"loss": 3, "queue": 1}, marked=2, queue_packets=5)
    recording = recorded(before, {"up": dropped, "down": counted(8, 8)})
    changes = [Change(0, "start", {"up": Configured(64_000, 7_000_000)})]
    shown = {
        panel.title: {trace.name: trace.series.values for trace in panel.traces}
        for panel in panels(LINK, recording, changes)
    }
    assert shown == {
        "Rate up, bit/s": {
            "in": (80_000, 80_000),
            "out": (48_000, 48_000),
            "configured": (64_000, 64_000),
        },
        "Rate down, bit/s": {"in": (64_000, 64_000), "out": (64_000, 64_000)},
        "Delay, ms: configured + wait in the queue": {"up": (7, 7), "down": (0, 0)},
        "Queue, bytes": {"up": (0, 5000), "down": (0, 0)},
        "Queue, packets": {"up": (0, 5), "down": (0, 0)},
        "Dropped up, packets/s": {"loss": (3, 3), "queue": (1, 1)},
        "Marked (ECN), packets/s": {"up": (2, 2), "down": (0, 0)},
    }
    assert LINK.silence(recording) == ""
