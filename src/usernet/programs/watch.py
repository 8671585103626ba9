"""``usernet watch``: a running line, on a whole terminal; as lines or JSON where there is none."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from usernet.client.point import Point
from usernet.programs.running import LineChoice
from usernet.report import amount

if TYPE_CHECKING:
    from usernet.client import BlockingClient

__all__ = ["line_of", "watch"]


def watch(
    *,
    choice: LineChoice | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Watch a line while it runs: rates, delay, queue and loss of both directions and each flow.

    On a terminal it takes the whole screen; q leaves. Piped, or with --json, it prints a line for
    each fifth of a second, until the line ends or Ctrl-C.

    Args:
        choice: Which running line is meant.
        as_json: Print what happens as JSON, an object a line: present, point, problem, end.
    """
    with (choice or LineChoice()).client() as net:
        if as_json or not sys.stdout.isatty():
            _print(net, as_json=as_json)
        else:
            from usernet.programs._screen import Screen  # noqa: PLC0415 - slow to import

            Screen(net).run()


def line_of(point: Point) -> str:
    """A point for a person to read, in a line."""
    sides = (f"{way} {_side(point, way)}" for way in ("down", "up"))
    late = f"  {point.late} late" if point.late else ""
    return f"{point.time:8.1f} s  {'   '.join(sides)}{late}"


def _side(point: Point, way: str) -> str:
    lines = [one for name, one in point.lines.items() if name.partition("/")[0] == way]
    own = point.lines[way]
    rate = amount.rate(sum(one.bits_out for one in lines))
    lost = sum(sum(one.dropped.values()) for one in lines)
    came = sum(one.packets_in for one in lines) * point.seconds
    return f"{rate:>11} {amount.duration(own.delay_ns):>7} {amount.share(lost, came):>6} lost"


def _print(net: BlockingClient, *, as_json: bool) -> None:
    try:
        for kind, values in net.events():
            if as_json:
                print(json.dumps({"event": kind, **values}), flush=True)
            elif kind == "point":
                print(line_of(Point.of(values)), flush=True)
    except KeyboardInterrupt:
        return
