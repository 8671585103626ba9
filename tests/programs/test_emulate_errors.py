"""``usernet emulate`` on bad input: one clear line, and the exit code of docs/errors.md."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path as File

import pytest

from usernet.sandbox import PROGRAM, SERVER, Ended, Path, path

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with path() as made:
        yield made


@pytest.fixture
def small_disk(tmp_path: File) -> Iterator[File]:
    """A disk of 64 KiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def emulate(place: Path, *options: str, between: tuple[str, str] = ("a", "b")) -> Ended:
    with place.usernet("emulate", "--between", *between, *options) as command:
        return command.wait()


def refused(ended: Ended, code: int) -> str:
    """The one line that it said."""
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    return ended.err


def test_no_such_interface_names_those_there_are(place: Path) -> None:
    said = refused(emulate(place, between=("a", "eth7")), 3)
    assert said.startswith("usernet: there is no interface eth7")
    assert {"a", "b", "lo"} <= set(re.findall(r"\w+", said))


def test_an_interface_to_itself(place: Path) -> None:
    assert '"a"' in refused(emulate(place, between=("a", "a")), 2)


def test_no_privilege_names_the_capability_and_the_command(place: Path) -> None:
    """As root without capabilities: any other user might not be able to read the program."""
    without = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", PROGRAM)
    with place.middle.start(*without, "emulate", "--between", "a", "b") as command:
        said = refused(command.wait(), 4)
    assert "CAP_NET_RAW" in said
    assert "setcap" in said or "sudo" in said


@pytest.mark.parametrize(
    ("options", "key", "allowed"),
    [
        (("--delay", "40"), "delay", "ms"),
        (("--loss", "101%"), "loss", "100"),
        (("--up", "loss=2"), "up.loss", "%"),
        (("--down", "speed=1mbit"), "speed", "rate"),
        (("--rate", "1"), "rate", "mbit"),
        (("--rtt", "soon"), "rtt", "ms"),
    ],
)
def test_a_wrong_value_names_the_key_and_what_is_allowed(
    place: Path, options: tuple[str, ...], key: str, allowed: str
) -> None:
    said = refused(emulate(place, *options), 2)
    assert key in said
    assert allowed in said


def test_an_unknown_option_is_named(place: Path) -> None:
    ended = emulate(place, "--lost", "1%")
    assert ended.code == 2
    assert "--lost" in ended.err


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('seed = 1\n[up]\ndelay = "40"\n', 3, "up.delay"),
        ('[both]\nloss = "2%"\nlos = "3%"\n', 3, "los"),
        ('[up]\nrate = "1mbit\n', 2, ""),
        ('[[at]]\ntime = "10s"\noutage = "soon"\n', 3, "outage"),
    ],
)
def test_a_broken_scenario_is_named_by_file_and_line(
    place: Path, tmp_path: File, text: str, line: int, key: str
) -> None:
    file = tmp_path / "storm.toml"
    file.write_text(text)
    said = refused(emulate(place, "--scenario", str(file)), 2)
    assert said.startswith(f"usernet: {file}:{line}: ")
    assert key in said


def test_no_such_scenario(place: Path, tmp_path: File) -> None:
    assert "nowhere.toml" in refused(
        emulate(place, "--scenario", str(tmp_path / "nowhere.toml")), 2
    )


def test_a_trace_that_is_not_one(place: Path, tmp_path: File) -> None:
    file = tmp_path / "cell.trace"
    file.write_text("1\n5\n3\n")
    said = refused(emulate(place, "--up", f"trace={file}"), 5)
    assert said.startswith(f"usernet: {file}:3: ")


def test_an_unknown_profile_names_those_like_it(place: Path) -> None:
    said = refused(emulate(place, "--profile", "starlnk"), 2)
    assert "'starlnk'" in said
    assert "did you mean starlink?" in said


def test_a_full_disk_ends_it_with_a_capture_that_can_be_read(small_disk: File) -> None:
    capture = small_disk / "out.pcapng"
    with path() as made, made.emulate("--pcap", str(capture)) as line:
        with contextlib.suppress(ChildProcessError):
            made.client.run("ping", "-n", "-s1400", "-c200", "-i0.002", "-W0.2", SERVER[0])
        ended = line.wait()
    assert ended.code == 6
    assert str(capture) in ended.err.splitlines()[-1]
    assert "No space left" in ended.err
    tshark = ["tshark", "-r", str(capture), "-T", "fields", "-e", "frame.len"]
    read = subprocess.run(tshark, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    assert len(read.stdout.split()) > 20


def test_a_capture_where_no_file_can_be(place: Path, tmp_path: File) -> None:
    capture = str(tmp_path / "nowhere" / "out.pcapng")
    assert capture in refused(emulate(place, "--pcap", capture), 6)
