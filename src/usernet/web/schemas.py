"""Schemas: the values of the API, for its OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.config.fields import FIELDS

if TYPE_CHECKING:
    from usernet.web.operation import Schema

__all__ = ["SCHEMAS", "array", "nullable", "record", "ref"]


def ref(name: str) -> Schema:
    """A reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(needed: dict[str, Schema], extra: dict[str, Schema] | None = None) -> Schema:
    """An object with these members; those of ``extra`` may be left out."""
    return {
        "type": "object",
        "properties": {**needed, **(extra or {})},
        "required": sorted(needed),
        "additionalProperties": False,
    }


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    """Null, or this."""
    return {"anyOf": [schema, {"type": "null"}]}


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_WHOLE: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}


def _told(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_VALUE: Schema = {
    "description": "Text with its unit, as in a scenario file; or a flag, a whole number, a list.",
    "anyOf": [_TEXT, _FLAG, _WHOLE, array(_WHOLE), {"type": "null"}],
}
_EXAMPLES = {
    "delay": "40ms",
    "jitter": "5ms",
    "loss": "1% 25%",
    "rate": "20mbit",
    "queue": "100ms",
    "aqm": "codel",
    "mtu": "1280b",
    "duplicate": "1%",
    "outage": "140ms every 15s",
}
_EFFECTS: Schema = {
    "type": "object",
    "description": "The keys of an impairment; null takes a key out, none back to its default.",
    "properties": {
        key: {**_VALUE, "example": _EXAMPLES[key]} if key in _EXAMPLES else _VALUE for key in FIELDS
    },
    "additionalProperties": False,
    "example": {"rate": "1mbit", "loss": "2%"},
}
_SIDE: Schema = {"anyOf": [ref("Impairment"), _told(_TEXT, "Items: loss=2% rate=1mbit")]}
_SIDES: dict[str, Schema] = {
    "rtt": nullable(_told(_TEXT, "Half of it is the delay of each direction.")),
    "both": _SIDE,
    "up": _SIDE,
    "down": _SIDE,
}
_NAME: Schema = {"type": "string", "minLength": 1, "example": "media"}
_SHARING: dict[str, Schema] = {
    "process": _told(_TEXT, "Only packets of processes of this name, under usernet run."),
    "share": _told(_TEXT, "The bottleneck that it shares; link for the link's own."),
    "weight": _told(_WHOLE, "Its part of it."),
}
_UNSHARING = {key: nullable(schema) for key, schema in _SHARING.items()}
_FILTER: Schema = {"type": "string", "example": "udp and port 3478"}
_TEXTS: Schema = {"type": "object", "additionalProperties": _VALUE}
_COUNTS: Schema = {"type": "object", "additionalProperties": _WHOLE}

SCHEMAS: dict[str, Schema] = {
    "Impairment": _EFFECTS,
    "Flow": {
        "type": "object",
        "description": "Packets that match a filter (pcap-filter(7)), and what happens to them.",
        "properties": {"name": _NAME, "filter": _FILTER, **_SHARING, **_SIDES},
        "required": ["name"],
        "example": {"name": "media", "filter": "udp and port 3478", "down": {"loss": "2%"}},
    },
    "FlowChange": {
        "type": "object",
        "description": "What of a flow is to change.",
        "properties": {"name": _NAME, "filter": _FILTER, **_UNSHARING, **_SIDES},
        "example": {"down": {"loss": "2%"}},
    },
    "BottleneckChange": {
        "type": "object",
        "description": "What of a bottleneck is to change.",
        "properties": {"name": _NAME, **_SIDES},
        "example": {"down": {"rate": "2mbit"}},
    },
    "Config": {
        "type": "object",
        "description": "A scenario, as its TOML file has it (docs/scenarios.md).",
        "properties": {
            "version": {"const": 1},
            "seed": _WHOLE,
            "description": _TEXT,
            "source": _TEXT,
            "duration": _TEXT,
            "profile": _TEXT,
            **_SIDES,
            "flow": array(ref("Flow")),
            "bottleneck": array({"type": "object"}),
            "at": array(ref("Step")),
        },
        "additionalProperties": False,
        "example": {"profile": "lte", "down": {"loss": "1%"}},
    },
    "Step": {
        "type": "object",
        "description": "What happens at a time: one of set, ramp and outage.",
        "properties": {
            "time": _told(_TEXT, "From the start."),
            "set": ref("Changes"),
            "ramp": ref("Changes"),
            "over": _told(_TEXT, "How long a ramp takes."),
            "outage": _told(_TEXT, "How long the line is cut."),
            "direction": {"enum": ["up", "down", "both"]},
            "repeat": _told(_TEXT, "Again each so often."),
        },
        "required": ["time"],
        "additionalProperties": False,
        "example": {"time": "10s", "set": {"down": {"rate": "1mbit"}}},
    },
    "Changes": {
        "type": "object",
        "description": "Values that a step sets, or moves; flow, bottleneck: by name.",
        "properties": {
            **_SIDES,
            "flow": {"type": "object", "additionalProperties": ref("Sides")},
            "bottleneck": {"type": "object", "additionalProperties": ref("Sides")},
        },
        "additionalProperties": False,
        "example": {"bottleneck": {"office": {"up": {"rate": "1mbit"}}}},
    },
    "Sides": {
        "type": "object",
        "description": "Impairments of each direction, or of both.",
        "properties": _SIDES,
        "additionalProperties": False,
    },
    "Patch": {
        "type": "object",
        "description": "Values to set now, as of a timeline's set; flow, bottleneck: by name.",
        "properties": {
            **_SIDES,
            "flow": {"type": "object", "additionalProperties": ref("FlowChange")},
            "bottleneck": {"type": "object", "additionalProperties": ref("BottleneckChange")},
        },
        "additionalProperties": False,
        "example": {"down": {"rate": "1mbit"}},
    },
    "Changed": record({"generation": _WHOLE}),
    "Present": record(
        {
            "generation": _WHOLE,
            "time": _told(_NUMBER, "Seconds since the start."),
            "position": _told(_NUMBER, "Seconds of the scenario."),
            "playing": _FLAG,
            "names": array(_TEXT),
            "up": _TEXTS,
            "down": _TEXTS,
            "flows": array({"type": "object"}),
            "bottlenecks": array({"type": "object"}),
            "profile": nullable(_TEXT),
            "capture": ref("Capture"),
        }
    ),
    "Line": record(
        {
            "bits_in": _told(_WHOLE, "Per second."),
            "bits_out": _told(_WHOLE, "Per second."),
            "packets_in": _told(_NUMBER, "Per second."),
            "packets_out": _told(_NUMBER, "Per second."),
            "delay_ns": _told(_WHOLE, "One way: what is configured, and the queue."),
            "queue_ns": _WHOLE,
            "queue_bytes": _WHOLE,
            "queue_packets": _WHOLE,
            "in_flight": _WHOLE,
            "dropped": _told(_COUNTS, "By cause."),
            "loss": _told(_NUMBER, "Of what came, 0 to 1."),
        }
    ),
    "Point": record(
        {
            "generation": _WHOLE,
            "position": _NUMBER,
            "playing": _FLAG,
            "time": _NUMBER,
            "seconds": _told(_NUMBER, "How long it is of."),
            "lines": {"type": "object", "additionalProperties": ref("Line")},
            "late": _told(_WHOLE, "Packets that left more than 1 ms late."),
            "fidelity": {"enum": ["trusted", "inconclusive"]},
            "reason": _TEXT,
        }
    ),
    "Statistics": record(
        {
            "time": _NUMBER,
            "breaths": _WHOLE,
            "lines": {"type": "object", "additionalProperties": {"type": "object"}},
            "fidelity": {"enum": ["trusted", "inconclusive"]},
            "reason": _TEXT,
        }
    ),
    "Talkers": record({way: ref("TalkersOneWay") for way in ("up", "down")}),
    "TalkersOneWay": record(
        {
            "first": array(
                record(
                    {
                        "address": _TEXT,
                        "port": _WHOLE,
                        "protocol": _TEXT,
                        "packets": _WHOLE,
                        "bytes": _WHOLE,
                    }
                )
            ),
            "other_packets": _WHOLE,
            "other_bytes": _WHOLE,
            "exact": _FLAG,
        }
    ),
    "Drops": record(
        {
            "count": _told(_WHOLE, "Packets dropped since the start."),
            "latest": array(
                record(
                    {
                        "number": _WHOLE,
                        "time": _NUMBER,
                        "direction": _TEXT,
                        "flow": _TEXT,
                        "cause": _TEXT,
                        "packets": _WHOLE,
                        "length": _WHOLE,
                        "protocol": nullable(_TEXT),
                        "source": nullable(_TEXT),
                        "destination": nullable(_TEXT),
                    }
                )
            ),
        }
    ),
    "Profile": record(
        {"name": _TEXT, "description": _TEXT, "source": _TEXT, "up": _TEXT, "down": _TEXT}
    ),
    "Scenario": record(
        {
            "generation": _WHOLE,
            "position": _NUMBER,
            "playing": _FLAG,
            "duration": nullable(_NUMBER),
            "events": array(ref("Event")),
        }
    ),
    "Event": record(
        {
            "place": _told(_TEXT, "Where the config has it, as errors say it: at[0]."),
            "time": _NUMBER,
            "lasts": _NUMBER,
            "repeat": nullable(_NUMBER),
            "text": _TEXT,
        }
    ),
    "Capture": record({"running": _FLAG, "available": _FLAG}),
    "Place": {
        "type": "object",
        "properties": {"to": {"type": "integer", "minimum": 0}},
        "required": ["to"],
        "additionalProperties": False,
    },
    "Position": {
        "type": "object",
        "properties": {"position": {"type": "string", "example": "10s"}},
        "required": ["position"],
        "additionalProperties": False,
    },
    "Error": record(
        {
            "error": {
                "type": "object",
                "properties": {
                    "kind": _TEXT,
                    "message": _TEXT,
                    "path": _TEXT,
                    "value": {"type": ["string", "boolean", "null"]},
                    "allowed": _TEXT,
                    "given": nullable(_WHOLE),
                    "present": _WHOLE,
                },
                "required": ["kind", "message"],
                "additionalProperties": False,
            }
        }
    ),
}
"""Every value of the API by its name."""
