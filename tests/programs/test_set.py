"""``usernet set`` and ``usernet watch``: a running line, from another terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.programs.test_serving import running

from usernet.sandbox import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, check=False, env=environment
    )


def test_a_value_is_set_and_is_what_runs(tmp_path: Path) -> None:
    with running(tmp_path, "--rate", "1mbit"):
        done = command(tmp_path, "set", "--down", "rate=2mbit loss=1%,25%", "--json")
        assert done.returncode == 0, done.stderr
        present = json.loads(done.stdout)
        assert present["up"] == {"rate": "1mbit"}
        assert present["down"] == {"rate": "2mbit", "loss": "1%,25%"}
        assert command(tmp_path, "set", "--profile", "lte").stdout == ""
        refused = command(tmp_path, "set", "--up", "rate=fast")
        assert refused.returncode == 2
        assert refused.stderr.startswith('usernet: up.rate = "fast": not a rate')
        absent = command(tmp_path, "set", "--flow", "media", "--up", "rate=1mbit")
        assert (absent.returncode, absent.stderr) == (
            2,
            "usernet: there is no flow of the name media\n",
        )


def test_a_profile_with_values_over_it_is_all_or_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "--rate", "1mbit", "--flow", "name=dns filter='udp port 53'"):
        both = ("set", "--profile", "lte", "--json", "--down")
        present = json.loads(command(tmp_path, *both, "rate=2mbit loss=1%").stdout)
        assert present["profile"] == "lte"
        assert present["up"] == {"delay": "35ms", "rate": "12mbit", "queue": "200ms"}
        assert present["down"] == {**present["up"], "rate": "2mbit", "loss": "1%"}
        assert [flow["name"] for flow in present["flows"]] == ["dns"]
        refused = command(tmp_path, "set", "--profile", "3g", "--down", "rate=fast")
        assert (refused.returncode, "down.rate" in refused.stderr) == (2, True)
        last = json.loads(command(tmp_path, "set", "--play", "--json").stdout)
        assert (last["generation"], last["profile"]) == (present["generation"], "lte")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (("--play", "--pause"), "contradict each other"),
        (("--profile", "3g", "--flow", "dns"), "a profile is the link's"),
        (("--down", "rate=2mbit", "--seek", "soon"), 'position = "soon": not a duration'),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_done(
    tmp_path: Path, wrong: tuple[str, ...], problem: str
) -> None:
    done = command(tmp_path, "set", *wrong)  # nothing runs, and nothing was looked for
    assert (done.returncode, problem in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("given", [("--down", "loss=1%"), ("--profile", "3g")])
def test_a_place_beyond_the_end_is_refused_and_so_is_the_rest(
    tmp_path: Path, given: tuple[str, ...]
) -> None:
    scenario = tmp_path / "minute.toml"
    scenario.write_text('duration = "60s"\n')
    with running(tmp_path, "--scenario", str(scenario)):
        refused = command(tmp_path, "set", *given, "--seek", "99h")
        assert (refused.returncode, refused.stderr) == (
            2,
            'usernet: position = "99h": beyond the end: 0 to 60s\n',
        )
        present = json.loads(command(tmp_path, "set", "--pause", "--json").stdout)
        assert (present["generation"], present["down"]) == (1, {})


def test_a_profile_has_an_end_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path):
        refused = command(tmp_path, "set", "--profile", "rfc8867-5.1", "--seek", "101s")
        assert (refused.returncode, "0 to 100s" in refused.stderr) == (2, True), refused.stderr
        sought = ("set", "--pause", "--seek", "99h", "--json")
        present = json.loads(command(tmp_path, *sought).stdout)
        assert present["generation"] == 1
        assert present["position"] >= 99 * 3600


def test_where_nothing_runs(tmp_path: Path) -> None:
    done = command(tmp_path, "set", "--down", "rate=2mbit")
    assert done.returncode == 2
    assert done.stderr.startswith("usernet: no line runs: start one")
    assert command(tmp_path, "watch").returncode == 2


def test_nothing_to_change(tmp_path: Path) -> None:
    assert "nothing to change" in command(tmp_path, "set").stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_it_is_watched_until_it_ends(tmp_path: Path, options: tuple[str, ...]) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    with running(tmp_path):
        watching = subprocess.Popen(
            [PROGRAM, "watch", *options], stdout=subprocess.PIPE, text=True, env=environment
        )
        assert watching.stdout is not None
        first = watching.stdout.readline()
    rest, _ = watching.communicate(timeout=30)
    assert watching.returncode == 0
    if options:
        assert json.loads(first)["event"] == "present"
        assert json.loads(rest.splitlines()[-1])["event"] == "end"
    else:
        assert "lost" in first
        assert "bit/s" in first


def test_on_a_terminal_it_takes_the_screen_and_gives_it_back(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "TERM": "xterm-256color"}
    with running(tmp_path, "--delay", "40ms"):
        ours, theirs = pty.openpty()
        watching = subprocess.Popen(
            [PROGRAM, "watch"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        seen = b""
        while b"40 ms" not in seen:
            seen += os.read(ours, 65536)
        os.write(ours, b"q")
        assert b"\x1b[?1049h" in seen
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:
            pass
        os.close(ours)
        assert watching.wait(30) == 0
        assert b"\x1b[?1049l" in seen
