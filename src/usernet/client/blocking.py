"""BlockingClient: a running line, for programs that wait; the twin of `usernet.client.client`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, Unpack

from usernet.client.calls import Call, Events, as_json, check, flow_path, generation, plain, sides
from usernet.client.point import Point
from usernet.client.reach import STREAM, Reach, reaching

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    import httpx

    from usernet.config.fields import ImpairmentKeys
    from usernet.config.link import Side

__all__ = ["BlockingClient"]


class BlockingClient:
    """A running line, for a program that waits.

    ::

        with usernet.BlockingClient("http://127.0.0.1:3000") as net:
            net.flows["media"].down.set(rate="500kbit", loss="2%")
            for point in net.watch():
                print(point.lines["down"].bits_out)

    Every change is answered when it runs. What is refused raises `ConfigError`, with the path of
    the key and what is allowed.

    Args:
        url: Where the page is, such as ``http://127.0.0.1:3000``.
        token: What it asks for, if it does.
        socket: The socket file of a line on this machine, instead of an address.
        timeout: Seconds that an answer may take.

    Attributes:
        up: The direction from the first end to the second.
        down: The direction back.
        flows: Its flows by name.
    """

    def __init__(
        self,
        url: str = "http://usernet",
        *,
        token: str | None = None,
        socket: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._reach = Reach(url, token, socket, timeout)
        self._http: httpx.Client = self._reach.blocking()
        self.up: BlockingDirection = BlockingDirection(self, "up")
        self.down: BlockingDirection = BlockingDirection(self, "down")
        self.flows: BlockingFlows = BlockingFlows(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def do(self, call: Call) -> httpx.Response:
        """Make a call of the API.

        Raises:
            OSError: Nobody is reached.
        """
        with reaching(self._reach):
            return self._http.request(call.method, call.path, **call.arguments())  # type: ignore[arg-type]

    def config(self) -> tuple[int, dict[str, object]]:
        """The generation of the config, and the config as it was typed: a scenario's tables."""
        response = self.do(Call("GET", "/config"))
        return int(check(response).headers["etag"].strip('"')), plain(response)

    def replace(self, config: Mapping[str, object], if_generation: int | None = None) -> int:
        """Run another config; its generation.

        Args:
            config: The tables of a scenario.
            if_generation: Only if this is the generation that runs.

        Raises:
            GenerationError: Another one runs.
            ConfigError: It cannot be; nothing has changed.
        """
        return generation(self.do(Call("PUT", "/config", config, if_generation)))

    def patch(self, patch: Mapping[str, object], if_generation: int | None = None) -> int:
        """Set some values now: ``{"down": {"rate": "1mbit"}}``; the new generation.

        Raises:
            ConfigError: As `replace`.
        """
        return generation(self.do(Call("PATCH", "/config", patch, if_generation)))

    def set(
        self,
        *,
        rtt: str | None = None,
        both: Side = None,
        up: Side = None,
        down: Side = None,
    ) -> int:
        """Set values of both directions, or of one: ``set(rtt="80ms", down="loss=2%")``.

        Raises:
            ConfigError: As `replace`.
        """
        return self.patch(sides(rtt=rtt, both=both, up=up, down=down))

    def present(self) -> dict[str, object]:
        """What the line is at this moment, and where its scenario is."""
        return plain(self.do(Call("GET", "/present")))

    def profiles(self) -> list[dict[str, str]]:
        """The profiles, with their numbers."""
        found: list[dict[str, str]] = check(self.do(Call("GET", "/profiles"))).json()
        return found

    def apply_profile(self, name: str | None) -> int:
        """Let the link be as a profile says, or perfect; flows stay. The new generation.

        Raises:
            ConfigError: There is no such profile.
        """
        return generation(self.do(Call("POST", f"/profiles/{name or 'none'}/apply")))

    def scenario(self) -> dict[str, object]:
        """The timeline, and where it is."""
        return plain(self.do(Call("GET", "/scenario")))

    def play(self) -> None:
        """Let the scenario's time pass."""
        check(self.do(Call("POST", "/scenario/play")))

    def pause(self) -> None:
        """Let the scenario stand where it is; the line stays as it is."""
        check(self.do(Call("POST", "/scenario/pause")))

    def seek(self, position: str) -> None:
        """Go to a place of the scenario, such as ``10s``.

        Raises:
            ConfigError: It is none.
        """
        check(self.do(Call("POST", "/scenario/seek", {"position": position})))

    def statistics(self) -> dict[str, object]:
        """Everything counted, as of one moment."""
        return plain(self.do(Call("GET", "/statistics")))

    def start_capture(self) -> None:
        """Write a capture from now on.

        Raises:
            ConfigError: One is written already.
        """
        check(self.do(Call("POST", "/capture/start")))

    def stop_capture(self) -> None:
        """End the capture.

        Raises:
            ConfigError: None is written.
        """
        check(self.do(Call("POST", "/capture/stop")))

    def capture(self) -> bytes:
        """The capture (pcapng) that was started last.

        Raises:
            ConfigError: There is none.
        """
        return check(self.do(Call("GET", "/capture/file"))).content

    def report(self) -> str:
        """The report (HTML) of the run so far."""
        return check(self.do(Call("GET", "/report"))).text

    def watch(self) -> Iterator[Point]:
        """What happens from now on, a point each fifth of a second, until the line ends."""
        for kind, values in self.events():
            if kind == "point":
                yield Point.of(values)

    def events(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Everything that happens: ``present``, ``point``, ``capture``, ``problem`` and ``end``."""
        events = Events()
        with reaching(self._reach):  # noqa: SIM117 - as its twin
            with self._http.stream("GET", "/events", timeout=STREAM) as response:
                if not response.is_success:
                    response.read()
                check(response)
                for line in response.iter_lines():
                    if (event := events.take(line)) is not None:
                        yield event

    def __repr__(self) -> str:
        return f"<BlockingClient {self._reach.socket or self._reach.url}>"


class BlockingFlows:
    """The flows of a line, by name."""

    def __init__(self, net: BlockingClient) -> None:
        self._net = net

    def __getitem__(self, name: str) -> BlockingFlow:
        """The flow of that name; whether it is there shows when something is asked of it."""
        return BlockingFlow(self._net, name)

    def read(self) -> list[dict[str, object]]:
        """All of them, in their order."""
        found: list[dict[str, object]] = check(self._net.do(Call("GET", "/flows"))).json()
        return found

    def add(
        self,
        name: str,
        filter: str,  # noqa: A002 - it is what it is called
        *,
        up: Side = None,
        down: Side = None,
        both: Side = None,
        at: int | None = None,
    ) -> BlockingFlow:
        """Add a flow at a place in the order, from 0; or last.

        Raises:
            ConfigError: It cannot be, or there is one of that name.
        """
        body = {"name": name, "filter": filter, **sides(up=up, down=down, both=both)}
        query = {} if at is None else {"at": str(at)}
        generation(self._net.do(Call("POST", "/flows", body, query=query)))
        return self[name]


class BlockingFlow:
    """A flow.

    Attributes:
        name: Its name.
        up: What happens to its packets upwards.
        down: What happens to its packets downwards.
    """

    def __init__(self, net: BlockingClient, name: str) -> None:
        self._net = net
        self.name: str = name
        self.up: BlockingDirection = BlockingDirection(net, "up", name)
        self.down: BlockingDirection = BlockingDirection(net, "down", name)

    def read(self) -> dict[str, object]:
        """What it is, as it was typed.

        Raises:
            ConfigError: It is not there.
        """
        return plain(self._net.do(Call("GET", flow_path(self.name))))

    def change(self, change: Mapping[str, object]) -> int:
        """Change its filter or its sides; the new generation.

        Raises:
            ConfigError: It is not there, or cannot be so.
        """
        return generation(self._net.do(Call("PATCH", flow_path(self.name), change)))

    def move(self, to: int) -> int:
        """Put it at another place in the order, from 0; the new generation.

        Raises:
            ConfigError: It is not there, or the place is not.
        """
        call = Call("POST", flow_path(self.name, "/move"), {"to": to})
        return generation(self._net.do(call))

    def remove(self) -> int:
        """Take it away; packets that it holds still arrive. The new generation.

        Raises:
            ConfigError: It is not there.
        """
        return generation(self._net.do(Call("DELETE", flow_path(self.name))))


class BlockingDirection:
    """One direction of a line, or of a flow."""

    def __init__(self, net: BlockingClient, way: str, flow: str | None = None) -> None:
        self._net = net
        self._way = way
        self._flow = flow

    def set(self, **keys: Unpack[ImpairmentKeys]) -> int:
        """Set values now, such as ``rate="500kbit", loss="2%"``; the new generation.

        ``none`` takes a key back to its default, None to what is under it: a profile's value.

        Raises:
            ConfigError: A key is unknown, a value wrong, or two contradict each other.
        """
        patch = {self._way: {key: as_json(value) for key, value in keys.items()}}
        if self._flow is None:
            return self._net.patch(patch)
        return self._net.flows[self._flow].change(patch)
