"""Quick verbs: whatever is read at once is read as cyclopts reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cyclopts import App, CycloptsError, Parameter
from hypothesis import example, given
from hypothesis import strategies as st

from usernet.programs import tunnel_options
from usernet.programs.options import TunnelOptions, dressed
from usernet.programs.quick import Quick

if TYPE_CHECKING:
    from collections.abc import Sequence

Seen = tuple[str, int, dict[str, object], bool, "str | None"]


def verb(
    host: str,
    port: int,
    /,
    *,
    tunnel: tunnel_options.TunnelOptions | None = None,
    udp: bool = False,
    as_name: str | None = None,
) -> Seen:
    """Connect.

    Args:
        host: Where.
        port: Where.
        tunnel: How.
        udp: Datagrams.
        as_name: A name.
    """
    options = tunnel or tunnel_options.TunnelOptions()
    return host, port, vars(options), udp, as_name


SHORT = {**tunnel_options.SHORT, "udp": "-u"}
QUICK = Quick(verb, {"tunnel": tunnel_options.TunnelOptions}, SHORT)  # type: ignore[arg-type]
APP = App(name="u", default_parameter=Parameter(negative=()))


def full(
    host: str,
    port: int,
    /,
    *,
    tunnel: TunnelOptions | None = None,
    udp: bool = False,
    as_name: str | None = None,
) -> Seen:
    return verb(host, port, tunnel=tunnel, udp=udp, as_name=as_name)


APP.command(dressed(full, SHORT), name="verb")


def by_cyclopts(words: Sequence[str]) -> object:
    try:
        return APP(
            ["verb", *words], result_action="return_value", print_error=False, exit_on_error=False
        )
    except CycloptsError as error:
        return error


@pytest.mark.parametrize(
    "line",
    [
        "h 22",
        "h 22 --wireguard a.conf -v",
        "--wireguard a.conf --wireguard=b.conf h --timeout 3s 22 --no-agent --udp",
        "-u -v h --as-name x 1",
        "--split internal --split=example.org h 0",
    ],
)
def test_plain_words_are_read_at_once(line: str) -> None:
    call = QUICK.read(line.split())
    assert call is not None
    assert call() == by_cyclopts(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "h",
        "h 22 23",
        "h ssh",
        "h 0x16",
        "h -1",
        "--help",
        "h 22 --help",
        "h 22 --loss 3%",
        "h 22 --wiregard a",
        "h 22 --timeout",
        "h 22 --timeout 1s --timeout 2s",
        "h 22 --timeout --udp",
        "h 22 --udp=true",
        "h 22 -uv",
        "h 22 -- x",
        "-- h 22",
        "h 22 --wireguard=",
    ],
)
def test_all_others_are_left_to_cyclopts(line: str) -> None:
    assert QUICK.read(line.split()) is None


LINE = (
    "h 22 0 x --wireguard --wireguard=a a.conf -v --verbose --udp -u --timeout 3s --timeout=4s "
    "--split --no-agent --as-name --loss -- - -1 --udp=false --host --port"
)
WORDS = st.sampled_from(LINE.split())


@given(st.lists(WORDS, max_size=8))
@example(["h", "22", "-v", "-v"])
def test_what_is_read_at_once_is_read_as_cyclopts_does(words: list[str]) -> None:
    call = QUICK.read(words)
    if call is not None:
        assert call() == by_cyclopts(words)
