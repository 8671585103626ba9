"""The page: how soon it can be used, beside a page with nothing in it; needs chromium."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from usernet.sandbox import PROGRAM

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["main"]

_LOADS = 20
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_INTERACTIVE = "performance.getEntriesByName('interactive')[0].startTime"
_PAINTED = "performance.getEntriesByName('painted')[0].startTime"
_LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def main() -> None:
    """Print both, each of loads in a window that has seen nothing before."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder, "events")
        line = ("--serve", "127.0.0.1:0", "--profile", "lte", "--json", str(events))
        command = [PROGRAM, "run", *line, "cat"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            while not events.exists() or not events.read_text():
                time.monotonic()
            _compare(json.loads(events.read_text())["serve"])
            process.communicate()


def _compare(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_ARGUMENTS
        )
        _load(browser, url, _INTERACTIVE)  # the browser's own start
        ours = [_load(browser, url, _INTERACTIVE, _PAINTED) for _ in range(_LOADS)]
        bare = [_load(browser, f"{url}healthz", _LOADED) for _ in range(_LOADS)]
        browser.close()
    names = ("the page can be used", "it has been painted, with its values", "an empty page")
    readings = (*zip(*ours, strict=True), *zip(*bare, strict=True))
    for name, times in zip(names, readings, strict=True):
        print(f"{name}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")


def _load(browser: Browser, url: str, *readings: str) -> list[float]:
    with browser.new_context() as context, context.new_page() as page:
        page.goto(url)
        if _INTERACTIVE in readings:
            page.locator("#state.good, #state.unsure").wait_for()
        return [float(page.evaluate(reading)) for reading in readings]


if __name__ == "__main__":
    main()
