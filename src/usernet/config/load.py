"""Scenario files: TOML to a `Scenario`, or an error that names file, line, key and what is right.

This is the only module of the room that reads files. Profiles and traces belong to rooms above,
so who calls says how they are found.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from usernet.config import timeline
from usernet.config.distribution import parse_table
from usernet.config.fields import is_file
from usernet.config.locate import line_of
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usernet.config.scenario import ProfileResolver

__all__ = ["LARGEST_FILE", "load", "loads", "read_table", "table_of", "with_files"]

LARGEST_FILE = 2**20
"""Files above this many bytes are refused."""


def load(
    path: str | Path,
    *,
    profile: ProfileResolver | None = None,
    trace: Callable[[Path], tuple[int, ...]] | None = None,
) -> Scenario:
    """Read a scenario file, and the traces and tables that it names, relative to it.

    Args:
        path: The file.
        profile: Finds a profile by its name.
        trace: Reads a trace; None leaves traces unread.

    Raises:
        ConfigError: If the file, or what it says, is not a scenario.
        TraceError: If a trace that it names is not one.
    """
    path = Path(path)
    readers: dict[str, Callable[[str], tuple[int, ...]]] = {
        "distribution": lambda name: read_table(path.parent / name)
    }
    if trace is not None:
        readers["trace"] = lambda name: trace(path.parent / name)
    return loads(_text(path), file=str(path), profile=profile, readers=readers)


def loads(
    text: str,
    *,
    file: str | None = None,
    profile: ProfileResolver | None = None,
    readers: Mapping[str, Callable[[str], tuple[int, ...]]] | None = None,
) -> Scenario:
    """Read the text of a scenario.

    Args:
        text: The text.
        file: Its name, for errors.
        profile: Finds a profile by its name.
        readers: How to read the files that the keys ``trace`` and ``distribution`` name; a key
            without a reader is left unread.

    Raises:
        ConfigError: If it is not a scenario.
    """
    file = file or "<scenario>"
    table = _parsed(text, file)
    try:
        scenario = Scenario.of(with_files(table, readers or {}, ""), profile)
        timeline.check(scenario)
    except ConfigError as error:
        raise error.located(file, line_of(text, error.path)) from None
    return scenario


def table_of(path: str | Path) -> dict[str, object]:
    """What a file of TOML says, as plain data.

    Raises:
        ConfigError: If it cannot be read, or is no TOML.
    """
    return _parsed(_text(Path(path)), str(path))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ScenarioError("too large", file=str(path), allowed=f"{LARGEST_FILE >> 20} MiB")
        return content.decode()
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ScenarioError("not UTF-8", file=str(path), line=line, allowed="TOML") from None


def _parsed(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        problem = re.sub(r" \(at .*\)$", "", str(error))
        raise ScenarioError(problem, file=file, line=line, allowed="TOML is expected") from None
    except RecursionError:
        raise ScenarioError("nested too deeply", file=file, allowed="TOML is expected") from None


def read_table(path: Path) -> tuple[int, ...]:
    """Read a table of tc's, such as ``normal.dist``.

    Raises:
        ConfigError: If it cannot be read, or is none.
    """
    return parse_table(_text(path), file=str(path))


def with_files(
    table: Mapping[str, object],
    readers: Mapping[str, Callable[[str], tuple[int, ...]]],
    path: str,
) -> dict[str, object]:
    """The tables with every file that a key names replaced by what it holds.

    Args:
        table: What a file says.
        readers: How to read the files of ``trace`` and ``distribution``.
        path: The key path of the table.

    Raises:
        ConfigError: If a file cannot be read; it names the key.
    """

    def walk(value: object, key: str, place: str) -> object:
        if isinstance(value, dict):
            return with_files(cast("dict[str, object]", value), readers, place)
        if isinstance(value, list):
            items = cast("list[object]", value)
            return [walk(item, "", f"{place}[{index}]") for index, item in enumerate(items)]
        if key in readers and is_file(key, value):
            return _read(readers[key], str(value), place)
        return value

    return {key: walk(value, key, f"{path}.{key}" if path else key) for key, value in table.items()}


def _read(read: Callable[[str], tuple[int, ...]], name: str, place: str) -> tuple[int, ...]:
    try:
        return read(name)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError(problem, path=place, value=name) from None
