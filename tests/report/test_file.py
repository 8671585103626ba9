import os
from pathlib import Path

import pytest

from usernet.errors import CaptureError
from usernet.report.file import write


def test_a_report_is_written(tmp_path: Path) -> None:
    write(tmp_path / "run.html", "<p>µ</p>")
    assert (tmp_path / "run.html").read_text("utf-8") == "<p>µ</p>"
    assert os.listdir(tmp_path) == ["run.html"]


def test_it_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "run.html").write_text("old")
    (tmp_path / "link.html").symlink_to("run.html")
    write(tmp_path / "link.html", "new")
    assert (tmp_path / "run.html").read_text() == "new"
    assert (tmp_path / "link.html").is_symlink()


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "run.html").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CaptureError) as caught:
        write(tmp_path / "run.html", "new")
    said = f"{tmp_path}/run.html: the report cannot be written: No space left on device"
    assert str(caught.value) == said
    assert os.listdir(tmp_path) == ["run.html"]
    assert (tmp_path / "run.html").read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, as Linux has it")
def test_a_device_is_written_to_and_not_replaced() -> None:
    with pytest.raises(CaptureError, match="No space left on device"):
        write(Path("/dev/full"), "x")
    assert Path("/dev/full").is_char_device()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"missing/run\.html: .*No such file or directory"):
        write(tmp_path / "missing/run.html", "x")


def test_text_that_is_none_does_not_end_it(tmp_path: Path) -> None:
    write(tmp_path / "run.html", "a\udcffb")
    assert (tmp_path / "run.html").read_text() == "a?b"
