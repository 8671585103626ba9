"""Windows of Debian's Chromium on the page of a line, for tests."""

# ruff: noqa: ANN401 - playwright may not be there, and so are its types

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install it)")


def expect(what: Any) -> Any:
    """What is expected of something on a page; comes about within a minute."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    api.expect.set_options(timeout=60_000)  # a busy machine may take its time
    return api.expect(what)


class opened:  # noqa: N801 - it is used like a function
    """A page in a window of its own, which must not have failed at its end."""

    def __init__(self, browser: Any, url: str, **options: object) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.failed: list[str] = []
        self.page.on("pageerror", lambda error: self.failed.append(str(error)))
        self.page.goto(url)

    def __enter__(self) -> Any:
        live(self.page)
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert not self.failed


def live(page: Any) -> None:
    expect(page.locator("#state")).to_have_class(re.compile("good|unsure"))


def field(page: Any, way: str, label: str) -> Any:
    return page.locator(f"#sides .{way}").get_by_label(label, exact=True)


def comes(locator: Any, value: str | re.Pattern[str]) -> None:
    expect(locator).to_have_value(value)
