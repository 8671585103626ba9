"""Guard: what a request has to be before anybody looks at it.

A page of another site can make a browser send requests here, and a name that an attacker owns can
be made to lead here (DNS rebinding). So who the request is for has to be us, and whoever sends
something has to be a page of ours, or no page at all.
"""

from __future__ import annotations

import ipaddress
from email.utils import formatdate
from typing import TYPE_CHECKING

from usernet.web.problem import Problem, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from usernet.web.token import Token

__all__ = ["LARGEST_BODY", "Guard"]

LARGEST_BODY = 1 << 20
"""Bytes of a request's body: those of the largest scenario file."""
_SAFE = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_OPEN = frozenset(("/", "/healthz", "/api/v1/openapi.json"))
"""What may be read without a token: there is nothing of the line in it."""
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)


class Guard:
    """Lets requests through to an app.

    Args:
        app: What answers them.
        token: What a request has to name; None where it needs none.
        is_local: Whether the app is reached by a socket file alone, which no browser can.
    """

    def __init__(self, app: ASGIApp, *, token: Token | None = None, is_local: bool = False) -> None:
        self._app = app
        self._token = token
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        problem = self._problem(scope, headers)
        if problem is not None:
            await problem_response(problem)(scope, receive, _dressed(send))
            return
        bounded = _Bounded(receive)
        await self._app(scope, bounded.receive, _dressed(send))

    def _problem(self, scope: Scope, headers: dict[bytes, bytes]) -> Problem | None:
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > LARGEST_BODY:
            return _too_large()
        if self._is_local:
            return None
        return self._stranger(scope, headers) or self._unknown(scope["path"], headers)

    def _stranger(self, scope: Scope, headers: dict[bytes, bytes]) -> Problem | None:
        """What is wrong with whom the request is for, or with who sends it."""
        host = headers.get(b"host", b"").decode("latin-1")
        if self._token is None and not _is_this_machine(host):
            allowed = "localhost or a numeric address: a name could be made to lead here"
            return Problem(421, "host", f"the request is for {host or 'nobody'}", allowed=allowed)
        origin = headers.get(b"origin")
        own = (f"http://{host}".encode(), f"https://{host}".encode())
        if origin is not None and origin not in own and scope["method"].encode() not in _SAFE:
            return Problem(403, "origin", "a page of another site sent this")
        return None

    def _unknown(self, path: str, headers: dict[bytes, bytes]) -> Problem | None:
        """What is wrong with the token."""
        if self._token is None or path in _OPEN or path.startswith("/assets/"):
            return None
        if self._token.is_in(headers.get(b"authorization", b"")):
            return None
        return Problem(401, "token", "the token is missing or wrong", allowed="Bearer TOKEN")


class _Bounded:
    """A body that ends where it becomes too large."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._taken = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > LARGEST_BODY:
                raise _too_large()
        return message


def _too_large() -> Problem:
    return Problem(413, "size", "the body is too large", allowed=f"{LARGEST_BODY} bytes")


def _dressed(send: Send) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            date = (b"date", formatdate(usegmt=True).encode())
            own = {name for name, _ in message["headers"]}  # the page has a policy of its own
            added = [header for header in _HEADERS if header[0] not in own]
            message = {**message, "headers": [*message["headers"], *added, date]}
        await send(message)

    return dressed


def _is_this_machine(host: str) -> bool:
    """Whether a Host header is one that no name server has a say in."""
    name = host.rpartition("]")[0].removeprefix("[") if "]" in host else host.partition(":")[0]
    if name.lower().rstrip(".") == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
