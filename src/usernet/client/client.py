"""Client: a running line, for programs on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, Unpack

from usernet.client.calls import Call, Events, as_json, check, flow_path, generation, plain, sides
from usernet.client.point import Point
from usernet.client.reach import STREAM, Reach, reaching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path
    from types import TracebackType

    import httpx

    from usernet.config.fields import ImpairmentKeys
    from usernet.config.link import Side

__all__ = ["Client"]


class Client:
    """A running line, for a program on asyncio.

    ::

        async with usernet.Client("http://127.0.0.1:3000") as net:
            await net.flows["media"].down.set(rate="500kbit", loss="2%")
            async for point in net.watch():
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
        self._http: httpx.AsyncClient = self._reach.asynchronous()
        self.up: Direction = Direction(self, "up")
        self.down: Direction = Direction(self, "down")
        self.flows: Flows = Flows(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of its connections."""
        await self._http.aclose()

    async def do(self, call: Call) -> httpx.Response:
        """Make a call of the API.

        Raises:
            OSError: Nobody is reached.
        """
        with reaching(self._reach):
            return await self._http.request(call.method, call.path, **call.arguments())  # type: ignore[arg-type]

    async def config(self) -> tuple[int, dict[str, object]]:
        """The generation of the config, and the config as it was typed: a scenario's tables."""
        response = await self.do(Call("GET", "/config"))
        return int(check(response).headers["etag"].strip('"')), plain(response)

    async def replace(self, config: Mapping[str, object], if_generation: int | None = None) -> int:
        """Run another config; its generation.

        Args:
            config: The tables of a scenario.
            if_generation: Only if this is the generation that runs.

        Raises:
            GenerationError: Another one runs.
            ConfigError: It cannot be; nothing has changed.
        """
        return generation(await self.do(Call("PUT", "/config", config, if_generation)))

    async def patch(self, patch: Mapping[str, object], if_generation: int | None = None) -> int:
        """Set some values now: ``{"down": {"rate": "1mbit"}}``; the new generation.

        Raises:
            ConfigError: As `replace`.
        """
        return generation(await self.do(Call("PATCH", "/config", patch, if_generation)))

    async def set(
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
        return await self.patch(sides(rtt=rtt, both=both, up=up, down=down))

    async def present(self) -> dict[str, object]:
        """What the line is at this moment, and where its scenario is."""
        return plain(await self.do(Call("GET", "/present")))

    async def profiles(self) -> list[dict[str, str]]:
        """The profiles, with their numbers."""
        found: list[dict[str, str]] = check(await self.do(Call("GET", "/profiles"))).json()
        return found

    async def apply_profile(self, name: str | None) -> int:
        """Let the link be as a profile says, or perfect; flows stay. The new generation.

        Raises:
            ConfigError: There is no such profile.
        """
        return generation(await self.do(Call("POST", f"/profiles/{name or 'none'}/apply")))

    async def scenario(self) -> dict[str, object]:
        """The timeline, and where it is."""
        return plain(await self.do(Call("GET", "/scenario")))

    async def play(self) -> None:
        """Let the scenario's time pass."""
        check(await self.do(Call("POST", "/scenario/play")))

    async def pause(self) -> None:
        """Let the scenario stand where it is; the line stays as it is."""
        check(await self.do(Call("POST", "/scenario/pause")))

    async def seek(self, position: str) -> None:
        """Go to a place of the scenario, such as ``10s``.

        Raises:
            ConfigError: It is none.
        """
        check(await self.do(Call("POST", "/scenario/seek", {"position": position})))

    async def statistics(self) -> dict[str, object]:
        """Everything counted, as of one moment."""
        return plain(await self.do(Call("GET", "/statistics")))

    async def start_capture(self) -> None:
        """Write a capture from now on.

        Raises:
            ConfigError: One is written already.
        """
        check(await self.do(Call("POST", "/capture/start")))

    async def stop_capture(self) -> None:
        """End the capture.

        Raises:
            ConfigError: None is written.
        """
        check(await self.do(Call("POST", "/capture/stop")))

    async def capture(self) -> bytes:
        """The capture (pcapng) that was started last.

        Raises:
            ConfigError: There is none.
        """
        return check(await self.do(Call("GET", "/capture/file"))).content

    async def report(self) -> str:
        """The report (HTML) of the run so far."""
        return check(await self.do(Call("GET", "/report"))).text

    async def watch(self) -> AsyncIterator[Point]:
        """What happens from now on, a point each fifth of a second, until the line ends."""
        async for kind, values in self.events():
            if kind == "point":
                yield Point.of(values)

    async def events(self) -> AsyncIterator[tuple[str, dict[str, object]]]:
        """Everything that happens: ``present``, ``point``, ``capture``, ``problem`` and ``end``."""
        events = Events()
        with reaching(self._reach):
            async with self._http.stream("GET", "/events", timeout=STREAM) as response:
                if not response.is_success:
                    await response.aread()
                check(response)
                async for line in response.aiter_lines():
                    if (event := events.take(line)) is not None:
                        yield event

    def __repr__(self) -> str:
        return f"<Client {self._reach.socket or self._reach.url}>"


class Flows:
    """The flows of a line, by name."""

    def __init__(self, net: Client) -> None:
        self._net = net

    def __getitem__(self, name: str) -> Flow:
        """The flow of that name; whether it is there shows when something is asked of it."""
        return Flow(self._net, name)

    async def read(self) -> list[dict[str, object]]:
        """All of them, in their order."""
        found: list[dict[str, object]] = check(await self._net.do(Call("GET", "/flows"))).json()
        return found

    async def add(
        self,
        name: str,
        filter: str,  # noqa: A002 - it is what it is called
        *,
        up: Side = None,
        down: Side = None,
        both: Side = None,
        at: int | None = None,
    ) -> Flow:
        """Add a flow at a place in the order, from 0; or last.

        Raises:
            ConfigError: It cannot be, or there is one of that name.
        """
        body = {"name": name, "filter": filter, **sides(up=up, down=down, both=both)}
        query = {} if at is None else {"at": str(at)}
        generation(await self._net.do(Call("POST", "/flows", body, query=query)))
        return self[name]


class Flow:
    """A flow.

    Attributes:
        name: Its name.
        up: What happens to its packets upwards.
        down: What happens to its packets downwards.
    """

    def __init__(self, net: Client, name: str) -> None:
        self._net = net
        self.name: str = name
        self.up: Direction = Direction(net, "up", name)
        self.down: Direction = Direction(net, "down", name)

    async def read(self) -> dict[str, object]:
        """What it is, as it was typed.

        Raises:
            ConfigError: It is not there.
        """
        return plain(await self._net.do(Call("GET", flow_path(self.name))))

    async def change(self, change: Mapping[str, object]) -> int:
        """Change its filter or its sides; the new generation.

        Raises:
            ConfigError: It is not there, or cannot be so.
        """
        return generation(await self._net.do(Call("PATCH", flow_path(self.name), change)))

    async def move(self, to: int) -> int:
        """Put it at another place in the order, from 0; the new generation.

        Raises:
            ConfigError: It is not there, or the place is not.
        """
        call = Call("POST", flow_path(self.name, "/move"), {"to": to})
        return generation(await self._net.do(call))

    async def remove(self) -> int:
        """Take it away; packets that it holds still arrive. The new generation.

        Raises:
            ConfigError: It is not there.
        """
        return generation(await self._net.do(Call("DELETE", flow_path(self.name))))


class Direction:
    """One direction of a line, or of a flow."""

    def __init__(self, net: Client, way: str, flow: str | None = None) -> None:
        self._net = net
        self._way = way
        self._flow = flow

    async def set(self, **keys: Unpack[ImpairmentKeys]) -> int:
        """Set values now, such as ``rate="500kbit", loss="2%"``; the new generation.

        ``none`` takes a key back to its default, None to what is under it: a profile's value.

        Raises:
            ConfigError: A key is unknown, a value wrong, or two contradict each other.
        """
        patch = {self._way: {key: as_json(value) for key, value in keys.items()}}
        if self._flow is None:
            return await self._net.patch(patch)
        return await self._net.flows[self._flow].change(patch)
