"""Patches: what the standard library answers inside, and that all of it is undone."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from usernet.net import patches
from usernet.net.socket import Socket

from .ideal import IdealNetwork

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    (time, "time"),
    (time, "time_ns"),
    (time, "monotonic"),
    (time, "perf_counter_ns"),
    (os, "urandom"),
    (random, "_urandom"),
    (socket, "socket"),
    (socket, "getaddrinfo"),
    (socket, "gethostname"),
    (uuid, "_generate_time_safe"),
]


def state() -> list[object]:
    return [*(getattr(owner, name) for owner, name in NAMES), random.getstate()]


def test_all_of_it_is_undone_whatever_happens() -> None:
    before = state()

    def break_inside() -> None:
        with patches.clocks_and_randomness(lambda: 0, 1), patches.sockets():
            assert all(one is not other for one, other in zip(state(), before, strict=True))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_inside()
    assert state() == before


def test_clocks() -> None:
    now = 1_500_000_000
    with patches.clocks_and_randomness(lambda: now, 0):
        assert time.monotonic() == 1.5
        assert time.perf_counter_ns() == now
        assert time.gmtime(time.time())[:6] == (2000, 1, 1, 0, 0, 1)  # noqa: TID251
        assert time.time_ns() == 946_684_800 * 10**9 + now


def drawn(seed: int) -> tuple[object, ...]:
    with patches.clocks_and_randomness(lambda: 0, seed):
        return (
            random.random(),  # noqa: TID251
            os.urandom(4),
            secrets.token_hex(4),
            random.SystemRandom().random(),
            uuid.uuid1(),
            uuid.uuid4(),
        )


def test_randomness_follows_from_the_seed() -> None:
    assert drawn(1) == drawn(1)
    assert all(one != other for one, other in zip(drawn(1), drawn(2), strict=True))


def test_sockets_are_virtual_on_a_host_and_for_the_internet_alone(tmp_path: Path) -> None:
    host = IdealNetwork({"laptop": ["10.0.0.1"], "server": ["10.0.0.2"]}).hosts[0]
    real = socket.socket
    with patches.sockets():
        with socket.socket() as outside:
            assert type(outside) is real
        with host, socket.socket() as inside, socket.socket(socket.AF_UNIX) as unix:
            assert type(inside).__name__ == "Socket"
            assert type(unix) is real
            assert isinstance(inside, socket.socket)
            assert isinstance(unix, socket.socket)
            assert issubclass(Socket, socket.socket)
        one, other = socket.socketpair()
        one.close()
        other.close()
        kept = socket.socket
    with host, kept() as after:
        assert not isinstance(after, Socket)


def test_a_class_made_meanwhile_has_the_real_base() -> None:
    real = socket.socket
    with patches.sockets():

        class Own(socket.socket):
            pass

        assert Own.__mro__[1] is real
        assert str(socket.socket | None) == str(real | None)


def test_names_are_those_of_the_network_on_a_host() -> None:
    host = IdealNetwork({"laptop": ["10.0.0.1"], "server": ["10.0.0.2"]}).hosts[0]
    with patches.sockets(), host:
        assert socket.gethostname() == "laptop"
        assert socket.getfqdn() == "laptop"
        assert socket.gethostbyname("server") == "10.0.0.2"
        assert socket.getaddrinfo("server", 80)[0][4] == ("10.0.0.2", 80)
        assert socket.getnameinfo(("10.0.0.2", 80), 0) == ("server", "http")
        with pytest.raises(socket.gaierror):
            socket.gethostbyname("nowhere")
