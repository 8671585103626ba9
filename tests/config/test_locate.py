"""Lines of keys."""

from __future__ import annotations

import pytest

from usernet.config.locate import line_of

TEXT = '''\
# down.rate = 1
seed = 7
text = """
[up]
rate = 2
"""
both.loss = "[1%]"

[ down ]   # [up]
"rate" = '1 = [2]'
table = [
  1, [2],
  { a = 3 },
]
delay = "1ms"

[[at]]
time = "1s"
set.down = { rate = "1mbit" }
[[at]]
[at.ramp]
up.rate = "3"
[[flow]]
[flow.up]
loss = "1%"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("seed", 2),
        ("both.loss", 7),
        ("both.loss.probability", 7),
        ("down", 9),
        ("down.rate", 10),
        ("down.table[1][0]", 11),
        ("down.delay", 15),
        ("down.queue", 9),
        ("at[0]", 17),
        ("at[0].set.down.rate", 19),
        ("at[1]", 20),
        ("at[1].ramp", 21),
        ("at[1].ramp.up.rate", 22),
        ("flow[0].up.loss", 25),
        ("flow[0].name", 23),
        ("up.rate", None),
        ("", None),
    ],
)
def test_lines(path: str, line: int | None) -> None:
    assert line_of(TEXT, path) == line
