"""The OpenAPI document: made from the operations that are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.web.schemas import SCHEMAS, ref

if TYPE_CHECKING:
    from collections.abc import Iterable

    from usernet.web.operation import Operation, Schema

__all__ = ["document"]

_PROBLEMS = {
    400: "The body is not JSON.",
    401: "The token is missing or wrong.",
    403: "A page of another site sent this.",
    404: "There is no such thing.",
    409: "It is so already, cannot be now, or somebody else has changed it meanwhile.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    421: "The request is for another host.",
    422: "A value is wrong: path, value, and what is allowed.",
    503: "The line has ended, or too many watch.",
    507: "The capture cannot be written.",
}
_ALWAYS = (401, 421)
_WITH_BODY = (400, 413, 415, 422)
_UNSAFE = (403,)


def document(operations: Iterable[Operation], prefix: str, version: str) -> Schema:
    """The document of these operations.

    Args:
        operations: What is served.
        prefix: Where.
        version: Of the program.
    """
    paths: dict[str, dict[str, object]] = {}
    for one in operations:
        paths.setdefault(prefix + one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "usernet",
            "version": version,
            "description": "A running line: what it is, what happens on it, and changes of it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(one: Operation) -> Schema:
    told: Schema = {
        "operationId": one.name,
        "summary": one.summary,
        "responses": {str(one.status): _answer(one), **_problems(one)},
    }
    if one.parameters:
        told["parameters"] = list(one.parameters)
    if one.body is not None:
        content = {"application/json": {"schema": one.body}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _answer(one: Operation) -> Schema:
    answer: Schema = {"description": "Done." if one.method != "GET" else "What was asked for."}
    if one.result is not None:
        answer["content"] = {one.media: {"schema": one.result}}
    if one.has_generation:
        tag = {"description": "The generation of the config.", "schema": {"type": "string"}}
        answer["headers"] = {"ETag": tag}
    return answer


def _problems(one: Operation) -> dict[str, object]:
    statuses = {
        *_ALWAYS,
        *one.problems,
        *(_WITH_BODY if one.body else ()),
        *(_UNSAFE if one.method != "GET" else ()),
    }
    content = {"application/json": {"schema": ref("Error")}}
    return {
        str(status): {"description": _PROBLEMS[status], "content": content}
        for status in sorted(statuses)
    }
