from typing import Any, cast

from usernet.report.plot import MOST_POINTS, Figure, Panel, Plot, Trace, draw, draw_plot
from usernet.report.series import Series

RAMP = Series(tuple(map(float, range(5000))), tuple(map(float, range(5000))))


def drawn(figure: Figure) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    return cast("list[dict[str, Any]]", figure["data"]), cast("dict[str, Any]", figure["layout"])


def test_panels_lie_below_each_other_on_one_time_axis() -> None:
    panels = [Panel(name, (Trace(name, RAMP, "#112233"),)) for name in ("a", "b", "c")]
    data, layout = drawn(draw(panels, [], (0, 10)))
    tops = [layout[axis]["domain"] for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert tops[0][1] == 1
    assert tops[2][0] < tops[2][1] < tops[1][0] < tops[1][1] < tops[0][0]
    assert abs(tops[2][0]) < 1e-9
    assert [trace["yaxis"] for trace in data] == ["y", "y2", "y3"]
    assert [name for name in layout if name.startswith("xaxis")] == ["xaxis"]
    assert (layout["xaxis"]["anchor"], layout["xaxis"]["range"]) == ("y3", [0, 10])


def test_points_are_bounded() -> None:
    data, _ = drawn(draw([Panel("a", (Trace("a", RAMP, "#112233"),))], [], (0, 1)))
    assert len(data[0]["x"]) == len(data[0]["y"]) == MOST_POINTS


def test_styles() -> None:
    steps, limit = Trace("a", RAMP, "#112233", "area"), Trace("b", RAMP, "#445566", "limit")
    area, dashed = drawn(draw([Panel("a", (steps, limit))], [], (0, 1)))[0]
    assert (area["fill"], area["fillcolor"], area["line"]["shape"]) == (
        "tozeroy",
        "#11223340",
        "vh",
    )
    assert (dashed["line"]["dash"], dashed["line"]["shape"]) == ("dash", "hv")
    assert dashed["marker"] == {"color": "#445566"}


def test_changes_are_lines_and_numbers_that_do_not_overlap() -> None:
    _, layout = drawn(draw([Panel("a", ())], [0, 50, 50.1, 90], (0, 100)))
    assert [line["x0"] for line in layout["shapes"]] == [0, 50, 50.1, 90]
    numbers = {note["x"]: note["text"] for note in layout["annotations"] if note["xref"] == "x"}
    assert numbers == {0: "<b>1</b>", 50: "<b>2</b>", 90: "<b>4</b>"}


def test_a_small_plot_has_its_goal() -> None:
    data, layout = drawn(draw_plot(Plot("error", "share, %", "µs", (0, 50, 100), (1, 2, 3), 2.5)))
    assert (data[0]["x"], data[0]["y"]) == ([0, 50, 100], [1, 2, 3])
    assert (data[1]["name"], data[1]["x"], data[1]["y"]) == ("goal", [0, 100], [2.5, 2.5])
    assert layout["xaxis"]["title"]["text"] == "share, %"


def test_a_small_plot_without_goal_or_data() -> None:
    assert len(drawn(draw_plot(Plot("a", "x", "y", (1,), (2,))))[0]) == 1
    assert len(drawn(draw_plot(Plot("a", "x", "y", (), (), 1)))[0]) == 1
