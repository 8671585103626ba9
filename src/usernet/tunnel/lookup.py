"""Lookup: how the addresses of a name are found, as a machine that asks and is told.

It follows resolv.conf(5) and res_search(3): a name with few dots is looked up in the search domains
first; servers are asked in turn, each again with more patience; who has an answer too long for a
datagram is asked by TCP. It knows neither sockets nor clocks: whoever runs it does what it asks
for, and says what came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from usernet.tunnel.dns_cache import Found
from usernet.tunnel.dns_message import (
    NOERROR,
    NXDOMAIN,
    Kind,
    MessageError,
    Question,
    Reply,
    parse,
    query,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["ANSWERS", "Ask", "NoAnswerError", "candidates", "lookup"]

ANSWERS = frozenset({NOERROR, NXDOMAIN})
"""Response codes of servers that know; others say that they failed."""
PATIENCE = (1.0, 2.0, 4.0)
"""Seconds that each server is waited for, in the first round and in those after it."""
TCP_PATIENCE = 5.0
"""Seconds for an answer by TCP, the connection included; resolv.conf(5)'s ``timeout``."""
FIRST_PORT, LAST_PORT = 49152, 65535
"""Ports that are nobody's (RFC 6335, 6)."""
LONGEST_CHAIN = 16
"""How many names may stand for each other, as in `usernet.net.names`."""
MOST_SEARCH = 6
"""How many search domains count; resolv.conf(5)'s old limit bounds how long it can take."""


class NoAnswerError(Exception):
    """No server has an answer: they are silent, or say that they failed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this to a server, and tell the lookup what comes.

    Attributes:
        server: The server's numeric address; its port is 53.
        data: The message.
        tcp: Whether by TCP, else in a datagram.
        seconds: For how long to wait.
        number: What the answer has for a number.
        port: The port to ask from, so that nobody guesses it (RFC 5452, 9.2).
        question: What the answer answers.
    """

    server: str
    data: bytes
    tcp: bool
    seconds: float
    number: int
    port: int
    question: Question

    def answer(self, data: bytes) -> Reply | None:
        """The answer in these bytes; None where it is none to this question.

        Who listens before that must not believe it: an answer has the question's number and the
        question itself (RFC 5452, 9.1), and comes from the server asked, which is the caller's to
        see to.
        """
        try:
            reply = parse(data)
        except MessageError:
            return None
        asked = reply.question
        is_its = asked == self.question or (asked is None and reply.code not in ANSWERS)
        return reply if reply.id == self.number and is_its else None


def candidates(name: str, search: Sequence[str], ndots: int = 1) -> list[str]:
    """The names that a name may mean, in the order in which to try them (res_search(3))."""
    plain = name.lower()
    if plain.endswith("."):
        return [plain.rstrip(".")]
    within = [f"{plain}.{domain.lower().strip('.')}" for domain in search[:MOST_SEARCH] if domain]
    return [plain, *within] if plain.count(".") >= ndots else [*within, plain]


def lookup(
    question: Question, servers: Sequence[str], draw: Callable[[], int]
) -> Generator[Ask, Reply | None, Found]:
    """Find what a question asks for; sent what each `Ask` brought, None where nothing came.

    Args:
        question: The name, and which addresses.
        servers: The servers, in the order in which to ask.
        draw: A number from 0 to 65535 that nobody can guess.

    Returns:
        The addresses; none where there are none.

    Raises:
        NoAnswerError: No server has an answer.
    """
    asked, ttl = question, None
    for _ in range(LONGEST_CHAIN):
        reply = yield from _ask_servers(asked, servers, draw)
        found, alias = _read(reply, asked)
        ttl = found.ttl if ttl is None else min(ttl, found.ttl)
        if alias is None:
            return replace(found, ttl=ttl)
        asked = Question(alias, question.kind)
    raise NoAnswerError(f"{question.name}: names that stand for each other without end")


def _ask_servers(
    question: Question, servers: Sequence[str], draw: Callable[[], int]
) -> Generator[Ask, Reply | None, Reply]:
    said = ""
    for seconds in PATIENCE:
        for server in servers:
            reply = yield from _ask(server, question, draw, seconds)
            if reply is not None and reply.code in ANSWERS:
                return reply
            if reply is not None:
                said = f"{server} says that it failed (code {reply.code})"
    whom = ", ".join(servers) or "no name server"
    raise NoAnswerError(f"{question.name}: {said or f'no answer of {whom}'}")


def _ask(
    server: str, question: Question, draw: Callable[[], int], seconds: float
) -> Generator[Ask, Reply | None, Reply | None]:
    reply = yield _made(server, question, draw, seconds, tcp=False)
    if reply is not None and reply.truncated:
        return (yield _made(server, question, draw, max(seconds, TCP_PATIENCE), tcp=True))
    return reply


def _made(
    server: str, question: Question, draw: Callable[[], int], seconds: float, *, tcp: bool
) -> Ask:
    number, port = draw(), FIRST_PORT + draw() % (LAST_PORT + 1 - FIRST_PORT)
    return Ask(server, query(number, question), tcp, seconds, number, port, question)


def _read(reply: Reply, question: Question) -> tuple[Found, str | None]:
    """What an answer says, and the name to ask for next where it only leads there."""
    name, ttls = question.name, list[int]()
    aliases = {one.name: one for one in reply.answers if one.kind is Kind.CNAME}
    for _ in range(LONGEST_CHAIN):
        mine = [one for one in reply.answers if (one.name, one.kind) == (name, question.kind)]
        if mine:
            ttl = min(ttls + [one.ttl for one in mine])
            return Found(tuple(dict.fromkeys(str(one.value) for one in mine)), ttl), None
        if name not in aliases:
            break
        ttls.append(aliases[name].ttl)
        name = str(aliases[name].value)
    if reply.code == NOERROR and name != question.name and not _is_final(reply):
        return Found((), min(ttls)), name
    return Found((), min([*ttls, _negative_ttl(reply)]), reply.code == NOERROR), None


def _is_final(reply: Reply) -> bool:
    """Whether an answer without addresses says that there are none (RFC 2308, 2.2)."""
    return any(one.kind is Kind.SOA for one in reply.authority)


def _negative_ttl(reply: Reply) -> int:
    """For how long it may be kept that something is not there; 0 where nobody says."""
    return min(
        (min(one.ttl, int(one.value)) for one in reply.authority if one.kind is Kind.SOA), default=0
    )
