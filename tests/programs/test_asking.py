from __future__ import annotations

import json
import socket
import struct

import dns.flags
import dns.message
import dns.rrset
import pytest

from usernet.errors import ConfigError
from usernet.programs.asking import Answered, ask, show

from .fake_way import FakeWay

SERVER = "10.0.0.53"


def answer(query: bytes, *records: str, flags: int = 0) -> bytes:
    """The answer to a question, with these records' data."""
    asked = dns.message.from_wire(query)
    made = dns.message.make_response(asked, recursion_available=True)
    made.flags |= flags
    if records:
        question = asked.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        made.answer = [dns.rrset.from_text(question.name, 60, "IN", kind, *records)]
    return made.to_wire()


def asked(way: FakeWay, *servers: str, kind: str = "A", tcp: bool = False) -> Answered:
    return ask(way, servers or (SERVER,), "db.internal", kind, tcp=tcp, timeout=1.0)


def shown(capsys: pytest.CaptureFixture[str], answered: Answered) -> list[str]:
    show(answered, short=True, as_json=False)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("A", "10.0.0.5"),
        ("AAAA", "fd00::5"),
        ("CNAME", "other.internal."),
        ("TXT", '"some text"'),
        ("MX", "10 mail.internal."),
        ("SRV", "0 5 5060 sip.internal."),
        ("PTR", "db.internal."),
    ],
)
def test_every_type_is_asked_for_and_shown(
    capsys: pytest.CaptureFixture[str], kind: str, data: str
) -> None:
    answered = asked(FakeWay(names=lambda query: answer(query, data)), kind=kind)
    assert (answered.protocol, answered.server) == ("UDP", SERVER)
    assert shown(capsys, answered) == [data]


def test_what_does_not_fit_is_asked_for_by_tcp(capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = socket.socketpair()
    with theirs:

        def truncated(query: bytes) -> bytes:
            whole = answer(query, "10.0.0.5", "10.0.0.6")
            theirs.sendall(struct.pack("!H", len(whole)) + whole)
            return answer(query, flags=dns.flags.TC)

        answered = asked(FakeWay(names=truncated, connection=ours))
    assert answered.protocol == "TCP"
    assert sorted(shown(capsys, answered)) == ["10.0.0.5", "10.0.0.6"]


def test_the_next_server_is_asked_where_one_is_silent() -> None:
    silent = [True]

    def names(query: bytes) -> bytes | None:
        if len(silent) <= 3:
            silent.append(True)
            return None
        return answer(query, "10.0.0.5")

    assert asked(FakeWay(names=names), SERVER, "10.0.0.54").server == "10.0.0.54"


def test_silence_is_a_timeout_and_what_is_no_answer_is_not_heard() -> None:
    with pytest.raises(TimeoutError, match=r"10\.0\.0\.53: no answer"):
        asked(FakeWay(names=lambda query: query))
    with pytest.raises(TimeoutError, match=r"10\.0\.0\.53: no answer"):
        asked(FakeWay(names=lambda query: b"\0" + answer(query)[1:]))


def test_what_is_no_name_is_said() -> None:
    with pytest.raises(ConfigError, match="no question"):
        ask(FakeWay(), (SERVER,), "a..b", "A", tcp=False, timeout=1.0)


def test_the_long_form_has_the_sections(capsys: pytest.CaptureFixture[str]) -> None:
    answered = asked(FakeWay(names=lambda query: answer(query, "10.0.0.5")))
    show(answered, short=False, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f";; status: NOERROR, id: {answered.message.id}, flags: qr rd ra"
    assert lines[2:7] == [
        ";; QUESTION",
        ";db.internal. IN A",
        "",
        ";; ANSWER",
        "db.internal. 60 IN A 10.0.0.5",
    ]
    assert lines[-1].endswith(f"from 10.0.0.53#53 (UDP), {answered.size} bytes")


def test_json_has_the_records(capsys: pytest.CaptureFixture[str]) -> None:
    answered = asked(FakeWay(names=lambda query: answer(query, "10.0.0.5")))
    show(answered, short=False, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["server"], told["protocol"]) == ("NOERROR", SERVER, "udp")
    assert told["answers"] == [{"name": "db.internal.", "ttl": 60, "type": "A", "data": "10.0.0.5"}]
