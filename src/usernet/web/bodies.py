"""Bodies: what a request carries, read as JSON, or refused with the reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn, cast

from usernet.web.problem import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["generation_in", "integer_in", "json_in", "object_in"]


async def json_in(request: Request) -> object:
    """The body.

    Raises:
        Problem: It is none, or not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, "type", "the body is not JSON", allowed="Content-Type: application/json")
    body = await request.body()
    try:
        value = cast("object", json.loads(body, parse_constant=_refuse))
        _check_letters(value)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "json", f"the body is not JSON: {error}") from None
    return value


async def object_in(request: Request) -> dict[str, object]:
    """The body, which is an object.

    Raises:
        Problem: It is not.
    """
    value = await json_in(request)
    if not isinstance(value, dict):
        raise Problem(422, "config", "an object is expected", path="", value=None, allowed="{…}")
    return cast("dict[str, object]", value)


def generation_in(request: Request) -> int | None:
    """The generation that a change is for: ``If-Match: "7"``; None where any will do.

    Raises:
        Problem: The header is none of ours.
    """
    given = request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    number = given.removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 15:  # noqa: PLR2004
        allowed = 'If-Match: "GENERATION", as an ETag of ours says it'
        told = {"path": "If-Match", "value": given, "allowed": allowed}
        raise Problem(422, "config", "not a generation", **told)
    return int(number)


def integer_in(request: Request, name: str) -> int | None:
    """A whole number of the query; None where it is not given.

    Raises:
        Problem: It is no whole number from 0 on.
    """
    given = request.query_params.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 9:  # noqa: PLR2004
        raise Problem(422, "config", "not a whole number", path=name, value=given, allowed="0, 1 …")
    return int(given)


def _check_letters(value: object) -> None:
    """Refuse half a letter, a lone surrogate: JSON can say it, UTF-8 cannot (RFC 8259 §8.2)."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise ValueError(f"{half} is half a letter") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
