"""The OpenAPI document is true: whatever is sent, what comes back is what it says."""

# ruff: noqa: ANN401 - schemathesis may not be there, and so are its types

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from tests.web.served import TABLE, Running, served

schemathesis = pytest.importorskip("schemathesis")

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLES = 40
"""Requests for each operation."""


@pytest.fixture
def running() -> Iterator[Running]:
    with served() as one:
        yield one


def test_what_is_answered_is_what_the_document_says(running: Running) -> None:
    schema = schemathesis.openapi.from_url(f"{running.url}/api/v1/openapi.json")
    told = schemathesis.specs.openapi.checks
    checks = [
        schemathesis.checks.not_a_server_error,
        told.status_code_conformance,
        told.content_type_conformance,
        told.response_headers_conformance,
        told.response_schema_conformance,
    ]
    seen = set()
    for found in schema.exclude(operation_id="watch").get_all_operations():  # that one never ends
        operation = found.ok()
        seen.add(operation.label)
        for mode in schemathesis.GenerationMode:
            _try(operation, mode, checks)
    assert len(seen) == 25
    response = httpx.put(f"{running.url}/api/v1/config", json=TABLE)
    assert response.status_code == 200
    assert running.server.is_alive


def _try(operation: Any, mode: Any, checks: list[Any]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def send(case: Any) -> None:
        case.call_and_validate(checks=checks, timeout=20)

    with suppress(Unsatisfiable):  # there is nothing wrong to send where nothing is taken
        send()
