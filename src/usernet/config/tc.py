"""A netem line of tc, read into the keys of an impairment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config.known import known
from usernet.config.tc_faults import faults
from usernet.config.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from usernet.config.fields import Compat

__all__ = ["TcWarning", "read"]

_GRAMMAR = "netem [limit N] [delay TIME [JITTER [CORR]]] [distribution NAME] [loss …] …"


class TcWarning(UserWarning):
    """A parameter of netem that does not do what it says."""


def read(line: str, compat: Compat | None) -> tuple[dict[str, object], list[str]]:
    """Read a line into the keys of an impairment, and what to warn about.

    Args:
        line: Such as ``tc qdisc add dev eth0 root netem delay 100ms 20ms``.
        compat: Whose arithmetic the keys are for.

    Raises:
        ConfigError: If the line is not one of netem.
    """
    words = Words(line, "tc", _GRAMMAR)
    while not words.accept("netem"):
        words.take("the word netem")
    found: dict[str, str] = {}
    while words.left:
        keyword = words.take("keyword").lower()
        _READERS[known(keyword, _READERS, path="tc", what="parameter")](words, found)
    return _for_model(found, compat), list(faults(found))


def _percent(words: Words) -> str | None:
    """The next word as a percentage, if it is one; tc takes a bare number for one, too."""
    word = words.upcoming()
    if not word or not (word[0].isdigit() or word[0] == "."):
        return None
    words.take("percentage")
    return word if word.endswith("%") else f"{word}%"


def _percents(words: Words, most: int) -> list[str]:
    found: list[str] = []
    while len(found) < most and (percent := _percent(words)) is not None:
        found.append(percent)
    if not found:
        raise words.error("a percentage is missing", "such as 1%")
    return found


def _is_time(word: str) -> bool:
    return word[:1].isdigit() and (word == "0" or word.endswith("s"))


def _delay(words: Words, found: dict[str, str]) -> None:
    found["delay"] = words.take("delay")
    if _is_time(words.upcoming()):
        found["jitter"] = words.take("jitter")
        correlation = _percent(words)
        found |= {"jitter_correlation": correlation} if correlation else {}


def _distribution(words: Words, found: dict[str, str]) -> None:
    found["distribution"] = words.take("distribution")


def _loss(words: Words, found: dict[str, str]) -> None:
    model = (
        words.take("model").lower() if words.upcoming() in {"random", "state", "gemodel"} else ""
    )
    most = {"state": 5, "gemodel": 4}.get(model, 2)
    found["loss"] = " ".join([model, *_percents(words, most)]).strip()


def _chance(key: str) -> Callable[[Words, dict[str, str]], None]:
    def read_chance(words: Words, found: dict[str, str]) -> None:
        found[key] = " ".join(_percents(words, 2))

    return read_chance


def _number(key: str) -> Callable[[Words, dict[str, str]], None]:
    def read_number(words: Words, found: dict[str, str]) -> None:
        found[key] = str(words.number(key))

    return read_number


def _ecn(_: Words, found: dict[str, str]) -> None:
    found["ecn"] = "true"


def _rate(words: Words, found: dict[str, str]) -> None:
    rate = words.take("rate")
    found["rate"] = f"{rate}bit" if rate.isdigit() else rate
    for key in ("overhead", "cell", "cell_overhead"):
        if words.upcoming().lstrip("-").isdigit():
            found[key] = f"{words.take(key)}b"


def _slot(words: Words, found: dict[str, str]) -> None:
    taken = [words.take("slot")]
    while (word := words.upcoming()) and (_is_time(word) or word not in _READERS):
        taken.append(words.take("slot"))
        if word in {"packets", "bytes"}:
            taken.append(words.take(word) + ("b" if word == "bytes" else ""))
    found["slot"] = " ".join(taken)


_READERS: dict[str, Callable[[Words, dict[str, str]], None]] = {
    "limit": _number("limit"),
    "delay": _delay,
    "latency": _delay,
    "distribution": _distribution,
    "loss": _loss,
    "drop": _loss,
    "ecn": _ecn,
    "corrupt": _chance("corrupt"),
    "duplicate": _chance("duplicate"),
    "reorder": _chance("reorder"),
    "gap": _number("gap"),
    "rate": _rate,
    "slot": _slot,
    "seed": _number("seed"),
}


def _for_model(found: dict[str, str], compat: Compat | None) -> dict[str, object]:
    """The keys of netem's model, or of the exact one: there a limit is a queue's."""
    dropped = {"seed"} if "delay" in found and found["delay"] != "0" else {"seed", "reorder", "gap"}
    keys: dict[str, object] = {key: found[key] for key in found if key not in dropped}
    if compat:
        return {**keys, "compat": compat}
    limit = keys.pop("limit", None)
    return {**keys, "queue": f"{limit}packets"} if limit and "rate" in keys else keys
