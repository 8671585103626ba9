"""Messages of the DNS: written, read, and what is none refused."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.tunnel.dns_message import (
    Kind,
    MessageError,
    Question,
    Record,
    encode_name,
    parse,
    query,
)

from . import name_server as dns

DB = Question("db.internal", Kind.A)
ASKED = query(0x1234, DB)


def test_a_question_is_as_rfc_1035_has_it() -> None:
    assert ASKED == (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02db\x08internal\x00\x00\x01\x00\x01"
    )


def test_an_answer_is_read_whole() -> None:
    answers = (
        dns.alias("DB.internal", "host.internal", 30),
        dns.address("host.internal", "10.0.0.5"),
        dns.record("host.internal", dns.TXT, 5, b"\3abc"),
        dns.address("host.internal", "fd00::5", 7),
    )
    reply = parse(dns.reply(ASKED, *answers, authority=(dns.soa("internal", 300, 30),)))
    assert (reply.id, reply.question, reply.code, reply.truncated) == (0x1234, DB, 0, False)
    assert reply.answers == (
        Record("db.internal", Kind.CNAME, 30, "host.internal"),
        Record("host.internal", Kind.A, 60, "10.0.0.5"),
        Record("host.internal", Kind.AAAA, 7, "fd00::5"),
    )
    assert reply.authority == (Record("internal", Kind.SOA, 300, 30),)


def test_names_may_point_to_what_was_said_before() -> None:
    pointing = b"\xc0\x0c" + struct.pack("!HHIH", dns.A, 1, 60, 4) + bytes([10, 0, 0, 5])
    behind = b"\x03www\xc0\x0f" + struct.pack("!HHIH", dns.CNAME, 1, 60, 2) + b"\xc0\x0c"
    first, second = parse(dns.reply(ASKED, pointing, behind)).answers
    assert first == Record("db.internal", Kind.A, 60, "10.0.0.5")
    assert second == Record("www.internal", Kind.CNAME, 60, "db.internal")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no answer"),
        (ASKED, "a question"),
        (dns.reply(ASKED)[:-1], "no answer"),
        (dns.reply(ASKED, dns.address("a", "10.0.0.1"))[:-1], "longer than the answer"),
        (dns.reply(ASKED, dns.record("a", dns.A, 1, b"abc")), "another length"),
        (dns.reply(ASKED, dns.record("a", dns.CNAME, 1, dns.name("b") + b"x")), "another length"),
        (dns.reply(ASKED, b"\xc0\x1d" + b"\0" * 10), "forwards"),
        (dns.reply(ASKED, b"\xc0\xff" + b"\0" * 10), "forwards"),
        (dns.reply(ASKED, b"\x40abc" + b"\0" * 10), "no label"),
        (dns.reply(ASKED, (b"\x3f" + b"a" * 63) * 5 + b"\0" * 11), "too long"),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(MessageError, match=problem):
        parse(data)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_whatever_comes_it_ends(noise: bytes, keep: int) -> None:
    answer = dns.reply(ASKED, dns.address("db.internal", "10.0.0.5"))
    with contextlib.suppress(MessageError):
        parse(answer[:keep] + noise)


@pytest.mark.parametrize("name", ["", "a..b", "." * 3, "a" * 64, "a." * 130, "\u00fc" * 80])
def test_what_is_no_name_is_not_asked(name: str) -> None:
    with pytest.raises(MessageError):
        encode_name(name)


def test_letters_beyond_ascii_are_asked_as_idna() -> None:
    assert encode_name("bücher.example") == b"\x0dxn--bcher-kva\x07example\x00"


def test_a_ttl_with_the_highest_bit_is_none() -> None:
    reply = parse(dns.reply(ASKED, dns.address("db.internal", "10.0.0.5", 1 << 31)))
    assert reply.answers[0].ttl == 0
