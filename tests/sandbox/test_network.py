"""A network whose addresses and routes are not the gateway's, as a tunnel's are not."""

from __future__ import annotations

import errno
import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.root

DRIVER = """
import os, sys
from ipaddress import ip_interface, ip_network
from usernet.config.host import Route
from usernet.sandbox.addresses import INTERFACE
from usernet.sandbox.network import Plan, enclose

device, _ = enclose(Plan(
    "nameserver 10.0.0.53\\n",
    "127.0.0.1 localhost\\n",
    1380,
    tuple(map(ip_interface, ("10.9.0.2/32", "10.8.0.2/32", "fdaa::2/128", "192.0.0.2/29"))),
    tuple(
        Route(ip_network(to), INTERFACE)
        for to in ("10.0.0.0/8", "172.16.0.1/32", "192.0.0.0/29", "fdaa::/48")
    ),
))
os.set_inheritable(device.descriptor, True)  # or the interface is gone
os.execvp(sys.argv[1], sys.argv[1:])
"""
SOURCES = """
import errno, json, socket
told = {}
for to in "10.1.2.3 172.16.0.1 192.0.0.3 fdaa::9 172.16.0.2 8.8.8.8 2001:db8::1".split():
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect((to, 9))
            told[to] = asked.getsockname()[0]
        except OSError as error:
            told[to] = error.errno
print(json.dumps(told))
"""


def said(*command: str) -> str:
    words = (sys.executable, "-c", DRIVER, *command)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_is_sent_leaves_from_the_address_that_fits() -> None:
    told = json.loads(said(sys.executable, "-c", SOURCES))
    assert told == {
        "10.1.2.3": "10.9.0.2",
        "172.16.0.1": "10.9.0.2",
        "192.0.0.3": "192.0.0.2",
        "fdaa::9": "fdaa::2",
        # Where no route leads, nothing is sent that nobody would get.
        "172.16.0.2": errno.ENETUNREACH,
        "8.8.8.8": errno.ENETUNREACH,
        "2001:db8::1": errno.ENETUNREACH,
    }


def test_the_interface_has_all_addresses_and_the_mtu() -> None:
    (link,) = json.loads(said("ip", "-json", "address", "show", "dev", "usernet0"))
    given = [f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"]]
    assert given[:3] == ["10.9.0.2/32", "10.8.0.2/32", "192.0.0.2/29"]
    assert "fdaa::2/128" in given
    assert link["mtu"] == 1380


def test_names_are_asked_for_where_the_plan_says() -> None:
    assert said("cat", "/etc/resolv.conf") == "nameserver 10.0.0.53\n"
