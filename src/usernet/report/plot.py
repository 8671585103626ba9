"""Plots: panels below each other on one time axis, as data that plotly.js draws.

plotly.js reads some HTML in names and titles, so they are escaped here. Colours are chosen to be
told apart on white and on black; the page sets those of text and grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Literal, TypeAlias

from usernet.report.series import Series

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_POINTS", "Figure", "Json", "Panel", "Plot", "Trace", "draw", "draw_plot"]

MOST_POINTS = 2000
"""Points of a trace: more than a screen has columns."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | int | bool | None"
Figure: TypeAlias = dict[str, Json]

_PANEL_PX, _GAP_PX, _TOP_PX, _BOTTOM_PX = 96, 42, 58, 46
_LABEL_SPACING = 0.025
"""Least distance of two numbers of changes, as a share of the width."""

_BUTTONS = ("toImage", "zoom", "pan", "zoomIn", "zoomOut", "autoScale", "resetScale")
"""Of plotly.js's bar, those that would cover a small plot."""

_STYLES: dict[str, dict[str, Json]] = {
    "area": {"fill": "tozeroy", "line": {"shape": "vh", "width": 1.5}},
    "step": {"line": {"shape": "vh", "width": 1.2}},
    "line": {"line": {"width": 1.5}},
    "limit": {"line": {"shape": "hv", "width": 1.5, "dash": "dash"}},
}


@dataclass(frozen=True, slots=True)
class Trace:
    """A series and how it is drawn.

    Attributes:
        name: What the legend calls it.
        series: Its values.
        colour: Its colour, as ``#rrggbb``.
        style: An area below steps, steps, a line between points, or a limit, which is dashed.
    """

    name: str
    series: Series
    colour: str
    style: Literal["area", "step", "line", "limit"] = "line"


@dataclass(frozen=True, slots=True)
class Panel:
    """Traces that share a value axis.

    Attributes:
        title: What is shown, with its unit.
        traces: What is drawn.
        si: Whether large values are written with a prefix: 20M.
    """

    title: str
    traces: tuple[Trace, ...]
    si: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """A small plot that goes with a row of the accuracy table.

    Attributes:
        title: What it shows.
        x_label: What runs to the right, with its unit.
        y_label: What runs upwards, with its unit.
        x: Positions, ascending.
        y: The value at each position.
        limit: The goal, drawn as a line; None where there is none.
    """

    title: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    limit: float | None = None


def draw(
    panels: Sequence[Panel],
    marks: Sequence[float],
    span: tuple[float, float],
    *,
    most_points: int = MOST_POINTS,
) -> Figure:
    """Panels below each other.

    Args:
        panels: From top to bottom.
        marks: Moments in seconds, numbered from 1, where something changed.
        span: First and last second.
        most_points: Points of a trace; those between the lowest and highest are left out.
    """
    inner = len(panels) * (_PANEL_PX + _GAP_PX) - _GAP_PX
    places = [_Place(index, inner) for index in range(len(panels))]
    titles = (_title(panel.title, place) for panel, place in zip(panels, places, strict=True))
    layout: Figure = {
        "height": _TOP_PX + inner + _BOTTOM_PX,
        "margin": {"l": 58, "r": 14, "t": _TOP_PX, "b": _BOTTOM_PX},
        "hovermode": "x unified",
        "modebar": {"remove": ["select", "lasso"]},
        "shapes": [_mark(at) for at in marks],
        "annotations": [*titles, *_numbers(marks, span, inner)],
        "xaxis": _time_axis(places, span),
    }
    data: list[Json] = []
    for panel, place in zip(panels, places, strict=True):
        layout[f"yaxis{place.suffix}"] = _value_axis(panel, place)
        layout[f"legend{place.suffix}"] = _legend(place.top)
        data.extend(_trace(trace, panel, place, most_points) for trace in panel.traces)
    return {"data": data, "layout": layout}


