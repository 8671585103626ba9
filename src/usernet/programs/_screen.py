"""Screen: a running line on a whole terminal, with charts that move."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Sparkline, Static

from usernet.client.point import LinePoint, Point
from usernet.report import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usernet.client import BlockingClient

__all__ = ["Screen"]

_SECONDS = 60
_POINTS = 5 * _SECONDS
_CHARTS: tuple[tuple[str, str, Callable[[LinePoint], float]], ...] = (
    ("rate", "rate", lambda one: one.bits_out),
    ("delay", "delay, one way", lambda one: one.delay_ns),
    ("queue", "queue", lambda one: one.queue_ns),
    ("loss", "loss", lambda one: one.loss),
)
_SHOWN: dict[str, Callable[[float], str]] = {
    "rate": amount.rate,
    "delay": amount.duration,
    "queue": amount.duration,
    "loss": lambda share: amount.share(share, 1),
}


class Screen(App[None]):
    """Shows a line until it ends, or somebody leaves.

    Args:
        net: A client of the line.
    """

    BINDINGS: ClassVar = [
        ("q", "quit", "Leave"),
        ("space", "steer", "Play or pause"),
    ]
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #head { height: auto; padding: 0 1; background: $panel; }
    .way { border: round $surface-lighten-2; padding: 0 1; }
    .way { border-title-style: bold; border-subtitle-color: $text-muted; }
    #down { border-title-color: $primary-lighten-2; }
    #up { border-title-color: $warning; }
    #up Sparkline > .sparkline--max-color { color: $warning; }
    #up Sparkline > .sparkline--min-color { color: $warning-darken-2; }
    .way Sparkline { height: 3; margin-bottom: 1; }
    #flows { height: auto; max-height: 40%; margin: 0 1; }
    """

    def __init__(self, net: BlockingClient) -> None:
        super().__init__()
        self._net = net
        self._series: dict[str, deque[float]] = {}
        self._present: Mapping[str, object] = {}
        self._is_playing = True
        self._flows: DataTable[str] = DataTable(id="flows", cursor_type="none")

    def compose(self) -> ComposeResult:
        """What is on the screen."""
        yield Static("…", id="head")
        with Horizontal():
            for way in ("down", "up"):
                with Vertical(classes="way", id=way):
                    for name, title, _ in _CHARTS:
                        yield Static(title, id=f"{way}-{name}-label")
                        yield Sparkline([], id=f"{way}-{name}", summary_function=max)
        yield self._flows
        yield Footer()

    def on_mount(self) -> None:
        """Begin to listen."""
        self.title = "usernet watch"
        self._flows.add_columns("flow", "down", "delay", "lost", "up", "delay", "lost")
        for way in ("down", "up"):
            self.query_one(f"#{way}").border_title = way
        self.run_worker(self._listen, thread=True, exclusive=True)

    def action_steer(self) -> None:
        """Let the scenario's time pass, or stand."""
        (self._net.pause if self._is_playing else self._net.play)()

    def _listen(self) -> None:
        for kind, values in self._net.events():
            if kind == "present":
                self.call_from_thread(self._change, values)
            elif kind == "point":
                self.call_from_thread(self.show, Point.of(values))
            elif kind == "end":
                self.call_from_thread(self.exit, None, 0, "the line has ended")

    def _change(self, present: Mapping[str, object]) -> None:
        self._present = present
        for way in ("down", "up"):
            items = present[way]
            assert isinstance(items, dict)
            told = " ".join(f"{key}={value}" for key, value in items.items())  # pyright: ignore[reportUnknownVariableType]
            self.query_one(f"#{way}").border_subtitle = told or "perfect"

    def show(self, point: Point) -> None:
        """Show what a point says."""
        self._is_playing = point.playing
        playing = "" if point.playing else "  paused"
        head = f"{point.time:.1f} s   scenario at {point.position:.1f} s{playing}"
        doubt = "" if point.fidelity == "trusted" else f"   [bold]{point.reason}[/bold]"
        self.query_one("#head", Static).update(head + doubt)
        for way in ("down", "up"):
            for name, title, reading in _CHARTS:
                self._chart(f"{way}-{name}", title, name, reading(point.lines[way]))
        self._table(point)

    def _chart(self, place: str, title: str, name: str, value: float) -> None:
        series = self._series.setdefault(place, deque(maxlen=_POINTS))
        series.append(value)
        # The least value is drawn as the lowest bar: with 0 among them, what stays is seen.
        self.query_one(f"#{place}", Sparkline).data = [0.0, *series]
        self.query_one(f"#{place}-label", Static).update(f"{title}  [bold]{_SHOWN[name](value)}[/]")

    def _table(self, point: Point) -> None:
        table = self._flows
        table.clear()
        names = (name.partition("/")[2] for name in point.lines if name.startswith("down/"))
        for name in names:
            row = [name]
            for way in ("down", "up"):
                one = point.lines[f"{way}/{name}"]
                row += [amount.rate(one.bits_out), amount.duration(one.delay_ns)]
                row.append(amount.share(one.loss, 1))
            table.add_row(*row)
        table.display = table.row_count > 0
