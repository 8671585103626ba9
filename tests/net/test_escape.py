"""Escape: known libraries are named, with what to do instead."""

from __future__ import annotations

import types

import pytest

from usernet.errors import EscapeError
from usernet.net.escape import escaped


def called_from(module: str) -> EscapeError:
    """The error for a call from a function of that module."""
    namespace = types.ModuleType(module).__dict__
    namespace["escaped"] = escaped
    exec("def call(): return escaped('descriptor 5')", namespace)
    error = namespace["call"]()
    assert isinstance(error, EscapeError)
    return error


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("grpc._cython.cygrpc", "grpclib"),
        ("psycopg.waiting", "asyncpg"),
        ("uvloop.loop", "leave uvloop out"),
        ("aiodns", "ThreadedResolver"),
        ("anything.else", "let asyncio make the connection"),
    ],
)
def test_advice(module: str, advice: str) -> None:
    message = str(called_from(module))
    assert message.startswith("descriptor 5 is the operating system's")
    assert advice in message
