"""Quick verbs: a command line whose every word is plain is read at once, without cyclopts.

Importing cyclopts takes longer than reaching a host, and ``usernet nc`` is started for each
connection. So the words of a quick verb are first read here, by the very function that cyclopts
reads: its parameters are the only definition. Whatever is not plain (``--help``, an unknown option,
a word too many, a number that is none) is left to cyclopts, which knows the rest, and says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FunctionType

__all__ = ["Quick"]

_VALUES = {"str", "str | None"}
_MANY = "tuple[str, ...]"


class Quick:
    """A verb that can be read at once.

    Args:
        function: What runs it. Its positional parameters are ``str`` or ``int``; its keywords are
            ``bool``, ``str``, ``str | None``, ``tuple[str, ...]``, or classes of such keywords.
            Keywords of other types are cyclopts' alone.
        groups: Its keywords that are classes, whose keywords are options of the verb.
        short: The short name of an option, such as ``{"verbose": "-v"}``.
    """

    def __init__(
        self,
        function: Callable[..., int | None],
        groups: Mapping[str, type],
        short: Mapping[str, str],
    ) -> None:
        self.function = function
        self.groups = groups
        self.short = short

    def read(self, words: Sequence[str]) -> Callable[[], int | None] | None:
        """The call that these words mean; None where they are not plain.

        Args:
            words: What stands behind the verb.
        """
        found = _options(words, self._kinds())
        if found is None:
            return None
        positional, options = found
        arguments = self._positional(positional)
        if arguments is None:
            return None
        keywords = self._grouped(options)
        return lambda: self.function(*arguments, **keywords)

    def _kinds(self) -> dict[str, tuple[str, str]]:
        """Of each spelling of an option: its keyword and its type."""
        kinds: dict[str, tuple[str, str]] = {}
        for one in (cast("FunctionType", self.function), *map(_made_by, self.groups.values())):
            for name in one.__kwdefaults__ or {}:
                kind = (name, str(one.__annotations__[name]))
                kinds["--" + name.replace("_", "-")] = kind
                kinds[self.short.get(name, "")] = kind
        return kinds

    def _positional(self, words: Sequence[str]) -> list[object] | None:
        function = cast("FunctionType", self.function)
        names = function.__code__.co_varnames[: function.__code__.co_posonlyargcount]
        if len(names) != len(words):
            return None
        found: list[object] = []
        for name, word in zip(names, words, strict=True):
            if function.__annotations__[name] == "str":
                found.append(word)
            elif word.isascii() and word.isdigit():
                found.append(int(word))
            else:
                return None
        return found

    def _grouped(self, options: Mapping[str, object]) -> dict[str, object]:
        keywords = dict(options)
        for name, group in self.groups.items():
            own = _made_by(group).__kwdefaults__ or {}
            keywords[name] = group(**{key: keywords.pop(key) for key in own if key in keywords})
        return keywords


def _made_by(group: type) -> FunctionType:
    """The function whose keywords a class takes."""
    return cast("FunctionType", vars(group)["__init__"])


def _options(
    words: Sequence[str], kinds: Mapping[str, tuple[str, str]]
) -> tuple[list[str], dict[str, object]] | None:
    """The words that are no options, and what the options say."""
    positional: list[str] = []
    options: dict[str, object] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            positional.append(word)
            continue
        spelling, is_joined, value = word.partition("=")
        name, kind = kinds.get(spelling, ("", ""))
        if kind == "bool" and not is_joined:
            if name in options:
                return None
            options[name] = True
            continue
        if not is_joined:
            value = left.pop(0) if left else ""
        if not value or value.startswith("-") or not _keep(options, name, kind, value):
            return None
    return positional, options


def _keep(options: dict[str, object], name: str, kind: str, value: str) -> bool:
    """Whether a value is one that this option takes, once or many times."""
    if kind == _MANY:
        before = options.get(name, ())
        options[name] = (*before, value) if isinstance(before, tuple) else (value,)
        return True
    if kind not in _VALUES or name in options:
        return False
    options[name] = value
    return True
