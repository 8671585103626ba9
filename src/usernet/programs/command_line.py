"""Every verb with its options, as cyclopts reads them and shows them with ``--help``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cyclopts import App, CycloptsError, Group, Parameter

from usernet.errors import ConfigError
from usernet.programs.main import QUICK, VERBS
from usernet.programs.words import marked

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["app", "command"]


def _shown(default: object) -> str | None:
    """A default as the help shows it; not where an option is off, or empty, without one."""
    return None if default is None or default in (False, ()) else str(default)


app: App = App(
    name="usernet",
    help="The network as a library: put programs on bad lines, and into private networks.",
    help_format="markdown",
    version_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=cast("Callable[[Any], str]", _shown)),
    version_flags=["--version"],
)
_GROUPS = {
    Group("Lines", sort_key=0): {"run", "emulate", "set", "watch", "profiles"},
    Group("This machine", sort_key=2): {"selftest", "bench"},
    Group("Tunnels into private networks", sort_key=1): set[str](),
}
"""Which verbs stand together in the overview; the rest is of the last."""
for _verb, _help in VERBS:
    _home = "dressed" if _verb in QUICK else _verb
    _group = next(one for one, verbs in _GROUPS.items() if not verbs or _verb in verbs)
    app.command(f"usernet.programs.{_home}:{_verb}", name=_verb, help=_help, group=_group)

_HELP = {"--help", "-h"}


def command(arguments: list[str]) -> int | None:
    """Run one command; what it returns.

    Raises:
        ConfigError: It is none.
    """
    words = arguments
    for verb in ("run", "ssh", "container"):
        words = marked(words, verb, app)
    if words and words[0] in dict(VERBS) and _HELP & set(words):
        app[words[0]].help = None  # all that the function says, of which the overview has a line
    try:
        returned: int | None = app(
            words, result_action="return_value", print_error=False, exit_on_error=False
        )
    except CycloptsError as error:
        raise ConfigError(" ".join(str(error).split())) from None
    return returned
