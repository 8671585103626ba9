"""Apps: the plain form of each, and when a running one can take another's config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usernet.config.apps import (
    App,
    Gateway,
    Join,
    Meter,
    PcapReader,
    PcapWriter,
    Publish,
    RawSocket,
    Repeater,
    Sink,
    Source,
    Split,
    Tap,
    Tee,
    Tun,
)
from usernet.config.impairment import Impairment

ACCEPT = ((6, 0, 0, 262_144),)
REJECT = ((6, 0, 0, 0),)

PLAIN: dict[App, dict[str, object]] = {
    Source(size=60): {"app": "source", "size": 60, "packets_per_second": None, "count": None},
    Source(60, 0.5, 3): {"app": "source", "size": 60, "packets_per_second": 0.5, "count": 3},
    Sink(): {"app": "sink"},
    Tee(): {"app": "tee"},
    Join(): {"app": "join"},
    Repeater(): {"app": "repeater"},
    Meter(): {"app": "meter"},
    Split((ACCEPT, REJECT)): {
        "app": "split",
        "programs": [[[6, 0, 0, 262_144]], [[6, 0, 0, 0]]],
        "names": [],
        "processes": [],
        "remote": None,
    },
    Split((ACCEPT,), ("all",), ("curl",), "source"): {
        "app": "split",
        "programs": [[[6, 0, 0, 262_144]]],
        "names": ["all"],
        "processes": ["curl"],
        "remote": "source",
    },
    RawSocket("eth0"): {"app": "raw_socket", "interface": "eth0", "promiscuous": True},
    RawSocket("eth0", promiscuous=False): {
        "app": "raw_socket",
        "interface": "eth0",
        "promiscuous": False,
    },
    Tap("tap0"): {"app": "tap", "interface": "tap0"},
    Tun("tun0"): {"app": "tun", "interface": "tun0", "descriptor": None, "peer": None},
    Tun("tun0", 7, "02:00:00:00:00:01"): {
        "app": "tun",
        "interface": "tun0",
        "descriptor": 7,
        "peer": "02:00:00:00:00:01",
    },
    Gateway(("192.0.0.1/29",)): {
        "app": "gateway",
        "addresses": ["192.0.0.1/29"],
        "mtu": 1500,
        "redirects": [],
        "names": {},
        "publish": [],
        "congestion": None,
    },
    Gateway(
        ("192.0.0.1/29", "fd00::1/64"),
        redirects={"192.0.0.3": "127.0.0.1", "192.0.0.3:22": None},
        otherwise={"192.0.0.3": "::1"},
        names={"host.usernet": ("192.0.0.3",)},
        publish=(Publish("127.0.0.1:8080", "192.0.0.2:80"),),
        congestion="bbr",
    ): {
        "app": "gateway",
        "addresses": ["192.0.0.1/29", "fd00::1/64"],
        "mtu": 1500,
        "redirects": [
            {"from": "192.0.0.3", "to": "127.0.0.1", "otherwise": "::1"},
            {"from": "192.0.0.3:22", "to": None, "otherwise": None},
        ],
        "names": {"host.usernet": ["192.0.0.3"]},
        "publish": [{"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "192.0.0.2:80"}],
        "congestion": "bbr",
    },
    PcapReader(Path("in.pcap")): {"app": "pcap_reader", "path": "in.pcap"},
    PcapWriter(Path("out.pcapng")): {
        "app": "pcap_writer",
        "path": "out.pcapng",
        "interfaces": ["link"],
    },
    PcapWriter(Path("out.pcapng"), ("up", "down")): {
        "app": "pcap_writer",
        "path": "out.pcapng",
        "interfaces": ["up", "down"],
    },
}


@pytest.mark.parametrize(("app", "plain"), PLAIN.items(), ids=map(str, PLAIN))
def test_the_plain_form_survives_json(app: App, plain: dict[str, object]) -> None:
    assert json.loads(json.dumps(app.to_core())) == plain


@pytest.mark.parametrize("app", PLAIN, ids=map(str, PLAIN))
def test_each_is_an_app(app: App) -> None:
    assert isinstance(app, App)


def test_what_is_no_app() -> None:
    assert not isinstance("tee", App)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Source(60), Source(1500, 10.0)),
        (Split((ACCEPT,)), Split((REJECT, ACCEPT))),
        (Impairment(delay="1ms"), Impairment(loss="1%")),
        (PcapWriter(Path("a")), PcapWriter(Path("a"), ("link", "other"))),
    ],
)
def test_those_that_keep_their_state(old: App, new: App) -> None:
    assert old.keeps_state(new)
    assert not old.keeps_state(Sink())
    assert not Sink().keeps_state(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RawSocket("a"), RawSocket("b")),
        (Tap("a"), Tap("b")),
        (Tun("a"), Tun("b")),
        (PcapReader(Path("a")), PcapReader(Path("b"))),
        (PcapWriter(Path("a")), PcapWriter(Path("b"))),
    ],
)
def test_those_that_open_something_else(old: App, new: App) -> None:
    assert not old.keeps_state(new)