def draw_plot(plot: Plot) -> Figure:
    """A small plot."""
    series = Series(plot.x, plot.y).thinned(MOST_POINTS)
    data: list[Json] = [_drawn(Trace("measured", series, "#3b82f6"))]
    if plot.x and plot.limit is not None:
        goal = Series((plot.x[0], plot.x[-1]), (plot.limit, plot.limit))
        data.append(_drawn(Trace("goal", goal, "#e5484d", "limit")))
    layout: Figure = {
        "height": 240,
        "margin": {"l": 58, "r": 14, "t": 28, "b": 46},
        "hovermode": "x unified",
        "modebar": {"remove": [*_BUTTONS]},
        "xaxis": {"title": {"text": escape(plot.x_label)}},
        "yaxis": {"title": {"text": escape(plot.y_label)}, "rangemode": "tozero"},
        "legend": _legend(1),
    }
    return {"data": data, "layout": layout}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a panel is: counted from the top, in a plot whose inside is so many pixels high."""

    index: int
    inner: int

    @property
    def suffix(self) -> str:
        """What plotly.js puts behind the name of an axis: nothing, then 2, 3 and so on."""
        return str(self.index + 1) if self.index else ""

    @property
    def top(self) -> float:
        """The upper end, as a share of the height."""
        return 1 - self.index * (_PANEL_PX + _GAP_PX) / self.inner

    @property
    def bottom(self) -> float:
        """The lower end."""
        return max(self.top - _PANEL_PX / self.inner, 0)


def _value_axis(panel: Panel, place: _Place) -> Figure:
    domain: list[Json] = [place.bottom, place.top]
    axis: Figure = {"domain": domain, "rangemode": "tozero", "anchor": "x", "nticks": 5}
    return axis | ({"tickformat": "~s"} if panel.si else {})


def _legend(y: float) -> Figure:
    return {"orientation": "h", "x": 1, "xanchor": "right", "y": y, "yanchor": "bottom"}


def _time_axis(places: Sequence[_Place], span: tuple[float, float]) -> Figure:
    return {
        "title": {"text": "seconds since the start"},
        "range": [*span],
        "anchor": f"y{places[-1].suffix}",
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikedash": "solid",
        "hoverformat": ".3f",
        "ticksuffix": " s",
        "ticks": "outside",
        "ticklen": 6,
        "tickcolor": "rgba(0,0,0,0)",
    }


def _title(text: str, place: _Place) -> Json:
    where: Figure = {"xref": "paper", "yref": "paper", "x": 0, "y": place.top}
    anchors: Figure = {"xanchor": "left", "yanchor": "bottom", "showarrow": False}
    return where | anchors | {"text": f"<b>{escape(text)}</b>"}


def _mark(at: float) -> Json:
    ends: Figure = {"x0": at, "x1": at, "y0": 0, "y1": 1}
    line: Figure = {"width": 1, "dash": "dot", "color": "#8b8d98"}
    style: Figure = {"type": "line", "line": line, "layer": "below"}
    return ends | style | {"xref": "x", "yref": "paper"}


def _numbers(marks: Sequence[float], span: tuple[float, float], inner: int) -> list[Json]:
    shown: list[Json] = []
    last = -float("inf")
    for number, at in enumerate(marks, 1):
        if at - last >= _LABEL_SPACING * (span[1] - span[0]):
            shown.append(_number(number, at, 1 + 22 / inner))
            last = at
    return shown


def _number(number: int, at: float, y: float) -> Json:
    place: Figure = {"xref": "x", "yref": "paper", "x": at, "y": y, "yanchor": "bottom"}
    font: Figure = {"color": "#fff", "size": 11}
    box: Figure = {"bgcolor": "#6b6d78", "borderpad": 2, "showarrow": False, "font": font}
    return place | box | {"text": f"<b>{number}</b>"}


def _trace(trace: Trace, panel: Panel, place: _Place, most_points: int) -> Json:
    thinned = replace(trace, series=trace.series.thinned(most_points))
    axes: Figure = {"yaxis": f"y{place.suffix}", "legend": f"legend{place.suffix}"}
    return _drawn(thinned) | axes | {"hovertemplate": "%{y:.4~s}" if panel.si else "%{y:.4~g}"}


def _drawn(trace: Trace) -> Figure:
    style = dict(_STYLES[trace.style])
    fill: Figure = {"fillcolor": f"{trace.colour}40"} if "fill" in style else {}
    drawn: Figure = {
        "type": "scatter",
        "mode": "lines",
        "name": escape(trace.name),
        **style,
        **fill,
    }
    drawn["x"], drawn["y"] = [*trace.series.seconds], [*trace.series.values]
    drawn["marker"] = {"color": trace.colour}  # which a line takes its colour from
    return drawn
