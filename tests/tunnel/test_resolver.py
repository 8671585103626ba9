"""Names asked of name servers by a host, in virtual time."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, TypeVar

import pytest

import usernet
from usernet.errors import UnknownNameError
from usernet.tunnel.resolver import Resolver, machine_addresses

from . import name_server as dns
from .name_server import NameServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
RECORDS = {
    ("db.internal", dns.A): (dns.address("db.internal", "10.0.0.5"),),
    ("db.internal", dns.AAAA): (dns.address("db.internal", "fd00::5"),),
    ("four.internal", dns.A): (dns.address("four.internal", "10.0.0.4"),),
}


def run(
    use: Callable[[usernet.Host, list[NameServer]], Coroutine[object, object, T]],
    *servers: NameServer,
) -> T:
    """Let a host do something that has these name servers beside it, at 10.0.0.53 and on."""

    async def main() -> T:
        async with usernet.Network() as net:
            here = net.host("here", "10.0.0.1/24", "fd00::1/64")
            lan = net.switch("lan")
            net.link(here, lan)
            for number, server in enumerate(servers, 53):
                there = net.host(f"ns{number}", f"10.0.0.{number}/24")
                net.link(there, lan)
                await server.serve(there)
            return await use(here, list(servers))

    return usernet.simulate(main())


def test_both_families_are_asked_once_and_then_known() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"])
        for name in ("db.internal", "DB.internal.", "db.internal"):
            assert await resolver.addresses(name) == ["10.0.0.5", "fd00::5"]
        assert await resolver.addresses("db.internal", socket.AF_INET6) == ["fd00::5"]
        assert len(servers[0].asked) == 2
        await asyncio.sleep(60)
        assert await resolver.addresses("db.internal", socket.AF_INET) == ["10.0.0.5"]
        assert servers[0].asked[2:] == [("udp", "db.internal", dns.A)]

    run(use, NameServer(dict(RECORDS)))


def test_who_asks_at_the_same_time_waits_for_the_same_answer() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"])
        first = asyncio.ensure_future(resolver.addresses("db.internal"))
        await asyncio.sleep(0)
        others = [asyncio.ensure_future(resolver.addresses("db.internal")) for _ in range(4)]
        await asyncio.sleep(0)
        first.cancel()  # another one asks in its place
        for other in others:
            assert await other == ["10.0.0.5", "fd00::5"]
        assert len(servers[0].asked) <= 4
        servers[0].fails = True
        failing = [asyncio.ensure_future(resolver.addresses("dc.internal")) for _ in range(4)]
        for failed in await asyncio.gather(*failing, return_exceptions=True):
            assert isinstance(failed, UnknownNameError)
        assert len(servers[0].asked) <= 10  # three rounds, for each family

    run(use, NameServer(dict(RECORDS)))


def test_what_is_not_there_is_asked_once_too() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"])
        for _ in range(2):
            with pytest.raises(UnknownNameError, match="no such name, says"):
                await resolver.addresses("dc.internal")
        assert len(servers[0].asked) == 2
        with pytest.raises(UnknownNameError, match="no address of IPv6"):
            await resolver.addresses("four.internal", socket.AF_INET6)
        await asyncio.sleep(30)
        with pytest.raises(UnknownNameError):
            await resolver.addresses("dc.internal")
        assert len(servers[0].asked) == 5

    run(use, NameServer(dict(RECORDS)))


def test_servers_are_asked_in_turn_and_who_answered_is_asked_first() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53", "10.0.0.54", "10.9.9.9"])
        started = asyncio.get_running_loop().time()
        assert await resolver.addresses("db.internal", socket.AF_INET) == ["10.0.0.5"]
        assert 1.0 <= asyncio.get_running_loop().time() - started < 1.1
        assert await resolver.addresses("db.internal", socket.AF_INET6) == ["fd00::5"]
        assert [len(server.asked) for server in servers] == [1, 2]

    run(use, NameServer(dict(RECORDS), silent=9), NameServer(dict(RECORDS)))


def test_a_server_that_is_not_there_costs_no_time() -> None:
    async def use(here: usernet.Host, _: list[NameServer]) -> float:
        started = asyncio.get_running_loop().time()
        resolver = Resolver(here, ["192.0.2.1", "10.0.0.1", "10.0.0.53"])
        assert await resolver.addresses("four.internal", socket.AF_INET) == ["10.0.0.4"]
        return asyncio.get_running_loop().time() - started

    assert run(use, NameServer(dict(RECORDS))) < 0.1


def test_long_answers_come_by_tcp() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"])
        assert await resolver.addresses("four.internal", socket.AF_INET) == ["10.0.0.4"]
        assert [protocol for protocol, _, _ in servers[0].asked] == ["udp", "tcp"]

    run(use, NameServer(dict(RECORDS), truncates=True))


def test_answers_to_other_questions_are_passed_over() -> None:
    async def use(here: usernet.Host, _: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"])
        assert await resolver.addresses("four.internal", socket.AF_INET) == ["10.0.0.4"]

    run(use, NameServer(dict(RECORDS), forges=True))


def test_names_are_looked_up_in_the_search_domains() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"], search=["corp.example", "internal"])
        assert await resolver.addresses("four", socket.AF_INET) == ["10.0.0.4"]
        assert [name for _, name, _ in servers[0].asked] == ["four.corp.example", "four.internal"]

    run(use, NameServer(dict(RECORDS)))


def test_where_names_are_split_the_machine_says_the_rest() -> None:
    async def machine(name: str, family: int) -> list[str]:
        if name == "example.org":
            return ["192.0.2.80"]
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        resolver = Resolver(here, ["10.0.0.53"], split=[".Internal"], machine=machine)
        assert await resolver.addresses("db.internal") == ["10.0.0.5", "fd00::5"]
        assert await resolver.addresses("example.org") == ["192.0.2.80"]
        with pytest.raises(UnknownNameError):
            await resolver.addresses("notinternal")
        assert {name for _, name, _ in servers[0].asked} == {"db.internal"}
        assert await Resolver(here, machine=machine).addresses("example.org") == ["192.0.2.80"]

    run(use, NameServer(dict(RECORDS)))


def test_servers_that_fail_are_named() -> None:
    async def use(here: usernet.Host, _: list[NameServer]) -> None:
        with pytest.raises(UnknownNameError, match=r"10.0.0.53 says that it failed \(code 2\)"):
            await Resolver(here, ["10.0.0.53"]).addresses("db.internal")

    run(use, NameServer(fails=True))


def test_what_is_no_name_is_not_asked() -> None:
    async def use(here: usernet.Host, servers: list[NameServer]) -> None:
        with pytest.raises(UnknownNameError, match="no label"):
            await Resolver(here, ["10.0.0.53"]).addresses("a..internal")
        assert servers[0].asked == []

    run(use, NameServer())


def test_a_host_that_asks_connects_by_name() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(2))
        writer.close()

    async def use(here: usernet.Host, servers: list[NameServer]) -> bytes:
        here.asks = Resolver(here, ["10.0.0.53"]).addresses
        await here.start_server(serve, port=7)
        servers[0].records["me.internal", dns.A] = (dns.address("me.internal", "10.0.0.1"),)
        reader, writer = await here.open_connection("me.internal", 7)
        writer.write(b"hi")
        assert (await here.ping("me.internal")).address == "10.0.0.1"
        answer = await reader.read()
        writer.close()
        return answer

    assert run(use, NameServer()) == b"hi"


def test_the_machine_knows_itself() -> None:
    assert asyncio.run(machine_addresses("localhost", socket.AF_INET)) == ["127.0.0.1"]
