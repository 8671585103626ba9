"""What resolv.conf and hosts say inside, from what they say on the machine."""

from usernet.sandbox.resolver import Resolver, hosts_inside

MACHINE = """\
# made by hand
search example.org corp
nameserver 127.0.0.53
nameserver fe80::1%eth0
nameserver 2001:db8::53
nameserver nonsense
options edns0 trust-ad
nameserver 10.0.0.1
nameserver 10.0.0.2
"""


def test_the_first_three_servers_get_addresses_inside_and_the_rest_stays() -> None:
    resolver = Resolver.of(MACHINE)
    assert resolver.asked() == (
        ("192.0.0.1", "127.0.0.53"),
        ("192.0.0.4", "2001:db8::53"),
        ("192.0.0.5", "10.0.0.1"),
    )
    assert resolver.inside() == (
        "search example.org corp\n"
        "options edns0 trust-ad\n"
        "nameserver 192.0.0.1\n"
        "nameserver 192.0.0.4\n"
        "nameserver 192.0.0.5\n"
    )


def test_a_machine_that_names_no_server_asks_itself() -> None:
    assert Resolver.of("").asked() == (("192.0.0.1", "127.0.0.1"),)
    assert Resolver.of("nameserver\nnameserver ::g\n").inside() == "nameserver 192.0.0.1\n"


def test_hosts_have_the_name_of_the_machine_unless_it_is_shut_off() -> None:
    text = "127.0.0.1\tlocalhost"
    assert hosts_inside(text, with_machine=False) == "127.0.0.1\tlocalhost\n"
    told = "127.0.0.1\tlocalhost\n192.0.0.3\thost.usernet\n"
    assert hosts_inside(text, with_machine=True) == told
