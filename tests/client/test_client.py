"""Client and BlockingClient: a running line, changed and watched by a program."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

import pytest
from tests.web.served import TABLE, Running, served

import usernet
from usernet.client import blocking, client
from usernet.errors import AuthenticationError, ConfigError, GenerationError
from usernet.web import Token

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def running() -> Iterator[Running]:
    with served() as one:
        yield one


def test_a_program_that_waits(running: Running) -> None:
    with usernet.BlockingClient(running.url) as net:
        assert net.config() == (1, TABLE)
        assert net.flows["dns"].down.set(rate="500kbit", loss="2%") == 2
        assert running.control.scenario.link.flow("dns").down.rate == 500_000
        assert net.up.set(loss=None, rate="none") == 3
        assert net.set(rtt="80ms", down=usernet.Impairment(loss="1%")) == 4
        assert running.control.scenario.link.down == usernet.Impairment(delay="40ms", loss="1%")
        for point in net.watch():
            assert point.lines["down"].delay_ns == 40_000_000
            assert point.generation == 4
            break
        flow = net.flows.add("web", "tcp port 80", up={"loss": "1%"}, at=0)
        assert [one["name"] for one in net.flows.read()] == ["web", "dns"]
        flow.move(1)
        flow.change({"filter": "tcp port 8080"})
        assert flow.read() == {"name": "web", "filter": "tcp port 8080", "up": {"loss": "1%"}}
        flow.remove()
        assert net.apply_profile("lte") > 4
        net.pause()
        net.seek("1h")
        assert net.scenario()["position"] == 3600.0
        net.play()
        assert net.present()["profile"] == "lte"
        assert "lte" in [one["name"] for one in net.profiles()]
        net.start_capture()
        net.stop_capture()
        assert net.capture()[:4] == b"\x0a\x0d\x0d\x0a"
        assert "<html" in net.report()
        assert "up" in net.statistics()["lines"]  # type: ignore[operator]


def test_a_program_on_asyncio(running: Running) -> None:
    async def main() -> None:
        async with usernet.Client(running.url) as net:
            await net.flows["dns"].down.set(rate="500kbit", loss="2%")
            async for point in net.watch():
                assert point.generation == 2
                break
            with pytest.raises(GenerationError) as caught:
                await net.replace({}, if_generation=1)
            assert (caught.value.given, caught.value.present) == (1, 2)

    asyncio.run(main())


def test_what_is_refused_is_told_as_it_is_everywhere(running: Running) -> None:
    with usernet.BlockingClient(running.url) as net:
        with pytest.raises(ConfigError) as caught:
            net.down.set(rate="fast")
        assert caught.value.path == "down.rate"
        assert caught.value.value == "fast"
        with pytest.raises(ConfigError, match="no flow of the name"):
            net.flows["no/such"].down.set(rate="1mbit")
        with pytest.raises(ConfigError, match="no capture"):
            net.stop_capture()


def test_a_token_is_named_and_never_shown() -> None:
    with served(Token("a-secret-word-of-ours")) as running:
        with usernet.BlockingClient(running.url) as net, pytest.raises(AuthenticationError):
            net.config()
        with usernet.BlockingClient(running.url) as net, pytest.raises(AuthenticationError):
            next(net.events())
        with usernet.BlockingClient(running.url, token="a-secret-word-of-ours") as net:
            assert net.config()[0] == 1
            assert "secret" not in repr(net)


def test_nobody_there() -> None:
    with served() as running:
        url = running.url
    with usernet.BlockingClient(url) as net, pytest.raises(ConnectionRefusedError, match=url):
        net.config()


def test_both_are_the_same() -> None:
    def shape(kind: type) -> dict[str, list[str]]:
        members = inspect.getmembers(kind, inspect.isfunction)
        return {
            name.replace("aclose", "close"): list(inspect.signature(one).parameters)
            for name, one in members
            if not name.startswith("_")
        }

    for name in ("Client", "Flows", "Flow", "Direction"):
        assert shape(getattr(client, name)) == shape(getattr(blocking, f"Blocking{name}"))
