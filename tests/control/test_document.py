"""Documents: what a command's options say, as if it had been a file."""

from pathlib import Path

import pytest

from usernet.control import Document
from usernet.control.wording import Wording
from usernet.trace import line

FILE = """
seed = 3
rtt = "80ms"
[down]
rate = "1.50mbit"
trace = "none"
distribution = "table.dist"
jitter = "1ms"
[[at]]
time = "10s"
set = { down = { rate = "1mbit" } }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "storm.toml").write_text(FILE)
    (tmp_path / "table.dist").write_text(" ".join(map(str, range(-8192, 8192, 4))))
    (tmp_path / "own.trace").write_text("1\n2\n")
    return tmp_path


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"profile": "lte"},
        {"profile": "lte", "loss": "1%", "down": "rate=none queue=none"},
        {"rtt": "80ms", "seed": 4},
        {"scenario": "storm.toml"},
        {"scenario": "storm.toml", "delay": "3ms", "up": "loss=2%", "seed": 5},
        {"scenario": "storm.toml", "rtt": "3ms", "down": {"rate": "2mbit"}},
    ],
)
def test_a_document_means_what_the_options_mean(
    given: dict[str, object], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    document = Document.from_options(given)
    assert document.scenario == line.read(given)
    again = document.replaced(document.table)
    assert (again.scenario.link, again.scenario.timeline, again.scenario.seed) == (
        document.scenario.link,
        document.scenario.timeline,
        document.scenario.seed,
    )


def test_what_was_typed_stays_as_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    document = Document.from_options({"scenario": "storm.toml", "up": "trace=own.trace"})
    assert document.table["down"]["rate"] == "1.50mbit"  # type: ignore[index]
    assert document.table["up"] == {"trace": "own.trace"}
    present = Wording(document.files).present(document, document.scenario.link)
    assert present["up"] == {"delay": "40ms", "trace": "own.trace"}
    assert present["down"]["distribution"] == "table.dist"  # type: ignore[index]
