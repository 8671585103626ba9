from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from usernet.errors import HandshakeError
from usernet.programs.pinging import Pinging, Wishes

from .fake_way import Answer, FakeWay, error, reply

if TYPE_CHECKING:
    from collections.abc import Mapping


def pinged(answers: Mapping[int, Answer], *, quiet: bool = False, as_json: bool = False) -> int:
    way = FakeWay(lambda number, _: answers[number])
    wishes = Wishes("db", "10.0.0.5", len(answers), 0.0, 56, 64, 0.1)
    return Pinging(way, wishes, quiet=quiet, as_json=as_json).to_the_end()


def test_replies_are_told_as_ping_tells_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert pinged({1: reply(0.000263)}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-2] == [
        "PING db (10.0.0.5) 56(84) bytes of data.",
        "64 bytes from 10.0.0.5: icmp_seq=1 ttl=62 time=0.263 ms",
        "",
        "--- db ping statistics ---",
    ]
    assert lines[-2].startswith("1 packets transmitted, 1 received, 0% packet loss, time ")
    assert lines[-1] == "rtt min/avg/max/mdev = 0.263/0.263/0.263/0.000 ms"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0000004, "0.000"),
        (0.0012345, "1.23"),
        (0.0123456, "12.3"),
        (0.1234, "123"),
        (2.5, "2500"),
    ],
)
def test_times_have_three_digits(
    capsys: pytest.CaptureFixture[str], seconds: float, shown: str
) -> None:
    pinged({1: reply(seconds)})
    assert f"time={shown} ms" in capsys.readouterr().out


def test_what_routers_say_is_told_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    answers: dict[int, Answer] = {
        1: reply(0.001),
        2: error("10.0.0.1", 3, 1),
        3: TimeoutError(),
        4: reply(0.003),
    }
    assert pinged(answers) == 0
    told = capsys.readouterr().out
    assert "From 10.0.0.1 icmp_seq=2 Destination Host Unreachable" in told
    assert "4 packets transmitted, 2 received, +1 errors, 50% packet loss" in told
    assert "rtt min/avg/max/mdev = 1.000/2.000/3.000/1.000 ms" in told


def test_silence_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert pinged({1: TimeoutError(), 2: TimeoutError()}, quiet=True) == 1
    told = capsys.readouterr().out
    assert "2 packets transmitted, 0 received, 100% packet loss" in told
    assert "rtt" not in told


def test_json_has_a_line_for_each_and_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    pinged({1: reply(0.002)}, as_json=True)
    answer, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer == {
        "event": "answer",
        "from": "10.0.0.5",
        "icmp_seq": 1,
        "ttl": 62,
        "time_ms": 2.0,
    }
    assert (end["transmitted"], end["received"], end["avg_ms"]) == (1, 1, 2.0)


def test_what_fails_at_once_is_an_error() -> None:
    with pytest.raises(HandshakeError, match="no answer"):
        pinged({1: HandshakeError("no answer")})
