"""The site: the API, the page, the metrics, and what other programs look for."""

from __future__ import annotations

from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from usernet.errors import UsernetError
from usernet.web import openapi, synthetic
from usernet.web.metrics import CONTENT_TYPE, metrics
from usernet.web.operation import served
from usernet.web.operations import PREFIX, operations
from usernet.web.page import Page
from usernet.web.problem import Problem, problem_response
from usernet.web.script import joined

if TYPE_CHECKING:
    from starlette.requests import Request

    from usernet.control import Control
    from usernet.web.api import Api

__all__ = ["site"]

_SCRIPT = "page.js"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}


def site(control: Control, api: Api, *, is_open: bool) -> Starlette:
    """The whole of it.

    Args:
        control: Of the line.
        api: What answers the API's operations.
        is_open: Whether whoever may read the page may read what is on the line, too.
    """
    every = operations(api)
    document = openapi.document(every, PREFIX, metadata.version("usernet"))

    async def healthy(_request: Request) -> Response:
        over = control.is_over
        return PlainTextResponse("over\n" if over else "ok\n", 503 if over else 200)

    async def measured(_request: Request) -> Response:
        return Response(metrics(control), media_type=CONTENT_TYPE)

    async def page(_request: Request) -> Response:
        content = _page().telling(_present(control) if is_open else None)
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": _page().policy}
        return HTMLResponse(content, headers=headers)

    async def described(_request: Request) -> Response:
        return JSONResponse(document)

    routes = [
        Route(
            PREFIX + one.path.replace("{name}", "{name:path}"),  # a name may hold a slash
            served(one.call),
            methods=[one.method],
        )
        for one in every
    ]
    return Starlette(
        routes=[
            *routes,
            Route(f"{PREFIX}/openapi.json", described),
            Route("/healthz", healthy),
            Route("/metrics", served(measured)),
            *synthetic.routes(control),
            Route("/", page),
            Route("/assets/{name}", served(_asset)),
        ],
        exception_handlers={HTTPException: _failed, Problem: _refused},
    )


def _present(control: Control) -> dict[str, object] | None:
    """What the line is, if it can tell: the page is there even where it cannot."""
    try:
        return control.present()
    except UsernetError:
        return None


async def _asset(request: Request) -> Response:
    name = str(request.path_params["name"])
    content = _assets().get(name)
    if content is None:
        raise Problem(404, "absent", f"there is no {name}")
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})


@cache
def _page() -> Page:
    html, style, script = (_assets()[name].decode() for name in ("page.html", "page.css", _SCRIPT))
    return Page(html, style, script)


@cache
def _assets() -> dict[str, bytes]:
    """All that the page is made of: little enough to be kept, for a page that is there at once."""
    folder = resources.files("usernet.web").joinpath("assets")
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
    modules = {name: found[name].decode() for name in found if name.endswith(".js")}
    return {**found, _SCRIPT: joined(modules, _SCRIPT).encode()}


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = Problem(error.status_code, "http", str(error.detail))
    response = problem_response(problem)
    response.headers.update(error.headers or {})
    return response


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)
