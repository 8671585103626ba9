"""The command line: verbs, exit codes, and one line for each error."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from importlib.metadata import version

import pytest

from usernet.errors import (
    AuthenticationError,
    CaptureError,
    ConfigError,
    EngineError,
    HandshakeError,
    InterfaceError,
    PrivilegeError,
    TraceError,
    UsernetError,
)
from usernet.programs import command_line as program
from usernet.programs.command_line import app
from usernet.programs.main import main, run

Captured = pytest.CaptureFixture[str]
EMULATE = ["emulate", "--between", "un-a", "un-b"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--delay", "40"], 'both.delay = "40"'),
        (["--loss", "101%"], 'both.loss.probability = "101%"'),
        (["--up", "lose=2%"], "up.lose: unknown key 'lose': did you mean loss"),
        (["--down", "rate=1"], 'down.rate = "1"'),
        (["--profile", "ltee"], "profile: unknown profile 'ltee': did you mean lte"),
        (["--duration", "60"], 'duration = "60"'),
    ],
    ids=str,
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    arguments: list[str], said: str, capsys: Captured
) -> None:
    assert run([*EMULATE, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"usernet: {said}")
    assert captured.err.count("\n") == 1


def test_an_interface_that_is_not_there(capsys: Captured) -> None:
    assert run(EMULATE) == 3
    assert "un-a" in capsys.readouterr().err


def test_an_unknown_profile(capsys: Captured) -> None:
    assert run(["profiles", "dssl"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("usernet: profile: unknown profile 'dssl': did you mean ")
    assert "dsl" in said.partition("did you mean")[2]


def test_profiles_as_json(capsys: Captured) -> None:
    assert run(["profiles", "--json"]) == 0
    assert {"lte", "dsl"} <= {one["name"] for one in json.loads(capsys.readouterr().out)}


def test_the_version(capsys: Captured) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == version("usernet")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsernetError("x"), 1),
        (ConfigError("x"), 2),
        (InterfaceError("x"), 3),
        (PrivilegeError("x"), 4),
        (TraceError("x"), 5),
        (CaptureError("x"), 6),
        (EngineError("x"), 7),
        (HandshakeError("x"), 10),
        (AuthenticationError("x"), 17),
        (BrokenPipeError(), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_its_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def fail(arguments: list[str], **_how: object) -> None:
        assert arguments == ["profiles"]
        raise error

    monkeypatch.setattr(program, "app", fail)
    assert run(["profiles"]) == code
    assert capsys.readouterr().err == ("usernet: x\n" if code else "")


def test_what_the_network_said_has_its_code_and_says_whom_it_is_about(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def fail(_arguments: list[str], **_how: object) -> None:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused", "db.internal:5432")

    monkeypatch.setattr(program, "app", fail)
    assert run(["profiles"]) == 12
    assert capsys.readouterr().err.startswith("usernet: db.internal:5432: refused: nothing listens")


def test_another_error_of_the_system_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_arguments: list[str], **_how: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(program, "app", fail)
    with pytest.raises(OSError, match="Bad file descriptor"):
        run(["profiles"])


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_verb_returns_is_the_exit_code(
    returned: int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "app", lambda _arguments, **_how: returned)
    assert run([]) == code


def test_main_exits_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["usernet", "profiles", "none-such"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2


def test_every_verb_says_what_it_does(capsys: Captured) -> None:
    assert run(["--help"]) == 0
    overview = capsys.readouterr().out
    verbs = [name for name in app if not name.startswith("-")]
    assert {"emulate", "profiles", "selftest", "bench"} <= set(verbs)
    for verb in verbs:
        assert verb in overview
        assert run([verb, "--help"]) == 0
        said = capsys.readouterr().out
        assert "--json" in said or verb in {"nc", "ssh"}  # whose output is another's


@pytest.mark.parametrize(
    "arguments", [["emulat"], ["emulate"], ["emulate", "--between", "a"], ["profiles", "--colour"]]
)
def test_what_is_no_command_is_refused_in_a_line(arguments: list[str], capsys: Captured) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usernet: ")
    assert captured.err.count("\n") == 1


def test_it_starts_as_a_program() -> None:
    command = [sys.executable, "-c", "from usernet.programs.main import main; main()", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "emulate" in ended.stdout
