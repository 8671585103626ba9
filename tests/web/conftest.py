"""A line that runs, a browser, and a window of it on the line's page."""

# ruff: noqa: ANN401 - playwright may not be there, and so are its types

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.web.served import Running, served
from tests.web.window import ARGUMENTS, CHROMIUM, opened

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def running() -> Iterator[Running]:
    with served(knows_owners=True) as one:
        yield one


@pytest.fixture
def page(browser: Any, running: Running) -> Iterator[Any]:
    with opened(browser, running.url) as one:
        yield one
