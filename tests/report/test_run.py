from usernet.engine.fidelity import Fidelity
from usernet.report.page import plotly_js
from usernet.report.panels import Group
from usernet.report.run import MOST_GROUPS, MOST_TEXT, run_report
from usernet.report.timeline import Change, Configured

from .reading import Reader
from .recordings import LATENESS, TRUSTED, counted, recorded

EVIL = "<script>alert('x')</script>\"'&"
TOTALS = {"up": counted(30, 20, dropped={"loss": 10}), "down": counted(9, 9)}
RECORDING = recorded({"up": counted(), "down": counted()}, TOTALS)
SLOW = Fidelity("inconclusive", "this machine was too slow for 10 000 packets/s", LATENESS, 3)


def test_it_says_what_ran_and_how_to_repeat_it() -> None:
    facts = {"seed": "7", "usernet": "0.1.0"}
    made = run_report("Storm", "of LTE", RECORDING, TRUSTED, "seed = 7\n", TOTALS, facts=facts)
    read = Reader(made)
    assert (read.texts["h1"], read.texts["title"]) == (["Storm"], ["Storm"])
    assert read.texts["pre"] == ["seed = 7\n"]
    assert (read.table["seed"], read.table["usernet"]) == (["7"], ["0.1.0"])
    assert read.table["packets in"] == ["30", "9"]


def test_it_certifies_its_fidelity() -> None:
    trusted = Reader(run_report("t", "", RECORDING, TRUSTED, "", TOTALS))
    assert trusted.texts["strong"] == ["trusted"]
    assert ": p50 21 µs, p99 71 µs, 0 overruns" in trusted.texts["p"]
    assert ("class", "verdict trusted") in trusted.attributes
    assert trusted.table["99.9th percentile"] == ["640 µs"]
    assert trusted.table["packets with a due time"] == ["412\u202f345"]
    assert trusted.table["more than 1 ms late"] == ["2"]
    slow = Reader(run_report("t", "", RECORDING, SLOW, "", TOTALS))
    assert slow.texts["strong"] == ["inconclusive"]
    assert ": this machine was too slow for 10 000 packets/s" in slow.texts["p"]
    assert slow.table["dropped by the kernel, unseen"] == ["3"]


def test_its_plots_have_the_data() -> None:
    changes = [Change(0, "start", {"up": Configured(64_000, 7_000_000)}), Change(10**9, "end")]
    made = run_report("t", "", RECORDING, TRUSTED, "", TOTALS, changes=changes)
    figure = Reader(made).figures["plot-1"]
    values = [(trace["yaxis"], trace["name"], trace["y"]) for trace in figure["data"]]
    assert values[:3] == [
        ("y", "in", [240_000, 240_000]),
        ("y", "out", [160_000, 160_000]),
        ("y", "configured", [64_000, 64_000]),
    ]
    assert ("y6", "loss", [10, 10]) in values
    assert [line["x0"] for line in figure["layout"]["shapes"]] == [0, 1]
    assert Reader(made).table["2"] == ["1 s", "end"]


def test_text_from_outside_is_only_text() -> None:
    names = {f"up/{EVIL}": counted(2, 1, dropped={EVIL: 1}), EVIL: counted()}
    recording = recorded(names, dict.fromkeys(names, counted(9, 8, dropped={EVIL: 2})))
    changes = [Change(0, EVIL, {EVIL: Configured(1, 1)})]
    facts = {EVIL: EVIL}
    doubtful = Fidelity("inconclusive", EVIL, LATENESS, 0)
    made = run_report(EVIL, EVIL, recording, doubtful, EVIL, names, changes=changes, facts=facts)
    read = Reader(made)
    assert read.tags.count("script") == 3
    assert read.texts["h1"] == read.texts["pre"] == [EVIL]
    assert f"Flow {EVIL}" in read.texts["h2"]
    assert read.table[EVIL] == [EVIL]
    own = made.replace(plotly_js(), "")
    assert "<script>alert" not in own
    assert "alert('x')" not in own


def test_its_size_is_bounded() -> None:
    flows = [f"up/{number}" for number in range(60)]
    samples = [
        dict.fromkeys(flows, counted(at * at, at, dropped={"loss": at * (at % 7)}))
        for at in range(4000)
    ]
    made = run_report("t", "", recorded(*samples), TRUSTED, "x" * 10**6, samples[-1])
    read = Reader(made)
    assert len(read.figures) == MOST_GROUPS
    assert "36 more flows are not drawn; the totals have them." in read.texts["p"]
    points = [len(trace["x"]) for one in read.figures.values() for trace in one["data"]]
    assert max(points) <= 2000 * 4 // MOST_GROUPS
    assert len(read.texts["pre"][0]) == MOST_TEXT
    assert len(made) - len(plotly_js()) < 4_000_000


def test_a_run_of_nothing_is_a_report_too() -> None:
    read = Reader(run_report("t", "", recorded(), TRUSTED, "", {}))
    assert "script" not in read.tags
    assert read.texts["strong"] == ["trusted"]


def test_a_group_says_what_never_happened() -> None:
    read = Reader(run_report("t", "", RECORDING, TRUSTED, "", TOTALS))
    group = Group("The link", (("up", "up"), ("down", "down")))
    assert f"One point is 1 s or more. {group.silence(RECORDING)}" in read.texts["p"]
