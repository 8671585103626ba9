"""What a proxy does to HTTP messages on their way through (RFC 9110, 7), without I/O.

The form of messages on the wire is h11's (RFC 9112).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    import h11

    from usernet.proxy.credentials import Credentials

__all__ = ["BadRequestError", "Field", "Target", "authority", "is_admitted", "onward", "target"]

Field: TypeAlias = "tuple[bytes, bytes]"
"""A header field: its name in any case, and its value."""

_CONNECTION = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
"""Fields about one connection, which go no further (RFC 9110, 7.6.1)."""
_FRAMING = {b"content-length"}
"""Fields that say where the body ends, and so go on whatever Connection says of them."""
_HTTP = 80
_LARGEST_PORT = 65535


class BadRequestError(ValueError):
    """A request that no proxy can do anything with."""


class Target(NamedTuple):
    """Whom a request is for, and what is asked of him.

    Attributes:
        host: A name or a numeric address.
        port: The port.
        host_field: What the field Host says onward (RFC 9112, 3.2.2).
        path: The target in origin form.
    """

    host: str
    port: int
    host_field: bytes
    path: bytes


def authority(text: bytes) -> tuple[str, int]:
    """The host and port of a CONNECT (RFC 9110, 9.3.6).

    Raises:
        BadRequestError: There is none, or it has no port.
    """
    try:
        parts = urlsplit(b"//" + text)
        host, port = (parts.hostname or b"").decode("ascii"), parts.port
    except ValueError:
        raise BadRequestError("the target is no host:port") from None
    if not host or not port or b"@" in text or parts.path or parts.query:
        raise BadRequestError("the target is no host:port")
    return host, port


def target(request: h11.Request) -> Target:
    """Whom a request in absolute form is for (RFC 9112, 3.2.2).

    Raises:
        BadRequestError: It is in another form, or no URL of http.
    """
    text = request.target
    if text.startswith(b"/") or text == b"*":
        raise BadRequestError("this is a proxy: it wants a whole URL, http://…")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or b"").decode("ascii"), parts.port
    except ValueError:
        raise BadRequestError("the target is no URL") from None
    if parts.scheme.lower() != b"http":
        raise BadRequestError("only http:// goes this way; https:// goes by CONNECT")
    if not host or b"@" in parts.netloc:
        raise BadRequestError("the target is no URL of a host")
    path = parts.path or (b"*" if request.method == b"OPTIONS" and not parts.query else b"/")
    whole = path + (b"?" + parts.query if parts.query else b"")
    return Target(host, port or _HTTP, parts.netloc, whole)


def onward(fields: Iterable[Field], host: bytes | None = None) -> list[Field]:
    """The fields that go on to the next hop, with ``Via``.

    Args:
        fields: Those that came.
        host: For a request, what Host is to say.
    """
    came = list(fields)
    named = {
        word.strip().lower()
        for name, value in came
        if name.lower() == b"connection"
        for word in value.split(b",")
    }
    own = (_CONNECTION | named) - _FRAMING
    first: list[Field] = []
    if host is not None:
        own |= {b"host"}
        first = [(b"Host", host)]
        if any(name.lower() == b"transfer-encoding" for name, _ in came):
            first.append((b"Transfer-Encoding", b"chunked"))  # a request has no body without it
    kept = [(name, value) for name, value in came if name.lower() not in own]
    return [*first, *kept, (b"Via", b"1.1 usernet")]


def is_admitted(request: h11.Request, credentials: Credentials | None) -> bool:
    """Whether a request says who asks, if that matters (RFC 7617)."""
    if credentials is None:
        return True
    for name, value in request.headers:
        scheme, _, rest = value.partition(b" ")
        if name == b"proxy-authorization" and scheme.lower() == b"basic":
            try:
                user, _, password = base64.b64decode(rest.strip(), validate=True).partition(b":")
            except binascii.Error:
                return False
            return credentials.admit(user, password)
    return False
