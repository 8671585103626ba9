"""How a name is looked up: which names it may mean, whom is asked, and what is believed."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from usernet.tunnel.dns_cache import Found
from usernet.tunnel.dns_message import Kind, Question
from usernet.tunnel.lookup import PATIENCE, Ask, NoAnswerError, candidates, lookup

from . import name_server as dns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DB = Question("db.internal", Kind.A)
SERVERS = ("10.0.0.53", "10.0.0.54")


def asked(
    answers: Iterator[bytes | None], question: Question = DB, servers: Sequence[str] = SERVERS
) -> tuple[Found | None, list[Ask]]:
    """What a lookup finds that gets these answers, each made for what was asked, and its asks."""
    numbers = count(0x1000)
    steps, asks = lookup(question, servers, lambda: next(numbers)), list[Ask]()
    try:
        asks.append(next(steps))
        for answer in answers:
            reply = None if answer is None else asks[-1].answer(asks[-1].data[:2] + answer[2:])
            asks.append(steps.send(reply))
    except StopIteration as end:
        return end.value, asks
    return None, asks


def to(question: Question, *answers: bytes, **keys: object) -> bytes:
    from usernet.tunnel.dns_message import query  # noqa: PLC0415

    return dns.reply(query(0, question), *answers, **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "search", "ndots", "found"),
    [
        ("db", (), 1, ["db"]),
        ("db", ("Internal.", "corp.example"), 1, ["db.internal", "db.corp.example", "db"]),
        ("db.eu", ("internal",), 1, ["db.eu", "db.eu.internal"]),
        ("db.eu", ("internal",), 2, ["db.eu.internal", "db.eu"]),
        ("DB.", ("internal",), 1, ["db"]),
        ("db", [f"d{n}" for n in range(9)], 1, [*(f"db.d{n}" for n in range(6)), "db"]),
    ],
)
def test_a_name_may_mean_several(
    name: str, search: Sequence[str], ndots: int, found: list[str]
) -> None:
    assert candidates(name, search, ndots) == found


def test_the_first_server_that_answers_is_believed() -> None:
    found, asks = asked(iter([to(DB, dns.address("db.internal", "10.0.0.5", 44))]))
    assert found == Found(("10.0.0.5",), 44)
    assert [(ask.server, ask.tcp, ask.seconds) for ask in asks] == [("10.0.0.53", False, 1.0)]


def test_silence_and_failure_lead_to_the_next_server_and_then_to_more_patience() -> None:
    answers = [None, to(DB, code=2), None, to(DB, dns.address("db.internal", "10.0.0.5"))]
    found, asks = asked(iter(answers))
    assert found == Found(("10.0.0.5",), 60)
    assert [(ask.server, ask.seconds) for ask in asks] == [
        ("10.0.0.53", 1.0),
        ("10.0.0.54", 1.0),
        ("10.0.0.53", 2.0),
        ("10.0.0.54", 2.0),
    ]
    assert len({ask.number for ask in asks}) == 4
    assert len({ask.port for ask in asks}) == 4
    assert all(49152 <= ask.port <= 65535 for ask in asks)


def test_where_nobody_answers_it_says_whom_it_asked() -> None:
    with pytest.raises(NoAnswerError, match=r"db.internal: no answer of 10.0.0.53, 10.0.0.54"):
        asked(iter([None] * (len(PATIENCE) * len(SERVERS))))


def test_where_a_server_says_that_it_failed_that_is_said() -> None:
    with pytest.raises(NoAnswerError, match=r"10.0.0.53 says that it failed \(code 5\)"):
        asked(iter([to(DB, code=5), None] * len(PATIENCE)))


def test_what_does_not_fit_is_asked_by_tcp() -> None:
    answers = [to(DB, flags=0x0200), to(DB, dns.address("db.internal", "10.0.0.5"))]
    found, asks = asked(iter(answers))
    assert found == Found(("10.0.0.5",), 60)
    assert [(ask.server, ask.tcp) for ask in asks] == [("10.0.0.53", False), ("10.0.0.53", True)]


def test_aliases_are_followed_within_an_answer_and_beyond_it() -> None:
    first = to(DB, dns.alias("db.internal", "a.internal", 9), dns.alias("a.internal", "b.test", 80))
    behind = Question("b.test", Kind.A)
    found, asks = asked(iter([first, to(behind, dns.address("b.test", "10.0.0.7", 50))]))
    assert found == Found(("10.0.0.7",), 9)
    assert asks[1].question == behind


def test_aliases_without_end_end() -> None:
    ring = to(DB, dns.alias("db.internal", "a.internal"), dns.alias("a.internal", "db.internal"))
    found, _ = asked(iter([ring]))
    assert found == Found((), 0)
    names = (f"n{number}.internal" for number in count())
    steps, name = None, DB.name

    def answers() -> Iterator[bytes]:
        nonlocal name
        for target in names:
            yield to(Question(name, Kind.A), dns.alias(name, target))
            name = target

    with pytest.raises(NoAnswerError, match="without end"):
        asked(answers())
    assert steps is None


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"code": 3, "authority": (dns.soa("internal", 300, 30),)}, Found((), 30, exists=False)),
        ({"code": 3, "authority": (dns.soa("internal", 20, 30),)}, Found((), 20, exists=False)),
        ({"code": 3}, Found((), 0, exists=False)),
        ({"authority": (dns.soa("internal", 300, 30),)}, Found((), 30)),
        ({}, Found((), 0)),
    ],
)
def test_what_is_not_there_is_known_for_as_long_as_the_zone_says(
    keys: dict[str, object], found: Found
) -> None:
    assert asked(iter([to(DB, **keys)]))[0] == found


@pytest.mark.parametrize(
    "answer",
    [
        to(Question("other.internal", Kind.A), dns.address("other.internal", "10.6.6.6")),
        to(Question("db.internal", Kind.AAAA), dns.address("db.internal", "fd00::6")),
        b"\x10\x01" + to(DB, dns.address("db.internal", "10.6.6.6"))[2:],
        b"nonsense",
    ],
)
def test_what_answers_another_question_is_not_believed(answer: bytes) -> None:
    ask = next(lookup(DB, SERVERS, lambda: 0x1000))
    assert ask.answer(answer) is None
    right = b"\x10\x00" + to(DB, dns.address("db.internal", "10.0.0.5"))[2:]
    assert ask.answer(right) is not None
