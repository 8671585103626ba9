"""Operations: what the API can do, each as one value that serves requests and documents itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from usernet.errors import UsernetError
from usernet.web.problem import Problem, problem_of, problem_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Call", "Operation", "Schema", "served"]

Schema: TypeAlias = "dict[str, object]"
"""A schema of OpenAPI."""
Call: TypeAlias = "Callable[[Request], Awaitable[Response]]"
"""Answers a request."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that the API can do.

    Attributes:
        method: Of HTTP.
        path: Where, with ``{names}``.
        call: Does it.
        name: Its operationId.
        summary: What it does, in a sentence.
        body: What a request carries; None for nothing.
        result: What it is answered; None for an empty answer.
        media: The media type of the answer.
        status: The status of the answer.
        parameters: Parameters of path, query and header.
        problems: Statuses of what may go wrong, besides those of every operation.
        has_generation: Whether the answer has the generation of the config as its ETag.
    """

    method: str
    path: str
    call: Call
    name: str
    summary: str
    body: Schema | None = None
    result: Schema | None = None
    media: str = "application/json"
    status: int = 200
    parameters: tuple[Schema, ...] = ()
    problems: tuple[int, ...] = field(default=())
    has_generation: bool = False


def served(call: Call) -> Call:
    """A call whose errors are answered as problems."""

    async def answer(request: Request) -> Response:
        try:
            return await call(request)
        except Problem as problem:
            return problem_response(problem)
        except UsernetError as error:
            return problem_response(problem_of(error))

    return answer
