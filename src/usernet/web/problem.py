"""Problems: what a request that fails is answered, the same for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from usernet.errors import CaptureError, ConfigError, EngineError, GenerationError, UsernetError

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["Problem", "problem_of", "problem_response"]


class Problem(Exception):  # noqa: N818 - it is one, and no error of ours
    """A request that fails.

    Args:
        status: Of HTTP.
        kind: One word for programs.
        message: What is wrong, for people.
        details: More: ``path`` of the key, its ``value``, what is ``allowed``.
    """

    def __init__(self, status: int, kind: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.details = details


def problem_of(error: UsernetError) -> Problem:
    """What an error of ours is answered."""
    match error:
        case GenerationError():
            versions = {"given": error.given, "present": error.present}
            return Problem(409, "generation", str(error), **versions)
        case ConfigError():
            given = error.value  # of JSON, null and true are not the texts None and True
            value = given if given is None or isinstance(given, bool) else str(given)
            details = {"path": error.path, "value": value, "allowed": error.allowed}
            return Problem(422, "config", error.problem, **details)
        case CaptureError():
            return Problem(507, "capture", str(error))
        case EngineError():
            return Problem(503, "engine", str(error))
        case _:
            return Problem(500, "error", str(error))


def problem_response(problem: Problem) -> Response:
    """The response that tells a problem."""
    told = {"kind": problem.kind, "message": problem.message, **problem.details}
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None  # noqa: PLR2004
    return JSONResponse({"error": told}, problem.status, headers)
