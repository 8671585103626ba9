"""synthetic-network's own interface: ``GET`` and ``POST /qos``, and its profiles of who talks."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def routes(control: Control) -> list[Route]:
    """What its clients ask for."""

    async def read(_request: Request) -> Response:
        return JSONResponse(synthetic.shown(control.present_link()))

    async def write(request: Request) -> Response:
        value = await json_in(request)
        control.rewrite(lambda document, link: synthetic.written(document, link, value))
        return PlainTextResponse("OK")

    async def talkers(_request: Request) -> Response:
        return Response(bytes(_ENTRIES * _ENTRY), media_type="application/octet-stream")

    return [
        Route("/qos", served(read), methods=["GET"]),
        Route("/qos", served(write), methods=["POST"]),
        Route("/top/ingress.profile", served(talkers), methods=["GET"]),
        Route("/top/egress.profile", served(talkers), methods=["GET"]),
    ]
