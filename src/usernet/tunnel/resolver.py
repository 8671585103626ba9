"""Resolver: names in a tunnel, asked of its own name servers by its own host.

`usernet.tunnel.lookup` knows what to ask, `usernet.tunnel.dns_cache` what is known already; here is
how a question gets to a server. What is not of the tunnel, where names are split, the machine says.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Self, TypeAlias

from usernet.errors import UnknownNameError
from usernet.tunnel.beside import beside
from usernet.tunnel.dns_cache import Cache, Found
from usernet.tunnel.dns_message import Kind, MessageError, Question, encode_name
from usernet.tunnel.exchange import by_host
from usernet.tunnel.lookup import ANSWERS, NoAnswerError, candidates, lookup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from usernet.net.host import Host
    from usernet.tunnel.exchange import Exchange

__all__ = ["Resolver", "machine_addresses"]

Machine: TypeAlias = "Callable[[str, int], Awaitable[list[str]]]"

_KINDS: dict[int, Kind] = {socket.AF_INET: Kind.A, socket.AF_INET6: Kind.AAAA}
_WORDS: dict[int, str] = {0: "", socket.AF_INET: " of IPv4", socket.AF_INET6: " of IPv6"}


def _draw() -> int:
    """A number that nobody can guess, as RFC 5452 wants it."""
    return int.from_bytes(os.urandom(2), "big")


async def machine_addresses(name: str, family: int) -> list[str]:
    """What this machine knows a name by (getaddrinfo(3)); the event loop goes on meanwhile."""
    infos = await beside(
        lambda: socket.getaddrinfo(name, None, family=family, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class Resolver:
    """Finds the addresses of names.

    Args:
        host: The host that asks.
        servers: The numeric addresses of name servers, which are asked in turn. Without any the
            machine is asked for everything, as wg-quick(8) leaves the machine's own servers alone.
        search: Domains in which names with few dots are looked up first.
        split: Domains, such as ``internal``: names in them are asked of the servers, all others of
            the machine. All are asked of the servers where None.
        ndots: How many dots a name has at least that is looked up as it is first.
        machine: What asks the machine.
        exchange: What takes a question to a server, and its answer back; None where none comes.
            Without it the host does, in datagrams and by TCP.
        draw: A number from 0 to 65535 that nobody can guess; the system's without it.
    """

    def __init__(
        self,
        host: Host,
        servers: Sequence[str] = (),
        *,
        search: Sequence[str] = (),
        split: Sequence[str] | None = None,
        ndots: int = 1,
        machine: Machine = machine_addresses,
        exchange: Exchange | None = None,
        draw: Callable[[], int] = _draw,
    ) -> None:
        self._host = host
        self._servers = list(servers)
        self._search = tuple(search)
        self._split = None if split is None else tuple(_plain(domain) for domain in split)
        self._ndots = ndots
        self._machine = machine
        self._draw = draw
        self._exchange = exchange or by_host(host)
        self._cache = Cache()
        self._asked: dict[Question, asyncio.Future[Found]] = {}

    async def addresses(self, name: str, family: int = 0) -> list[str]:
        """The addresses of a name: IPv4 first, each family in the order that the server gave.

        Args:
            name: The name.
            family: ``AF_INET`` or ``AF_INET6``; all those that the host has addresses of where 0.

        Raises:
            UnknownNameError: It has none, or nobody answers who knows.
        """
        exists = False
        for candidate in candidates(name, self._search, self._ndots):
            found = await self._of(candidate, name, family)
            if found.addresses:
                return list(found.addresses)
            exists = exists or found.exists
        if exists:
            raise UnknownNameError(f"{name}: no address{_WORDS[family]} in the tunnel")
        whom = ", ".join(self._servers) or "this machine"
        raise UnknownNameError(f"{name}: no such name, says {whom}")

    async def _of(self, candidate: str, name: str, family: int) -> Found:
        """What is known of one name, in the tunnel or outside."""
        if not self.is_inside(candidate):
            try:
                return Found(tuple(await self._machine(candidate, family)), 0)
            except socket.gaierror:
                return Found((), 0, exists=False)
        try:
            encode_name(candidate)
        except MessageError as error:
            raise UnknownNameError(f"{name}: {error}") from None
        wanted = [family] if family else self._families()
        results = await asyncio.gather(
            *(self._ask(Question(_plain(candidate), _KINDS[one])) for one in wanted),
            return_exceptions=True,
        )
        return _together(results)

    def asked_by(self, exchange: Exchange) -> Self:
        """The same with another way to the servers; what is known is not shared."""
        return type(self)(
            self._host,
            self._servers,
            search=self._search,
            split=self._split,
            ndots=self._ndots,
            machine=self._machine,
            exchange=exchange,
            draw=self._draw,
        )

    def servers_for(self, name: str) -> list[str]:
        """The servers that are asked for a name; none where the machine is."""
        inside = any(map(self.is_inside, candidates(name, self._search, self._ndots)))
        return list(self._servers) if inside else []

    def is_inside(self, name: str) -> bool:
        """Whether a name is asked of the tunnel's own servers."""
        if not self._servers or self._split is None:
            return bool(self._servers)
        plain = _plain(name)
        return any(plain == domain or plain.endswith(f".{domain}") for domain in self._split)

    def _families(self) -> list[int]:
        """The families that the host has addresses of; others lead nowhere."""
        own = {socket.AF_INET6 if ":" in one else socket.AF_INET for one in self._host.addresses}
        return [family for family in _KINDS if family in own] or list(_KINDS)

    async def _ask(self, question: Question) -> Found:
        """What is known, or said to this question; who asks it meanwhile waits for the same."""
        loop = asyncio.get_running_loop()
        while True:
            known = self._cache.get(question, loop.time())
            if known is not None:
                return known
            asked = self._asked.get(question)
            if asked is None:
                return await self._ask_for_all(question)
            await asyncio.wait([asked])
            if not asked.cancelled():
                return asked.result()

    async def _ask_for_all(self, question: Question) -> Found:
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[Found] = loop.create_future()
        self._asked[question] = asked
        try:
            found = await self._look_up(question)
        except NoAnswerError as error:
            asked.set_exception(error)
            asked.exception()  # nobody else may have asked
            raise
        except BaseException:
            asked.cancel()
            raise
        finally:
            del self._asked[question]
        self._cache.put(question, found, loop.time())
        asked.set_result(found)
        return found

    async def _look_up(self, question: Question) -> Found:
        """Do what the lookup asks for, until it knows."""
        steps = lookup(question, tuple(self._servers), self._draw)
        try:
            ask = next(steps)
            while True:
                reply = await self._exchange(ask)
                if reply is not None and reply.code in ANSWERS:
                    self._prefer(ask.server)
                ask = steps.send(reply)
        except StopIteration as end:
            found: Found = end.value
            return found

    def _prefer(self, server: str) -> None:
        """Ask the server that answered first from now on."""
        if self._servers[0] != server:
            self._servers.sort(key=lambda one: one != server)


def _together(results: Sequence[Found | BaseException]) -> Found:
    """What is known of both families; one that nobody knows of is left out, if the other is."""
    found = [one for one in results if isinstance(one, Found)]
    addresses = tuple(address for one in found for address in one.addresses)
    for failed in (one for one in results if isinstance(one, BaseException)):
        if not isinstance(failed, NoAnswerError):
            raise failed
        if not addresses:
            raise UnknownNameError(f"{failed}; does the tunnel reach it?") from None
    return Found(addresses, 0, any(one.exists for one in found))


def _plain(name: str) -> str:
    return name.lower().strip(".")
