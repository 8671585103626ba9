"""Chromium: a page, its style sheet and what its script asks for."""

from __future__ import annotations

import queue
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from usernet.sandbox import Command

from .inside import HOST, PATIENCE, Files, files, inside, needs, serving, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
)
HEADLESS = ("--headless", "--virtual-time-budget=20000", "--dump-dom")
PAGE = """<!DOCTYPE html><meta charset="utf-8"><link rel="stylesheet" href="style.css">
<p id="said">nothing</p>
<script>
    fetch("data.json").then(got => got.json()).then(data => {
        const colour = getComputedStyle(document.body).color;
        document.getElementById("said").textContent = `${data.answer} in ${colour}`;
    });
</script>"""


REPORT = """
    const said = document.getElementById("said");
    const tell = () => fetch("said", {method: "POST", body: said.textContent});
    if (said.textContent != "nothing") tell();
    else new MutationObserver(tell).observe(said, {childList: true});
"""
"""Tells the server what the page says, as soon as it does."""
SAID = "42 in rgb(1, 2, 3)"

pytestmark = needs("chromium", "chromium")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A page, and what it needs."""
    root = tmp_path / "www"
    root.mkdir()
    (root / "index.html").write_text(PAGE)
    (root / "style.css").write_text("body { color: rgb(1, 2, 3) }")
    (root / "data.json").write_text('{"answer": 42}')
    return root


@pytest.mark.parametrize("options", [(), ("--profile", "3g")])
def test_a_page_with_all_its_parts(site: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    with serving(files(site)) as port:
        own = (f"--user-data-dir={tmp_path / 'profile'}", f"http://{HOST}:{port}/")
        document = inside("chromium", *OPTIONS, *HEADLESS, *own, options=options)
    assert f'<p id="said">{SAID}</p>'.encode() in document


@needs("Xvfb", "xvfb")
def test_on_a_screen(site: Path, tmp_path: Path) -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Listening(Files):
        def do_POST(self) -> None:  # noqa: N802 - its name
            told.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

    report = '<script src="report.js"></script>'
    (site / "index.html").write_text(PAGE + report)
    (site / "report.js").write_text(REPORT)
    with screen() as display, serving(partial(Listening, directory=str(site))) as port:
        own = (f"--user-data-dir={tmp_path / 'profile'}", f"http://{HOST}:{port}/")
        browser = ("env", f"DISPLAY={display}", "chromium", *OPTIONS, *own)
        with started(*browser, options=("--rtt", "50ms")) as command:
            assert told.get(timeout=PATIENCE) == SAID
            command.stop()


@contextmanager
def screen() -> Iterator[str]:
    """A screen that nobody sees; its name."""
    quiet = "exec Xvfb -displayfd 3 -nolisten tcp 3>&1 >/dev/null 2>&1"
    with Command(("sh", "-c", quiet)) as server:
        yield f":{server.wait_for('').strip()}"
