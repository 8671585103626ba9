"""Filter expressions as words, each with its place in the text that somebody wrote.

So what is ours can be put into libpcap's words (``remote``, ``local``, names of hosts), and what
libpcap has to say against it can be said of the user's own text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Direction", "Word", "host_names", "text_for", "words"]

Direction = Literal["up", "down"]
"""Which way the packets go: up they come from the local side and go to the remote one."""

_WORD = re.compile(
    r"\\?[A-Za-z0-9_.:/-]*[A-Za-z0-9_](?:::?(?:/\d+)?)?|::(?:/\d+)?|&&|\|\||[<>=!]=|<<|>>|\S"
)
_SIDES = {"up": {"local": "src", "remote": "dst"}, "down": {"local": "dst", "remote": "src"}}
_OTHERS = frozenset({"net", "port", "portrange", "proto", "protochain", "gateway", "mask"})
_VALUED = frozenset({"host", *_OTHERS})
"""Words after which comes a value."""
_KEYWORDS = frozenset(
    """
    src dst link ether ppp slip fddi tr wlan arp rarp ip sctp tcp udp icmp igmp igrp pim vrrp carp
    radio ip6 icmp6 ah esp atalk aarp decnet lat sca moprc mopdl iso esis es-is isis is-is l1 l2
    iih lsp snp csnp psnp clnp stp ipx netbeui host net mask port portrange proto protochain gateway
    type subtype direction dir address1 address2 address3 address4 addr1 addr2 addr3 addr4 ra ta
    less greater byte broadcast multicast and or not len length inbound outbound ifindex on ifname
    rnr rulenum reason rset ruleset srnr subrulenum srset action vlan mpls pppoed pppoes geneve
    vxlan lane metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect fisu
    lssu lsu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls remote local
    """.split()  # noqa: SIM905 - a list of a hundred words in quotes is not easier to read
)
_NUMERIC = re.compile(r"[0-9./-]+|.*:.*|0x[0-9a-fA-F]+", re.ASCII)
_CONSTANT = re.compile(r"(tcp|icmp|icmp6)-[a-z0-9-]+|tcpflags|icmp6?type|icmp6?code")
_BRACKETS = {"[": 1, "]": -1}
_JOINS = frozenset({"and", "or", "not", "&&", "||", "!"})
_QUALIFIERS = frozenset({"host", "src", "dst", "remote", "local"})
_LINK_NAMES = frozenset({"ether", "fddi", "tr", "wlan", "link"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an expression.

    Attributes:
        text: The word.
        place: How many letters stand before it.
    """

    text: str
    place: int


def words(expression: str) -> list[Word]:
    """The words of an expression."""
    return [Word(match[0], match.start()) for match in _WORD.finditer(expression)]


def text_for(
    found: Sequence[Word],
    direction: Direction | None,
    addresses: Callable[[Word], Sequence[str]],
) -> list[str]:
    """The words as libpcap has them, one for each word: text of any length, or none.

    Args:
        found: The words.
        direction: Which way the packets go; None leaves ``remote`` and ``local`` as they are.
        addresses: Finds the numeric addresses of a host.
    """
    sides = _SIDES[direction] if direction else {}
    texts = [
        word.text if _is_value(found, index) else sides.get(word.text, word.text)
        for index, word in enumerate(found)
    ]
    for host in _hosts(found):
        numeric = [one for one in addresses(found[host.index]) if _fits(one, host.family)]
        text = f"({' or '.join(numeric)})" if len(numeric) > 1 else "".join(numeric)
        texts[host.index] = f"host {text}" if host.is_bare else text
    return texts


def host_names(found: Sequence[Word]) -> list[Word]:
    """The words that name hosts."""
    return [found[host.index] for host in _hosts(found)]


@dataclass(frozen=True, slots=True)
class _Host:
    """Where a host is named.

    Attributes:
        index: Which word it is.
        family: The protocol (ip, ip6 or none) that its addresses are of.
        is_bare: Whether nothing before it says what it is.
    """

    index: int
    family: str
    is_bare: bool


def _hosts(found: Sequence[Word]) -> Iterator[_Host]:
    kind, family, depth, is_bare = "host", "", 0, True
    for index, word in enumerate(found):
        text = word.text
        depth += _BRACKETS.get(text, 0)
        if text in _JOINS and _begins(found, index + 1):
            kind, family, is_bare = "host", "", True
            continue
        if text in _KEYWORDS and not _is_value(found, index):
            family = text if text in {"ip", "ip6"} | _LINK_NAMES else family
            kind = text if text in _VALUED else kind
            is_bare = is_bare and text not in _QUALIFIERS
            continue
        is_name = text[0].isalnum() and not (_NUMERIC.fullmatch(text) or _CONSTANT.fullmatch(text))
        if is_name and depth == 0 and kind == "host" and family not in _LINK_NAMES:
            yield _Host(index, family, is_bare)


def _begins(found: Sequence[Word], index: int) -> bool:
    """Whether a primitive begins there, rather than another value of the one before."""
    return index < len(found) and found[index].text in _KEYWORDS


def _is_value(found: Sequence[Word], index: int) -> bool:
    """Whether it is what a word such as ``host`` is about, whatever it looks like."""
    return index > 0 and found[index - 1].text in _VALUED and not _is_value(found, index - 1)


def _fits(address: str, family: str) -> bool:
    return family not in {"ip", "ip6"} or (":" in address) == (family == "ip6")
