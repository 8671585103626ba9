"""synthetic-network's own interface: ``GET`` and ``POST /qos``, and its profiles of who talks."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, cast

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from usernet.control import synthetic
from usernet.web.bodies import json_in
from usernet.web.operation import served

if TYPE_CHECKING:
    from starlette.requests import Request

    from usernet.control import Control

__all__ = ["routes"]

_ENTRIES = 2048
_ENTRY = 24
"""Bytes: packets, bits, and who, each a number of eight."""
_WIRE = 24
"""Bytes of each packet on the wire that its count of bits has: preamble, checksum and gap."""
_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58}


def routes(control: Control) -> list[Route]:
    """What its clients ask for."""

    async def read(_request: Request) -> Response:
        return JSONResponse(synthetic.shown(control.present_link()))

    async def write(request: Request) -> Response:
        value = await json_in(request)
        control.rewrite(lambda document, link: synthetic.written(document, link, value))
        return PlainTextResponse("OK")

    async def incoming(_request: Request) -> Response:
        return _profile(control.talkers()["down"])

    async def outgoing(_request: Request) -> Response:
        return _profile(control.talkers()["up"])

    return [
        Route("/qos", served(read), methods=["GET"]),
        Route("/qos", served(write), methods=["POST"]),
        Route("/top/ingress.profile", served(incoming), methods=["GET"]),
        Route("/top/egress.profile", served(outgoing), methods=["GET"]),
    ]


def _profile(found: object) -> Response:
    """Who talks in one direction, as its clients read it: IPv4 alone, of which it knows."""
    talkers = cast("list[dict[str, str | int]]", cast("dict[str, object]", found).get("first", []))
    entries = bytearray(_ENTRIES * _ENTRY)
    known = (one for one in talkers if ":" not in str(one["address"]))
    for place, one in enumerate(known):
        packets = int(one["packets"])
        bits = (int(one["bytes"]) + packets * _WIRE) * 8
        struct.pack_into("<QQQ", entries, place * _ENTRY, packets, bits, _identity(one))
    return Response(bytes(entries), media_type="application/octet-stream")


def _identity(one: dict[str, str | int]) -> int:
    address = int.from_bytes(IPv4Address(str(one["address"])).packed, "little")
    protocol = str(one["protocol"])
    number = _NUMBERS.get(protocol) or int(protocol.removeprefix("proto "))
    return int(one["port"]) << 48 | number << 32 | address
