"""synthetic-network's language: its file, and what its clients read and write (``/qos``).

::

    {"default_link": {"ingress": Q, "egress": Q},
     "flows": [{"label": "media", "flow": {"ip": 0, "protocol": 17, "port_min": 3478,
                                           "port_max": 3478}, "link": {…}}]}

``Q`` is ``rate`` (bits per second on the wire), ``loss`` (0 to 1), ``latency`` and ``jitter``
(milliseconds), ``jitter_strength`` (0 to 1) and ``reorder_packets``. *Ingress* is our *down*, and
*egress* our *up*. An address is its four bytes as a little-endian number; 0 is any.

Jitter adds up to ``jitter × jitter_strength`` to the latency, evenly, however fast packets come.
What it cannot say of a line is shown as far as it goes: a client that reads everything, changes a
value and writes everything back changes that value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from usernet.config.known import known
from usernet.config.link import as_table, as_text
from usernet.config.units import duration_text, probability_text, rate_text
from usernet.control import tables
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.config.impairment import Impairment
    from usernet.config.link import Flow, Link
    from usernet.control.document import Document
    from usernet.control.tables import Table

__all__ = ["shown", "table_of", "written"]

_WAYS = {"ingress": "down", "egress": "up"}
_NO_LIMIT = 100_000_000
"""What its clients take for a rate without limit."""
_WIRE = "24b"
"""Preamble, checksum and gap between frames (IEEE 802.3): it counts bits of the wire."""
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}
_MOST_PORT = 65535
_QUALITIES = ("rate", "loss", "latency", "jitter", "jitter_strength", "reorder_packets")
_ANY = {"ip": 0, "protocol": 0, "port_min": 0, "port_max": _MOST_PORT}


def table_of(value: object) -> Table:
    """The tables of a scenario that say what its file says.

    Raises:
        ConfigError: It is not of that form, where theirs would take anything.
    """
    document = as_table(value, "")
    for key in document:
        known(key, ("default_link", "flows"), path=key)
    table = _sides(document.get("default_link", {}), "default_link")
    flows = [_flow(flow, f"flows[{i}]") for i, flow in enumerate(_list(document.get("flows", [])))]
    labels = [flow["name"] for flow in flows]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            raise ConfigError("two flows of one label", path=f"flows[{index}].label", value=label)
    return {**table, "flow": flows} if flows else table


def shown(link: Link) -> dict[str, object]:
    """A link as its clients read it."""
    labels = _labels(link)
    return {
        "default_link": _qualities(link),
        "flows": [
            {
                "label": labels[flow.name],
                "flow": _parsed(flow.filter) or _ANY,
                "link": _qualities(flow),
            }
            for flow in link.flows
        ],
    }


def written(document: Document, link: Link, value: object) -> Table:
    """The tables of a document after a client has written this.

    Args:
        document: What runs.
        link: What it is at this moment.
        value: What the client wrote.

    Raises:
        ConfigError: It is not of that form.
    """
    new = table_of(value)
    given = cast("dict[str, object]", value)
    before = shown(link)
    table = _laid(document.table, given.get("default_link"), before["default_link"], new)
    names = {label: name for name, label in _labels(link).items()}
    old = {str(flow["name"]): flow for flow in tables.flows(document.table)}
    told = {str(one["label"]): one for one in cast("list[Table]", before["flows"])}
    order: list[Table] = []
    for flow, posted in zip(tables.flows(new), _list(given.get("flows", [])), strict=True):
        label = str(flow["name"])
        name = names.get(label, label)
        if name in old:
            order.append(_kept(old.pop(name), flow, cast("Table", posted), told[label]))
        else:
            order.append(flow)
    order += [flow for flow in old.values() if _parsed(str(flow["filter"])) is None]
    if order:
        return {**table, "flow": order}
    return {key: value for key, value in table.items() if key != "flow"}


@dataclass(frozen=True, slots=True)
class _Quality:
    rate: int = _NO_LIMIT
    loss: float = 0.0
    latency: float = 0.0
    jitter: float = 0.0
    jitter_strength: float = 0.0
    reorder_packets: bool = False

    @classmethod
    def of(cls, value: object, path: str) -> _Quality:
        keys = as_table(value, path)
        for key in keys:
            known(key, _QUALITIES, path=f"{path}.{key}")
        flag = keys.get("reorder_packets", False)
        if not isinstance(flag, bool):
            where = f"{path}.reorder_packets"
            raise ConfigError("no flag", path=where, value=str(flag), allowed="true or false")
        return cls(
            rate=int(_number(keys, "rate", path, _NO_LIMIT, least=1, most=10**15)),
            loss=_number(keys, "loss", path, 0, most=1),
            latency=_number(keys, "latency", path, 0, most=10**9),
            jitter=_number(keys, "jitter", path, 0, most=10**9),
            jitter_strength=_number(keys, "jitter_strength", path, 0, most=1),
            reorder_packets=flag,
        )

    def keys(self) -> Table:
        """The keys of an impairment."""
        spread = round(self.jitter * self.jitter_strength * 500_000)  # half the width, in ns
        delay = round(self.latency * 1_000_000) + spread
        keys: Table = {"rate": rate_text(self.rate), "overhead": _WIRE}
        if delay:
            keys["delay"] = duration_text(delay)
        if spread:
            keys["jitter"] = duration_text(spread)
            keys["allow_reordering"] = self.reorder_packets
        if self.loss:
            keys["loss"] = probability_text(self.loss)
        return keys


def _sides(value: object, path: str) -> Table:
    link = as_table(value, path)
    for key in link:
        known(key, _WAYS, path=f"{path}.{key}")
    found: Table = {}
    for name, way in _WAYS.items():
        found[way] = _Quality.of(link.get(name, {}), f"{path}.{name}").keys()
    return found


def _flow(value: object, path: str) -> Table:
    flow = as_table(value, path)
    for key in flow:
        known(key, ("label", "flow", "link"), path=f"{path}.{key}")
    label = as_text(flow.get("label"), f"{path}.label")
    if not re.fullmatch(r"\w+", label) or label == "default":
        allowed = "letters, digits and _; not default"
        raise ConfigError("no label", path=f"{path}.label", value=label, allowed=allowed)
    expression = _filter(as_table(flow.get("flow", {}), f"{path}.flow"), f"{path}.flow")
    return {"name": label, "filter": expression, **_sides(flow.get("link", {}), f"{path}.link")}


def _filter(spec: Mapping[str, object], path: str) -> str:
    for key in spec:
        known(key, _ANY, path=f"{path}.{key}")
    ip, protocol, low, high = (
        int(_number(spec, key, path, default, most=most))
        for (key, default), most in zip(_ANY.items(), (2**32 - 1, 255, 65535, 65535), strict=True)
    )
    if low > high:
        raise ConfigError("no range of ports", path=f"{path}.port_min", value=low)
    parts = [f"remote host {'.'.join(map(str, ip.to_bytes(4, 'little')))}"] if ip else []
    if protocol:
        parts.append(_PROTOCOLS.get(protocol, f"ip proto {protocol}"))
    if (low, high) != (0, _MOST_PORT):
        parts.append(f"remote port {low}" if low == high else f"remote portrange {low}-{high}")
    return " and ".join(parts) or "ip"


_FILTER = re.compile(
    r"(?:remote host (?P<ip>\d{1,3}(?:\.\d{1,3}){3}))?(?: and )?"
    r"(?P<protocol>icmp|tcp|udp|ip proto \d{1,3}|ip)?(?: and )?"
    r"(?:remote port (?P<port>\d{1,5})|remote portrange (?P<low>\d{1,5})-(?P<high>\d{1,5}))?"
)


def _parsed(expression: str) -> dict[str, int] | None:
    """What a filter is in its words; None where it has none for it."""
    match = _FILTER.fullmatch(expression)
    if match is None or not expression:
        return None
    protocol = match["protocol"] or "ip"
    numbers = {name: number for number, name in _PROTOCOLS.items()}
    words = protocol.removeprefix("ip").removeprefix(" proto ")
    low = int(match["port"] or match["low"] or 0)
    high = int(match["port"] or match["high"] or _MOST_PORT)
    address = bytes(min(255, int(part)) for part in (match["ip"] or "0.0.0.0").split("."))
    spec = {
        "ip": int.from_bytes(address, "little"),
        "protocol": numbers.get(protocol, int(words) if words.isdigit() else 0),
        "port_min": low,
        "port_max": high,
    }
    try:
        return spec if _filter(spec, "") == expression else None
    except ConfigError:
        return None


def _labels(link: Link) -> dict[str, str]:
    """A label for each name: its clients take words alone."""
    labels: dict[str, str] = {}
    for flow in link.flows:
        label = re.sub(r"\W", "_", flow.name)
        while label in labels.values() or label == "default":
            label += "_"
        labels[flow.name] = label
    return labels


def _qualities(subject: Link | Flow) -> dict[str, object]:
    return {name: _quality(getattr(subject, way)) for name, way in _WAYS.items()}


def _quality(one: Impairment) -> dict[str, object]:
    return {
        "rate": one.rate or _NO_LIMIT,
        "loss": one.loss.rate if one.loss is not None else 0.0,
        "latency": _plain(max(0, one.delay - one.jitter) / 1e6),
        "jitter": _plain(one.jitter / 5e5),
        "jitter_strength": 1.0 if one.jitter else 0.0,
        "reorder_packets": bool(one.jitter and one.allow_reordering),
    }


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _kept(old: Table, new: Table, posted: Table, told: Table) -> Table:
    """A flow of ours, of which a client wrote back what it had read, or something else."""
    flow = _laid(old, posted.get("link"), told["link"], new)
    if posted.get("flow", _ANY) != told["flow"]:
        flow["filter"] = new["filter"]
    return flow


def _laid(table: Table, posted: object, told: object, new: Table) -> Table:
    """The table with those sides laid over it that a client has changed."""
    changed: Table = {}
    for name, way in _WAYS.items():
        before = cast("dict[str, Table]", told)[name]
        given = cast("dict[str, Table]", posted or {}).get(name, {})
        keys = {key for key in _QUALITIES if given.get(key, before[key]) != before[key]}
        if keys:
            changed[way] = _touched(keys, cast("Table", new[way]))
    laid = dict(tables.patched({**table, "flow": []}, changed))
    return {**laid, "flow": table["flow"]} if "flow" in table else _without(laid, "flow")


_CHANGED_KEYS = {
    "rate": ("rate", "overhead"),
    "loss": ("loss",),
    "latency": ("delay",),
    "jitter": ("delay", "jitter", "allow_reordering"),
    "jitter_strength": ("delay", "jitter", "allow_reordering"),
    "reorder_packets": ("allow_reordering",),
}


def _touched(qualities: set[str], new: Table) -> Table:
    keys = {key for quality in qualities for key in _CHANGED_KEYS[quality]}
    return {key: new.get(key, "none") for key in sorted(keys)}


def _without(table: Table, key: str) -> Table:
    return {other: value for other, value in table.items() if other != key}


def _number(
    keys: Mapping[str, object],
    key: str,
    path: str,
    default: float,
    *,
    least: float = 0,
    most: float,
) -> float:
    value = keys.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        allowed = f"a number from {least} to {most:g}"
        raise ConfigError("no such number", path=f"{path}.{key}", value=str(value), allowed=allowed)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ConfigError("a list is expected", path="flows")
    return cast("list[object]", value)
