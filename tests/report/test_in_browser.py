"""Reports in a real browser: they draw themselves, complain of nothing and load nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from usernet.report.page import plotly_js
from usernet.report.plot import Plot
from usernet.report.run import run_report
from usernet.report.selftest import selftest_report
from usernet.report.timeline import Change, Configured

from .recordings import SECOND, TRUSTED, counted, recorded

CHROMIUM = shutil.which("chromium")
HEADLESS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
    *("--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"),
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs the browser `chromium`: apt-get install chromium"
)


def opened(folder: Path, page: str) -> tuple[str, list[str]]:
    """Open a page; return what it became, and what it said on the browser's console.

    A request would be on the console too: the page's policy allows none.
    """
    (folder / "page.html").write_text(page, "utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [str(CHROMIUM), *HEADLESS, profile, (folder / "page.html").as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return ran.stdout.replace(plotly_js(), ""), re.findall(r"CONSOLE.*", ran.stderr)


def lines(document: str) -> int:
    """Count the lines that were drawn; those of the legends have another parent."""
    return len(re.findall(r'<g class="lines"><path class="js-line" d="M', document))


@pytest.fixture(scope="module")
def run() -> str:
    samples = [
        {
            "up": counted(at * 90, at * 80, dropped={"loss": at * 3, "queue": at * 7}),
            "down": counted(at * 50, at * 50, marked=at % 5, queue_packets=at % 9),
        }
        for at in range(300)
    ]
    changes = [Change(0, "start", {"up": Configured(1e6, 10**7)}), Change(99 * SECOND, "storm")]
    recording = recorded(*samples)
    return run_report("<Storm>", "", recording, TRUSTED, "", samples[-1], changes=changes)


def test_a_run_draws_its_plots_and_complains_of_nothing(tmp_path: Path, run: str) -> None:
    document, console = opened(tmp_path, run)
    assert console == []
    assert lines(document) == 5 + 2 + 2 + 2 + 2 + 2  # rates, delay, queue twice, drops, marks
    for title in ("Rate up, bit/s", "Queue, packets", "Dropped up, packets/s"):
        assert f"{title}</tspan>" in document


def test_a_self_test_draws_its_plots(tmp_path: Path) -> None:
    plot = Plot("error", "share, %", "µs", (0, 50, 100), (1, 2, 3), 100)
    document, console = opened(tmp_path, selftest_report([], {}, "today", plots=[plot, plot]))
    assert console == []
    assert lines(document) == 4


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('http://127.0.0.1:9/')",
        "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))",
    ],
)
def test_the_page_s_policy_stops_whatever_would_load(
    tmp_path: Path, run: str, attempt: str
) -> None:
    _, console = opened(tmp_path, run.replace("</body>", f"<script>{attempt}</script></body>"))
    assert any("Content Security Policy" in line for line in console)
