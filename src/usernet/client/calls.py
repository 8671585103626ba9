"""Calls: what a client asks, and what the answers mean; no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, cast
from urllib.parse import quote

from usernet.errors import (
    AuthenticationError,
    CaptureError,
    ConfigError,
    EngineError,
    GenerationError,
    UsernetError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

__all__ = ["Call", "Events", "as_json", "check", "flow_path", "generation", "plain", "sides"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    Attributes:
        method: Of HTTP.
        path: Below the API's own.
        body: What is sent as JSON; nothing where None.
        if_generation: Only if this is the config that runs.
        query: Of the address.
    """

    method: str
    path: str
    body: object = None
    if_generation: int | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])

    def arguments(self) -> dict[str, object]:
        """How httpx has it."""
        headers = {} if self.if_generation is None else {"If-Match": f'"{self.if_generation}"'}
        found: dict[str, object] = {"headers": headers, "params": dict(self.query)}
        if self.body is not None:
            found["json"] = self.body
        return found


def sides(**given: object) -> dict[str, object]:
    """Those sides that are given, as JSON has them."""
    return {key: as_json(value) for key, value in given.items() if value is not None}


def as_json(value: object) -> object:
    """As JSON has it: what is no plain value is written as its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return {key: as_json(one) for key, one in table.items()}
    if isinstance(value, (list, tuple)):
        return list(cast("Sequence[object]", value))
    return str(value)


def flow_path(name: str, verb: str = "") -> str:
    """Where a flow is."""
    return f"/flows/{quote(name, safe='')}{verb}"


def check(response: httpx.Response) -> httpx.Response:
    """The response, whose body was read.

    Raises:
        ConfigError: The line refuses a value.
        GenerationError: Somebody else has changed the config.
        AuthenticationError: The token is missing or wrong.
        CaptureError: A capture cannot be written.
        EngineError: The line has ended.
        UsernetError: Whatever else it says.
    """
    if response.is_success:
        return response
    try:
        told = cast("dict[str, object]", response.json()["error"])
    except (ValueError, KeyError, TypeError):
        raise UsernetError(f"no usernet answers there: {response.status_code}") from None
    _raise(response.status_code, told)


def plain(response: httpx.Response) -> dict[str, object]:
    """The object that a response carries."""
    return cast("dict[str, object]", check(response).json())


def generation(response: httpx.Response) -> int:
    """The generation that a change has made."""
    return cast("int", plain(response)["generation"])


class Events:
    """Server-sent events, from the lines of a response."""

    def __init__(self) -> None:
        self._kind = ""

    def take(self, line: str) -> tuple[str, dict[str, object]] | None:
        """The event that a line completes, if it does."""
        if line.startswith("event: "):
            self._kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return self._kind, cast("dict[str, object]", json.loads(line.removeprefix("data: ")))
        return None


_STATUSES: dict[int, type[UsernetError]] = {
    401: AuthenticationError,
    503: EngineError,
    507: CaptureError,
}


def _raise(status: int, told: Mapping[str, object]) -> NoReturn:
    message = str(told.get("message", status))
    allowed = str(told.get("allowed") or "")
    if told.get("kind") == "generation":
        given, present = (told.get(name) or 0 for name in ("given", "present"))
        raise GenerationError(message, given=cast("int", given), present=cast("int", present))
    if status in _STATUSES:
        raise _STATUSES[status](message)
    path = str(told.get("path") or "")
    raise ConfigError(message, path=path, value=told.get("value"), allowed=allowed)
