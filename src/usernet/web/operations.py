"""Every operation of the API, in the order of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.web.operation import Operation, Schema
from usernet.web.schemas import array, ref

if TYPE_CHECKING:
    from usernet.web.api import Api
    from usernet.web.operation import Call

__all__ = ["PREFIX", "operations"]

PREFIX = "/api/v1"
"""Where the API is."""

_NAME: Schema = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}
_IF_MATCH: Schema = {
    "name": "If-Match",
    "in": "header",
    "description": "The generation that the change is for, as an ETag says it.",
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,15}")$'},
}
_AT: Schema = {
    "name": "at",
    "in": "query",
    "description": "The place in the order, from 0.",
    "schema": {"type": "integer", "minimum": 0},
}
_SINCE: Schema = {
    "name": "since",
    "in": "query",
    "description": "Only points after this many seconds of the run.",
    "schema": {"type": "number"},
}

_AFTER: Schema = {
    "name": "after",
    "in": "query",
    "description": "Only those after so many: the count of an earlier answer.",
    "schema": {"type": "integer", "minimum": 0},
}


def operations(api: Api) -> tuple[Operation, ...]:
    """All of them."""
    return (*_of_config(api), *_of_flows(api), *_of_scenario(api), *_of_sight(api))


def _change(
    method: str,
    path: str,
    call: Call,
    name: str,
    summary: str,
    *,
    body: Schema | None = None,
    status: int = 200,
    parameters: tuple[Schema, ...] = (),
    problems: tuple[int, ...] = (),
) -> Operation:
    """An operation that makes another config, if the generation is the one it is for."""
    return Operation(
        method,
        path,
        call,
        name,
        summary,
        body=body,
        result=ref("Changed"),
        status=status,
        parameters=(*parameters, _IF_MATCH),
        problems=(*problems, 409, 422, 503),
        has_generation=True,
    )


def _get(
    path: str,
    call: Call,
    name: str,
    summary: str,
    result: Schema,
    *,
    media: str = "application/json",
    parameters: tuple[Schema, ...] = (),
    problems: tuple[int, ...] = (),
    has_generation: bool = False,
) -> Operation:
    return Operation(
        "GET",
        path,
        call,
        name,
        summary,
        result=result,
        media=media,
        parameters=parameters,
        problems=problems,
        has_generation=has_generation,
    )


def _post(
    path: str,
    call: Call,
    name: str,
    summary: str,
    result: Schema,
    *,
    body: Schema | None = None,
    problems: tuple[int, ...] = (),
) -> Operation:
    return Operation("POST", path, call, name, summary, body=body, result=result, problems=problems)


def _of_config(api: Api) -> tuple[Operation, ...]:
    config, patch = ref("Config"), ref("Patch")
    told = "The config, as it was typed: a scenario."
    put = "Run another config; with If-Match only in place of the generation that it names."
    patched = "Set some values now; null takes one out."
    present = "What the line is at this moment, and where its scenario is."
    every = "The profiles, with their numbers."
    apply = "Let the link be as a profile says; flows stay. none: a perfect line."
    profile = "/profiles/{name}/apply"
    return (
        _get("/config", api.read, "readConfig", told, config, has_generation=True),
        _change("PUT", "/config", api.replace, "replaceConfig", put, body=config),
        _change("PATCH", "/config", api.patch, "patchConfig", patched, body=patch),
        _get("/present", api.present, "readPresent", present, ref("Present"), has_generation=True),
        _get("/profiles", api.profiles, "listProfiles", every, array(ref("Profile"))),
        _change(
            "POST",
            profile,
            api.apply,
            "applyProfile",
            apply,
            parameters=(_NAME,),
            problems=(404,),
        ),
    )


def _of_flows(api: Api) -> tuple[Operation, ...]:
    flow, change, one = ref("Flow"), ref("FlowChange"), "/flows/{name}"
    every = "The flows in their order: the first that matches counts."
    add = "Add a flow at a place in the order, from 0; or last."
    changed = "Change a flow's name, its filter, or values; null takes a value out."
    remove = "Take a flow away; packets that it holds still arrive."
    move = "Put a flow at another place in the order."
    return (
        _get("/flows", api.flows, "listFlows", every, array(flow), has_generation=True),
        _change(
            "POST",
            "/flows",
            api.add_flow,
            "addFlow",
            add,
            body=flow,
            status=201,
            parameters=(_AT,),
        ),
        _get(
            one,
            api.flow,
            "readFlow",
            "One flow.",
            flow,
            parameters=(_NAME,),
            problems=(404,),
            has_generation=True,
        ),
        _change(
            "PATCH",
            one,
            api.change_flow,
            "changeFlow",
            changed,
            body=change,
            parameters=(_NAME,),
            problems=(404,),
        ),
        _change(
            "DELETE",
            one,
            api.remove_flow,
            "removeFlow",
            remove,
            parameters=(_NAME,),
            problems=(404,),
        ),
        _change(
            "POST",
            f"{one}/move",
            api.move_flow,
            "moveFlow",
            move,
            body=ref("Place"),
            parameters=(_NAME,),
            problems=(404,),
        ),
    )


def _of_scenario(api: Api) -> tuple[Operation, ...]:
    scenario = ref("Scenario")
    told = "The timeline, and where it is."
    play = "Let the scenario's time pass."
    pause = "Let the scenario stand; the line stays as it is."
    seek = "Go to a place of the scenario."
    return (
        _get("/scenario", api.scenario, "readScenario", told, scenario),
        _post("/scenario/play", api.play, "play", play, scenario, problems=(503,)),
        _post("/scenario/pause", api.pause, "pause", pause, scenario, problems=(503,)),
        _post(
            "/scenario/seek",
            api.seek,
            "seek",
            seek,
            scenario,
            body=ref("Position"),
            problems=(422, 503),
        ),
    )


def _of_sight(api: Api) -> tuple[Operation, ...]:
    text: Schema = {"type": "string"}
    binary: Schema = {"type": "string", "format": "binary"}
    capture = ref("Capture")
    counted = "Everything counted, as of one moment."
    lately = "What happened lately: each fifth of a second, or each two seconds while nobody asked."
    talk = "The remote ends that talk most, in each direction, since the start."
    dropped = "The latest packets that were dropped, each with its cause and its moment."
    watch = (
        "What happens from now on: events present, point, drops, talkers, capture, problem, end."
    )
    state = "Whether a capture is written, and whether one is there to download."
    begin = "Write a capture (pcapng) from now on."
    file = "The capture that was started last, as far as it is written."
    story = "The report of the run so far."
    stream, pcapng = "text/event-stream", "application/x-pcapng"
    return (
        _get(
            "/statistics",
            api.statistics,
            "readStatistics",
            counted,
            ref("Statistics"),
            problems=(503,),
        ),
        _get(
            "/points",
            api.points,
            "readPoints",
            lately,
            array(ref("Point")),
            parameters=(_SINCE,),
            problems=(422,),
        ),
        _get("/talkers", api.talkers, "readTalkers", talk, ref("Talkers"), problems=(503,)),
        _get(
            "/drops",
            api.drops,
            "readDrops",
            dropped,
            ref("Drops"),
            parameters=(_AFTER,),
            problems=(422, 503),
        ),
        _get("/events", api.events, "watch", watch, text, media=stream, problems=(503,)),
        _get("/capture", api.capture, "readCapture", state, capture),
        _post(
            "/capture/start",
            api.start_capture,
            "startCapture",
            begin,
            capture,
            problems=(409, 503, 507),
        ),
        _post(
            "/capture/stop",
            api.stop_capture,
            "stopCapture",
            "End the capture.",
            capture,
            problems=(409, 507),
        ),
        _get(
            "/capture/file",
            api.download,
            "downloadCapture",
            file,
            binary,
            media=pcapng,
            problems=(404,),
        ),
        _get("/report", api.report, "readReport", story, text, media="text/html", problems=(503,)),
    )
