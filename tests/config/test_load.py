"""Scenario files: what they read, and errors that name file, line, key and what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.impairment import Impairment
from usernet.config.load import LARGEST_FILE, load, loads
from usernet.config.scenario import Scenario
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
seed = 7
rtt = "80ms"

[down]
rate = "10mbit"
queue = "100ms"

[[at]]
time = "10s"
set = { down = { rate = "1mbit" } }
"""


def numbers(path: Path) -> tuple[int, ...]:
    """A reader of traces."""
    return tuple(int(line) for line in path.read_text().split())


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(FILE)
    scenario = load(file)
    assert scenario == loads(FILE)
    assert scenario.link.down == Impairment(delay="40ms", rate="10mbit", queue="100ms")


def test_files_are_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.trace").write_text("1\n5\n")
    (tmp_path / "t.dist").write_text("-1 1\n")
    file = tmp_path / "a.toml"
    file.write_text(
        'up = { trace = "in/a.trace" }\n'
        'down = { trace = [4], jitter = "1ms", distribution = "t.dist" }\n'
        "[[at]]\n"
        'time = "1s"\n'
        'set = { up = { trace = "none" }, down = { trace = "7", distribution = "normal" } }\n'
    )
    link = load(str(file), trace=numbers).link
    assert link.up.trace == (1, 5)
    assert link.down == Impairment(trace=[4], jitter="1ms", distribution=[-1, 1])
    assert load(file).link.up.unread == {"trace": "in/a.trace"}


def test_profiles() -> None:
    base = Scenario.of({"both": {"loss": "1%"}})
    assert loads('profile = "x"', profile=lambda _: base).link == base.link


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[down]\nrate = "10"\n', 'f.toml:2: down.rate = "10": a rate needs a unit'),
        ("[down]\ndealy = 1\n", "f.toml:2: down.dealy: unknown key 'dealy': did you mean delay?"),
        ('x = 1\n[down]\nqueue = "9p"\n', "f.toml:1: x: unknown key 'x'"),
        ('\n[down]\nqueue = "9p"\n', "f.toml:3: down.queue: a queue that never fills"),
        (FILE.replace("1mbit", "1"), 'f.toml:10: at[0].set.down.rate = "1": a rate needs a unit'),
        (
            FILE.replace('rate = "1mbit"', 'rate = "none"'),
            "f.toml:10: at[0].set.down.queue: a queue that never fills",
        ),
        ("seed = \n", "f.toml:1: Invalid value: TOML is expected"),
        ("a = 1\na = 2\n", "f.toml:2: Cannot overwrite a value: TOML is expected"),
        ('seed = 1\nx = "', "f.toml:2: Unterminated string: TOML is expected"),
        ("a = " + "[" * 100_000, "f.toml: nested too deeply"),
    ],
)
def test_errors_name_the_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loads(text, file="f.toml")
    assert str(caught.value).startswith(message)


def test_without_a_name_it_is_a_scenario() -> None:
    with pytest.raises(ConfigError, match=r"^<scenario>:1: seed"):
        loads("seed = -1")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    with pytest.raises(ConfigError, match=r"a.toml: cannot be read: No such file"):
        load(file)
    file.write_bytes(b"seed = 1\n\xff\n")
    with pytest.raises(ConfigError, match=r"a.toml:2: not UTF-8"):
        load(file)
    file.write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(ConfigError, match=r"a.toml: too large: 1 MiB"):
        load(file)


def test_a_file_that_it_names_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[up]\ntrace = "b.trace"\n')
    with pytest.raises(ConfigError, match=r'a.toml:2: up.trace = "b.trace": cannot be read: No'):
        load(file, trace=numbers)
    file.write_text('[up]\ndistribution = "b.dist"\n')
    with pytest.raises(ConfigError, match=r"b.dist: cannot be read: No such file"):
        load(file)


@given(
    st.text() | st.lists(st.sampled_from([*FILE.splitlines(), "[", '"""', "a.b=1"])).map("\n".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        loads(text)
    except ConfigError as error:
        place = (error.file, error.line is None or 1 <= error.line <= text.count("\n") + 1)
        assert place == ("<scenario>", True)
