"""``usernet profiles``: the named profiles, their numbers, their sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from usernet.trace import profiles as shipped

if TYPE_CHECKING:
    from usernet.config.scenario import Scenario

__all__ = ["profiles"]


def profiles(
    name: str | None = None, /, *, as_json: Annotated[bool, Parameter(name="--json")] = False
) -> None:
    """List the named profiles, or show one: its numbers and where they come from.

    Args:
        name: The profile to show; all are listed without it.
        as_json: Print JSON.
    """
    names = shipped.names() if name is None else [name]
    found = {one: shipped.load(one) for one in names}
    if as_json:
        print(json.dumps([_record(one, found[one]) for one in names], indent=2))
    elif name is None:
        _list(found)
    else:
        _show(name, found[name])


def _record(name: str, profile: Scenario) -> dict[str, object]:
    return {
        "name": name,
        "description": profile.description,
        "source": profile.source,
        "up": str(profile.link.up),
        "down": str(profile.link.down),
        "changes": len(profile.timeline),
    }


def _list(found: dict[str, Scenario]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not always needed
    from rich.table import Table  # noqa: PLC0415

    table = Table("profile", "what it is", "down", "up", box=None, header_style="bold")
    for name, profile in found.items():
        link = profile.link
        table.add_row(name, profile.description, link.down.brief(), link.up.brief())
    Console().print(table)


def _show(name: str, profile: Scenario) -> None:
    print(f"{name}: {profile.description}")
    print(f"  down    {profile.link.down.brief() or 'nothing'}")
    print(f"  up      {profile.link.up.brief() or 'nothing'}")
    if profile.timeline:
        print(f"  changes {len(profile.timeline)} entries of a timeline")
    print(f"  source  {profile.source}")
