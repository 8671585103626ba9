"""Addresses inside: they belong together, and to nobody."""

from ipaddress import ip_address

from usernet.sandbox.addresses import DNS_SERVERS, GATEWAY, MACHINE, PROGRAM


def test_all_are_on_the_link_of_the_program_and_none_is_given_twice() -> None:
    every = [*(one.ip for one in (*PROGRAM, *GATEWAY)), *map(ip_address, MACHINE)]
    servers = [ip_address(server) for server in DNS_SERVERS]
    networks = {address.version: address.network for address in PROGRAM}
    assert all(address in networks[address.version] for address in (*every, *servers))
    assert servers[0] == GATEWAY[0].ip
    assert len({*every, *servers[1:]}) == len(every) + len(servers) - 1
