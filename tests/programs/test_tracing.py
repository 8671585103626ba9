from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING

import pytest

from usernet.programs.tracing import Tracing, Wishes

from .fake_way import Answer, FakeWay, error, reply

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, SECOND = error("10.0.0.1", 11, 0), error("10.0.1.1", 11, 0, 0.002)


def traced(
    answer: Callable[[int], Answer], *, hops: int = 5, queries: int = 2, as_json: bool = False
) -> int:
    way = FakeWay(lambda _, hop: answer(hop))
    wishes = Wishes("db", "10.0.0.5", hops, queries, 1.0)
    return Tracing(way, wishes, as_json=as_json).to_the_end()


def test_hops_are_told_in_order_to_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    path: dict[int, Answer] = {1: FIRST, 2: TimeoutError(), 3: SECOND}
    assert traced(lambda hop: path.get(hop, reply(0.003))) == 0
    assert capsys.readouterr().out.splitlines() == [
        "trace to db (10.0.0.5), 5 hops at most",
        " 1  10.0.0.1  0.100 ms  0.100 ms",
        " 2  * *",
        " 3  10.0.1.1  2.000 ms  2.000 ms",
        " 4  10.0.0.5  3.000 ms  3.000 ms",
    ]


def test_an_error_ends_the_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert traced(lambda hop: FIRST if hop == 1 else error("10.0.0.1", 3, 13), queries=1) == 1
    assert capsys.readouterr().out.splitlines()[-1] == " 2  10.0.0.1  0.100 ms !X"


def test_a_path_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert traced(lambda _: TimeoutError(), hops=2, queries=1) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [" 1  *", " 2  *"]


def test_json_has_a_line_for_each_hop(capsys: pytest.CaptureFixture[str]) -> None:
    traced(lambda hop: TimeoutError() if hop == 1 else reply(0.003), queries=1, as_json=True)
    assert list(map(json.loads, capsys.readouterr().out.splitlines())) == [
        {"hop": 1, "answers": [None]},
        {"hop": 2, "answers": [{"from": "10.0.0.5", "time_ms": 3.0, "type": 0, "code": 0}]},
    ]


def test_where_no_way_leads_there_is_no_path() -> None:
    with pytest.raises(OSError, match="no way") as caught:
        traced(lambda _: OSError(errno.ENETUNREACH, "no way"))
    assert caught.value.errno == errno.ENETUNREACH


@pytest.mark.parametrize(
    ("rises", "ports"), [(True, [33434, 33435, 33436, 33437]), (False, [33434] * 4)]
)
def test_datagrams_get_there_where_nothing_is_at_the_port(
    rises: bool, ports: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    way = FakeWay(lambda _, hop: FIRST if hop == 1 else error("10.0.0.5", 3, 3))
    wishes = Wishes("db", "10.0.0.5", 2, 2, 1.0, 33434, rises)
    assert Tracing(way, wishes, as_json=False).to_the_end() == 0
    assert capsys.readouterr().out.splitlines()[-1] == " 2  10.0.0.5  0.100 ms  0.100 ms"
    assert sorted(one or 0 for one in way.ports) == ports


def test_a_router_that_refuses_a_port_is_no_end() -> None:
    way = FakeWay(lambda *_: error("10.0.0.1", 3, 3))
    wishes = Wishes("db", "10.0.0.5", 2, 2, 1.0, 33434)
    assert Tracing(way, wishes, as_json=False).to_the_end() == 1
