"""The exception tree: exit codes, messages, built-in bases and pickling."""

from __future__ import annotations

import errno
import os
import pickle
import socket

import pytest

from usernet import errors


@pytest.mark.parametrize(
    ("kind", "code", "builtin"),
    [
        (errors.UsernetError, 1, Exception),
        (errors.ConfigError, 2, ValueError),
        (errors.UnitError, 2, ValueError),
        (errors.ScenarioError, 2, ValueError),
        (errors.GenerationError, 2, ValueError),
        (errors.InterfaceError, 3, OSError),
        (errors.PrivilegeError, 4, PermissionError),
        (errors.TraceError, 5, ValueError),
        (errors.CaptureError, 6, OSError),
        (errors.EngineError, 7, RuntimeError),
        (errors.NoHostError, 8, RuntimeError),
        (errors.EscapeError, 8, RuntimeError),
        (errors.DeadlockError, 9, RuntimeError),
        (errors.HandshakeError, 10, ConnectionError),
        (errors.UnknownNameError, 11, socket.gaierror),
        (errors.AuthenticationError, 17, PermissionError),
        (errors.ProgramError, 126, OSError),
        (errors.MissingProgramError, 127, OSError),
    ],
)
def test_each_kind(kind: type[errors.UsernetError], code: int, builtin: type[Exception]) -> None:
    error = kind("broken")
    assert isinstance(error, (errors.UsernetError, builtin))
    assert issubclass(kind, builtin)
    assert (error.exit_code, str(error)) == (code, "broken")


def test_config_error_names_everything() -> None:
    error = errors.ConfigError("is wrong", path="rate", value="x", allowed="this")
    error.within("down").located("a.toml", 3).located("b.toml", 9)
    assert str(error) == 'a.toml:3: down.rate = "x": is wrong: this'
    assert str(errors.ConfigError("no", path="a", value=3)) == "a = 3: no"
    assert str(errors.ConfigError("no", value=3)) == "3: no"
    assert str(errors.ConfigError("no").within("a")) == "a: no"


def test_the_others_name_their_subject() -> None:
    assert str(errors.InterfaceError("no such interface", interface="eth9")) == (
        "eth9: no such interface"
    )
    refused = errors.PrivilegeError("cannot open", capability="CAP_NET_RAW", grant="setcap x")
    assert str(refused) == "cannot open: needs CAP_NET_RAW; grant it with: setcap x"
    assert str(errors.TraceError("not sorted", file="t", line=4)) == "t:4: not sorted"
    assert str(errors.CaptureError("disk full", file="o.pcapng")) == "o.pcapng: disk full"
    assert str(errors.MissingProgramError("not found", program="crul")) == "crul: not found"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConnectionRefusedError(), 12, "refused: nothing listens there"),
        (OSError(errno.ECONNREFUSED, "no", "db:5432"), 12, "db:5432: refused: nothing listens"),
        (OSError(errno.ENETUNREACH, "no", "10.0.0.5:22"), 13, "10.0.0.5:22: unreachable: "),
        (OSError(errno.EHOSTUNREACH, "no way"), 13, "no way: unreachable: "),
        (TimeoutError(), 14, "timed out: "),
        (OSError(errno.ETIMEDOUT, "late", "db:1"), 14, "db:1: timed out: "),
        (ConnectionResetError(errno.ECONNRESET, "reset", "db:1"), 15, "db:1: reset: "),
        (OSError(errno.EADDRINUSE, "taken", "127.0.0.1:80"), 16, "127.0.0.1:80: address in use: "),
        (socket.gaierror(-2, "Name or service not known"), 11, "Name or service not known: unkno"),
    ],
    ids=str,
)
def test_a_failure_of_the_network(error: OSError, code: int, said: str) -> None:
    failure = errors.network_failure(error)
    assert failure is not None
    assert failure.exit_code == code
    assert failure.message.startswith(said)


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), OSError("x")],
    ids=repr,
)
def test_what_is_no_failure_of_the_network(error: Exception) -> None:
    assert errors.network_failure(error) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.UnitError("a", path="b", value="c", allowed="d", file="e", line=1),
        errors.InterfaceError("a", interface="b"),
        errors.PrivilegeError("a", capability="b", grant="c"),
        errors.TraceError("a", file="b", line=2),
        errors.CaptureError("a", file="b"),
    ],
)
def test_pickling_keeps_everything(error: errors.UsernetError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))
