"""Expressions: words with their places, and what they become."""

from __future__ import annotations

import pytest

from usernet.engine.expression import Word, host_names, text_for, words


def test_words_have_their_places() -> None:
    text = "udp&&( port 80)||tcp[13] & 2!=0 and net 10.0.0.0/8"
    found = words(text)
    assert all(text[one.place :].startswith(one.text) for one in found)
    assert [one.text for one in found] == [
        *("udp", "&&", "(", "port", "80", ")", "||", "tcp", "[", "13", "]", "&", "2", "!=", "0"),
        *("and", "net", "10.0.0.0/8"),
    ]


def test_addresses_are_one_word() -> None:
    for text in (
        "::1",
        "fd00::/8",
        "2001:db8::1",
        "02:00:00:00:00:01",
        "10.0.0.0/8",
        "a-b.c",
        "::",
    ):
        assert words(f"net {text} and") == [
            Word("net", 0),
            Word(text, 4),
            Word("and", 5 + len(text)),
        ]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("host a and port http", ["a"]),
        ("a or b and not c", ["a", "b", "c"]),
        ("net x and proto y and portrange 1-z", []),
        ("ether host a and ip host b", ["b"]),
        ("src a and dst port b", ["a"]),
        ("tcp[tcpflags] & tcp-ack != 0 and len > 5", []),
        ("host udp", ["udp"]),
        ("fe80::1 or 10.1 or 0x10", []),
        ("cafe.be", ["cafe.be"]),
    ],
)
def test_names_of_hosts_are_found(expression: str, names: list[str]) -> None:
    assert [one.text for one in host_names(words(expression))] == names


def test_there_is_a_text_for_every_word() -> None:
    found = words("remote host a or b and local port 5")
    texts = text_for(
        found, "down", lambda word: {"a": ["1.1.1.1"], "b": ["2.2.2.2", "::2"]}[word.text]
    )
    assert texts == ["src", "host", "1.1.1.1", "or", "(2.2.2.2 or ::2)", "and", "dst", "port", "5"]
    assert text_for(found, None, lambda word: [word.text])[0] == "remote"
