"""``usernet set``: change a line while it runs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from usernet.config.items import item_text
from usernet.errors import ConfigError
from usernet.programs.running import LineChoice

if TYPE_CHECKING:
    from usernet.client import BlockingClient

__all__ = ["set"]


def set(  # noqa: A001 - the verb is called so
    *,
    up: str | None = None,
    down: str | None = None,
    both: str | None = None,
    rtt: str | None = None,
    flow: str | None = None,
    profile: str | None = None,
    play: bool = False,
    pause: bool = False,
    seek: str | None = None,
    choice: LineChoice | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Change a line while it runs; what is in flight arrives all the same.

    For example: `usernet set --down rate=1mbit`, or `usernet set --flow media --both loss=2%`.
    It ends when the change is what runs.

    Args:
        up: Impairments of the way up, such as "loss=2% rate=1mbit"; KEY=none takes one back.
        down: Impairments of the way down.
        both: Impairments of both directions.
        rtt: Round trip time, half of it each way.
        flow: Change this flow, instead of the link.
        profile: Let the link be as this profile says; none is a perfect line.
        play: Let the scenario's time pass.
        pause: Let the scenario stand where it is.
        seek: Go to this place of the scenario, such as 10s.
        choice: Which running line is meant.
        as_json: Print what the line is now as JSON.
    """
    sides = {"up": up, "down": down, "both": both, "rtt": rtt}
    patch = {key: value for key, value in sides.items() if value is not None}
    if not (patch or profile or play or pause or seek):
        allowed = "--down rate=1mbit, --profile lte, --pause …; see usernet set --help"
        raise ConfigError("nothing to change", allowed=allowed)
    with (choice or LineChoice()).client() as net:
        if profile is not None:
            net.apply_profile(None if profile == "none" else profile)
        if patch:
            _patch(net, flow, patch)
        if seek is not None:
            net.seek(seek)
        if play or pause:
            (net.pause if pause else net.play)()
        _say(net.present(), as_json=as_json)


def _patch(net: BlockingClient, flow: str | None, patch: dict[str, str]) -> None:
    if flow is None:
        net.patch(patch)
    else:
        net.flows[flow].change(patch)


def _say(present: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(present))
        return
    if not sys.stdout.isatty():
        return
    print(f"up    {_items(present['up'])}\ndown  {_items(present['down'])}")
    for flow in cast("list[dict[str, object]]", present["flows"]):
        sides = f"up {_items(flow['up'])}   down {_items(flow['down'])}"
        print(f"flow  {flow['name']} ({flow['filter']})   {sides}")


def _items(side: object) -> str:
    texts = cast("dict[str, object]", side).items()
    return " ".join(item_text(key, _text(value)) for key, value in texts) or "perfect"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 72
