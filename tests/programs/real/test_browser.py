"""Chromium: a page, its style sheet and what its script asks for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .inside import HOST, files, inside, serving

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium")
HEADLESS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
    *("--virtual-time-budget=20000", "--dump-dom"),
)
PAGE = """<!DOCTYPE html><meta charset="utf-8"><link rel="stylesheet" href="style.css">
<p id="said">nothing</p>
<script>
    fetch("data.json").then(got => got.json()).then(data => {
        const colour = getComputedStyle(document.body).color;
        document.getElementById("said").textContent = `${data.answer} in ${colour}`;
    });
</script>"""


@pytest.mark.skipif(
    CHROMIUM is None, reason="needs the browser `chromium`: apt-get install chromium"
)
@pytest.mark.parametrize("options", [(), ("--profile", "3g")])
def test_a_page_with_all_its_parts(tmp_path: Path, options: tuple[str, ...]) -> None:
    root = tmp_path / "www"
    root.mkdir()
    (root / "index.html").write_text(PAGE)
    (root / "style.css").write_text("body { color: rgb(1, 2, 3) }")
    (root / "data.json").write_text('{"answer": 42}')
    with serving(files(root)) as port:
        words = (*HEADLESS, f"--user-data-dir={tmp_path / 'profile'}", f"http://{HOST}:{port}/")
        document = inside(str(CHROMIUM), *words, options=options)
    assert b'<p id="said">42 in rgb(1, 2, 3)</p>' in document
