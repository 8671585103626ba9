"""The API: every operation, and what answers it. Each is a few lines over `Control`."""

from __future__ import annotations

import asyncio
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from usernet.config import units
from usernet.config.event import Outage, Ramp
from usernet.config.fields import FIELDS
from usernet.control import points
from usernet.engine.fidelity import fidelity
from usernet.errors import ConfigError
from usernet.trace import profiles
from usernet.web.bodies import generation_in, integer_in, object_in
from usernet.web.problem import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from usernet.config.event import Changes, Event
    from usernet.control import Control
    from usernet.control.story import Story
    from usernet.web.hub import Hub

__all__ = ["Api"]


class Api:
    """The operations on a line.

    Args:
        control: Of the line.
        hub: Who watches it.
        story: Tells what happened on it.
    """

    def __init__(self, control: Control, hub: Hub, story: Story) -> None:
        self._control = control
        self._hub = hub
        self._story = story
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._captures = 0

    def close(self) -> None:
        """Let go of what was captured."""
        if self._folder is not None:
            self._folder.cleanup()

    # The config ---------------------------------------------------------------------------------

    async def read(self, _request: Request) -> Response:
        """The config, as it was typed."""
        generation, document = self._control.read()
        return JSONResponse(document.table, headers=_tag(generation))

    async def replace(self, request: Request) -> Response:
        """Another config."""
        table = await object_in(request)
        return _changed(self._control.replace(table, generation_in(request)))

    async def patch(self, request: Request) -> Response:
        """Some values."""
        patch = await object_in(request)
        return _changed(self._control.patch(patch, generation_in(request)))

    async def present(self, _request: Request) -> Response:
        """What the line is now."""
        present = self._control.present()
        return JSONResponse(present, headers=_tag(present["generation"]))

    async def profiles(self, _request: Request) -> Response:
        """The profiles."""
        return JSONResponse(await asyncio.to_thread(_every_profile))

    async def apply(self, request: Request) -> Response:
        """A profile."""
        name = str(request.path_params["name"])
        chosen = None if name == "none" else name
        return _changed(self._control.apply_profile(chosen, generation_in(request)))

    # Flows --------------------------------------------------------------------------------------

    async def flows(self, _request: Request) -> Response:
        """The flows."""
        generation, document = self._control.read()
        return JSONResponse(document.table.get("flow", []), headers=_tag(generation))

    async def add_flow(self, request: Request) -> Response:
        """One more flow."""
        flow = await object_in(request)
        self._refuse_twin(flow)
        at = integer_in(request, "at")
        return _changed(self._control.add_flow(flow, at, generation_in(request)), 201)

    def _refuse_twin(self, flow: dict[str, object]) -> None:
        generation, document = self._control.read()
        every = cast("list[dict[str, object]]", document.table.get("flow", []))
        if flow.get("name") in [other["name"] for other in every]:
            problem = f"there is a flow of the name {flow['name']}"
            raise Problem(409, "exists", problem, path="name", present=generation)

    async def flow(self, request: Request) -> Response:
        """One flow."""
        generation, flow = self._named(request)
        return JSONResponse(flow, headers=_tag(generation))

    async def change_flow(self, request: Request) -> Response:
        """A flow's values."""
        change = await object_in(request)
        name = str(self._named(request)[1]["name"])
        return _changed(self._control.change_flow(name, change, generation_in(request)))

    async def remove_flow(self, request: Request) -> Response:
        """A flow less."""
        name = str(self._named(request)[1]["name"])
        return _changed(self._control.remove_flow(name, generation_in(request)))

    async def move_flow(self, request: Request) -> Response:
        """Another order."""
        body = await object_in(request)
        to = body.get("to")
        if not isinstance(to, int) or isinstance(to, bool):
            raise ConfigError("a whole number is expected", path="to", allowed="0, 1 …")
        name = str(self._named(request)[1]["name"])
        return _changed(self._control.move_flow(name, to, generation_in(request)))

    def _named(self, request: Request) -> tuple[int, dict[str, object]]:
        name = request.path_params["name"]
        generation, document = self._control.read()
        for flow in cast("list[dict[str, object]]", document.table.get("flow", [])):
            if flow["name"] == name:
                return generation, flow
        raise Problem(404, "absent", f"there is no flow of the name {name}")

    # The scenario -------------------------------------------------------------------------------

    async def scenario(self, _request: Request) -> Response:
        """The timeline, and where it is."""
        generation, document = self._control.read()
        present = self._control.present()
        duration = document.scenario.duration_ns
        told = {
            "generation": generation,
            "position": present["position"],
            "playing": present["playing"],
            "duration": None if duration is None else duration / 1e9,
            "events": [_event(event) for event in document.scenario.timeline],
        }
        return JSONResponse(told)

    async def play(self, request: Request) -> Response:
        """Let time pass."""
        self._control.play()
        return await self.scenario(request)

    async def pause(self, request: Request) -> Response:
        """Let it stand."""
        self._control.pause()
        return await self.scenario(request)

    async def seek(self, request: Request) -> Response:
        """Go somewhere."""
        body = await object_in(request)
        position = units.nanoseconds(cast("str", body.get("position")), path="position")
        self._control.seek(position)
        return await self.scenario(request)

    # What happens -------------------------------------------------------------------------------

    async def statistics(self, _request: Request) -> Response:
        """What was counted."""
        statistics = self._control.statistics()
        verdict = fidelity(statistics)
        told = {
            "time": statistics.time_ns / 1e9,
            "breaths": statistics.breaths,
            "lines": points.counted(statistics),
            "fidelity": verdict.verdict,
            "reason": verdict.reason,
        }
        return JSONResponse(told)

    async def points(self, request: Request) -> Response:
        """What happened lately."""
        given = request.query_params.get("since", "0")
        try:
            since = float(given)
        except ValueError:
            raise ConfigError("no number of seconds", path="since", value=given) from None
        return JSONResponse(self._control.points(since))

    async def talkers(self, _request: Request) -> Response:
        """Who talks most."""
        return JSONResponse(self._control.talkers())

    async def drops(self, request: Request) -> Response:
        """The latest drops."""
        return JSONResponse(self._control.drops(integer_in(request, "after") or 0))

    async def events(self, _request: Request) -> Response:
        """What happens."""
        if self._hub.is_full:
            raise Problem(503, "watchers", "too many watch already")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._hub.events(), media_type="text/event-stream", headers=headers
        )

    async def capture(self, _request: Request) -> Response:
        """Whether a capture is written."""
        return JSONResponse(self._control.present()["capture"])

    async def start_capture(self, request: Request) -> Response:
        """Begin one."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="usernet-")
        self._captures += 1
        path = Path(self._folder.name, f"capture-{self._captures}.pcapng")
        try:
            self._control.start_capture(path)
        except ConfigError as error:
            raise Problem(409, "capture", str(error)) from None
        return await self.capture(request)

    async def stop_capture(self, request: Request) -> Response:
        """End it."""
        try:
            self._control.stop_capture()
        except ConfigError as error:
            raise Problem(409, "capture", str(error)) from None
        return await self.capture(request)

    async def download(self, _request: Request) -> Response:
        """The capture."""
        capture = self._control.capture
        if capture is None or not capture.path.is_file():
            raise Problem(404, "absent", "no capture was started")
        return FileResponse(
            capture.path, media_type="application/x-pcapng", filename="usernet.pcapng"
        )

    async def report(self, _request: Request) -> Response:
        """The report so far."""
        html = await asyncio.to_thread(self._story.html, self._control)
        headers = {"Content-Disposition": 'attachment; filename="usernet.html"'}
        return Response(html, media_type="text/html", headers=headers)


def _tag(generation: object) -> dict[str, str]:
    return {"ETag": f'"{generation}"', "Cache-Control": "no-store"}


def _changed(generation: int, status: int = 200) -> Response:
    return JSONResponse({"generation": generation}, status, _tag(generation))


@cache
def _every_profile() -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for name in profiles.names():
        profile = profiles.load(name)
        texts = {"description": profile.description, "source": profile.source}
        sides = {"up": profile.link.up.brief(), "down": profile.link.down.brief()}
        found.append({"name": name, **texts, **sides})
    return found


def _event(event: Event) -> dict[str, object]:
    repeat = None if event.repeat_ns is None else event.repeat_ns / 1e9
    return {
        "place": event.place,
        "time": event.time_ns / 1e9,
        "lasts": event.lasts_ns / 1e9,
        "repeat": repeat,
        "text": _text(event),
    }


def _text(event: Event) -> str:
    action = event.action
    if isinstance(action, Outage):
        ways = [way for way in ("up", "down") if getattr(action, way)]
        return f"outage, {' and '.join(ways)}"
    kind = "ramp" if isinstance(action, Ramp) else "set"
    return f"{kind} {'; '.join(_changes(action.changes))}"


def _changes(changes: Changes) -> list[str]:
    told: list[str] = []
    for flow, sides in changes.sides():
        for way in ("up", "down"):
            for key, value in getattr(sides, way).values:
                shown = "none" if value == FIELDS[key].default else FIELDS[key].show(value)
                told.append(f"{flow + ' ' if flow else ''}{way} {key}={shown}")
    return told
