from __future__ import annotations

import pytest

from usernet.config.echo import EchoAnswer


def answer(source: str, kind: int, code: int) -> EchoAnswer:
    return EchoAnswer("10.0.2.1", source, kind, code, 0.25, 63)


@pytest.mark.parametrize(
    ("one", "is_reply", "is_too_far", "mark"),
    [
        (answer("10.0.2.1", 0, 0), True, False, ""),
        (answer("10.0.1.2", 11, 0), False, True, ""),
        (answer("10.0.1.2", 3, 13), False, False, "!X"),
        (answer("10.0.1.2", 3, 42), False, False, "!42"),
        (answer("10.0.1.2", 12, 0), False, False, ""),
        (answer("fd00::1", 129, 0), True, False, ""),
        (answer("fd00::1", 3, 0), False, True, ""),
        (answer("fd00::1", 1, 3), False, False, "!H"),
        (answer("fd00::1", 1, 42), False, False, "!42"),
    ],
)
def test_what_answers_mean(one: EchoAnswer, is_reply: bool, is_too_far: bool, mark: str) -> None:
    assert (one.is_reply, one.is_too_far, one.mark) == (is_reply, is_too_far, mark)


def test_errors_are_said_as_ping_says_them() -> None:
    assert answer("10.0.1.2", 3, 1).said == "Destination Host Unreachable"
    assert answer("fd00::1", 1, 0).said == "Destination unreachable: No route"
    assert answer("10.0.1.2", 3, 42).said == "ICMP type 3, code 42"


def test_answers_go_through_json() -> None:
    one = answer("10.0.1.2", 3, 13)
    assert EchoAnswer.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (EchoAnswer("10.0.0.5", "10.0.0.5", 0, 0, 0.1, 64), True),
        (EchoAnswer("10.0.0.5", "10.0.0.5", 3, 3, 0.1, 64), True),
        (EchoAnswer("10.0.0.5", "10.0.0.1", 3, 3, 0.1, 64), False),
        (EchoAnswer("10.0.0.5", "10.0.0.5", 3, 1, 0.1, 64), False),
        (EchoAnswer("10.0.0.5", "10.0.0.1", 11, 0, 0.1, 64), False),
        (EchoAnswer("fd00::5", "fd00::5", 1, 4, 0.1, 64), True),
        (EchoAnswer("fd00::5", "fd00::5", 1, 3, 0.1, 64), False),
        (EchoAnswer.of_datagram("10.0.0.5", 0.1), True),
        (EchoAnswer.of_datagram("fd00::5", 0.1), True),
    ],
)
def test_what_comes_from_the_end_of_a_path(answer: EchoAnswer, ends: bool) -> None:
    assert answer.is_at_the_end is ends
