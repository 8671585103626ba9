"""Jitter distributions: names, tables and .dist files."""

from __future__ import annotations

import pytest

from usernet.config.distribution import parse_distribution, parse_table
from usernet.errors import ConfigError


def test_names_paths_and_tables() -> None:
    assert parse_distribution("Normal") == "normal"
    assert parse_distribution("mine.dist") == "mine.dist"
    assert parse_distribution("./table") == "./table"
    assert parse_distribution([-32768, 0, 32767]) == (-32768, 0, 32767)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("norml", "did you mean normal"),
        ([], "not a table"),
        ([32768], "not a table"),
        ([1.5], "not a table"),
        ([0] * 16385, "not a table"),
        (3, "not a distribution"),
    ],
)
def test_refusals(value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_distribution(value)


def test_table_files() -> None:
    assert parse_table("# a table\n-1 0 1\n 2 # two\n") == (-1, 0, 1, 2)
    with pytest.raises(ConfigError, match=r"a.dist:2: not whole numbers"):
        parse_table("1\nx\n", file="a.dist")
    with pytest.raises(ConfigError, match=r"a.dist: not a table"):
        parse_table("# nothing\n", file="a.dist")
