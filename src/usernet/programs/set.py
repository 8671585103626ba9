"""``usernet set``: change a line while it runs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from usernet.config import units
from usernet.config.items import item_text
from usernet.config.scenario import Scenario
from usernet.control.tables import with_profile
from usernet.errors import ConfigError
from usernet.programs.running import LineChoice
from usernet.trace import profiles

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
    if play and pause:
        raise ConfigError("--play and --pause contradict each other", allowed="one of them")
    _check(flow, profile, seek)
    with (choice or LineChoice()).client() as net:
        if seek is not None:
            _check_place(net, profile, seek)
        if profile is not None:
            _become(net, profile, patch)
        elif patch:
            _patch(net, flow, patch)
        if seek is not None:
            net.seek(seek)
        if play or pause:
            (net.pause if pause else net.play)()
        _say(net.present(), as_json=as_json)


def _check(flow: str | None, profile: str | None, seek: str | None) -> None:
    """Find what is wrong before the first of several changes."""
    if profile and flow:
        raise ConfigError("a profile is the link's, not a flow's", path="profile", value=profile)
    if seek is not None:
        units.nanoseconds(seek, path="position")


def _check_place(net: BlockingClient, profile: str | None, seek: str) -> None:
    """Find whether the place is beyond the end that the scenario is to have."""
    _, config = net.config()
    table = config if profile is None else with_profile(config, _named(profile))
    ending: dict[str, object] = {key: table[key] for key in _OF_THE_END if key in table}
    Scenario.of(ending, profiles.load).check_position(units.nanoseconds(seek))


def _named(profile: str) -> str | None:
    return None if profile == "none" else profile


def _become(net: BlockingClient, profile: str, patch: dict[str, str]) -> None:
    """Let the link be as a profile says, with values over it: all of it or nothing."""
    name = _named(profile)
    if not patch:
        net.apply_profile(name)
        return
    generation, config = net.config()
    net.replace({**with_profile(config, name), **patch}, if_generation=generation)


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


_OF_THE_END = ("profile", "duration")
"""Keys of a scenario that say when it ends."""
_LONGEST = 72
