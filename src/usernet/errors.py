"""What can go wrong, as one tree, and the exit code that each branch ends a command with.

::

    UsernetError                      1   anything below
    ├── ConfigError (ValueError)      2   a value, a key or a file of the user's is wrong
    │   ├── FilterError                   a filter that is none; it says where
    │   ├── UnitError                     a number without its unit, or outside its range
    │   ├── ScenarioError                 a scenario that is not one (syntax, size, timeline)
    │   └── GenerationError               somebody else has changed the config meanwhile
    ├── InterfaceError (OSError)      3   no such network interface, or one of the wrong type
    ├── PrivilegeError (PermissionError)  4   a capability is missing
    ├── TraceError (ValueError)       5   a trace file that is not a trace
    ├── CaptureError (OSError)        6   a capture cannot be written (disk full)
    ├── EngineError (RuntimeError)    7   the engine refused or stopped
    ├── NoHostError (RuntimeError)    8   a network call outside any host
    ├── EscapeError (RuntimeError)    8   something goes round the simulated network
    ├── DeadlockError (RuntimeError)  9   nothing can ever happen again in virtual time
    ├── HandshakeError (ConnectionError)  10   no peer of a tunnel answers
    ├── UnknownNameError (gaierror)  11   nobody knows a name
    ├── AuthenticationError (PermissionError)  17   who asks is not who may
    └── ProgramError (OSError)      126   a program that is there and cannot be run
        └── MissingProgramError     127   there is no such program

Every error can be raised with its message alone, so all of them survive pickling.

What a network says is the system's own: `ConnectionRefusedError` 12, unreachable 13, `TimeoutError`
14, `ConnectionResetError` 15, ``EADDRINUSE`` 16, ``gaierror`` 11 as above. Their ``filename`` is
whom it is about, such as ``db.internal:5432``; `network_failure` has their code and their sentence.
"""

from __future__ import annotations

import errno
from socket import gaierror
from typing import ClassVar, NamedTuple, Self

__all__ = [
    "AuthenticationError",
    "CaptureError",
    "ConfigError",
    "DeadlockError",
    "EngineError",
    "EscapeError",
    "FilterError",
    "GenerationError",
    "HandshakeError",
    "InterfaceError",
    "MissingProgramError",
    "NetworkFailure",
    "NoHostError",
    "PrivilegeError",
    "ProgramError",
    "ScenarioError",
    "TraceError",
    "UnitError",
    "UnknownNameError",
    "UsernetError",
    "network_failure",
]


class UsernetError(Exception):
    """Base of everything that usernet raises on purpose."""

    exit_code: ClassVar[int] = 1
    """What a command that ends with this error exits with."""


class ConfigError(UsernetError, ValueError):
    """A value, a key or a file of the user's is wrong.

    Attributes:
        problem: What is wrong, in words.
        path: The key path of the culprit, such as ``down.rate``; empty where there is none.
        value: The value that was given; None where the key itself is the problem.
        allowed: What would have been right.
        file: The file it was read from, if any.
        line: The line in that file, counted from 1, if known.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        problem: str,
        *,
        path: str = "",
        value: object = None,
        allowed: str = "",
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: str = path
        self.value = value
        self.allowed = allowed
        self.file = file
        self.line = line

    def __str__(self) -> str:
        """``file:line: path = "value": problem: allowed``, without what is not known."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        parts = (place, self._culprit(), self.problem, self.allowed)
        return ": ".join(part for part in parts if part)

    def _culprit(self) -> str:
        if self.value is None:
            return self.path
        shown = f'"{self.value}"' if isinstance(self.value, str) else str(self.value)
        return f"{self.path} = {shown}" if self.path else shown

    def within(self, prefix: str) -> Self:
        """Put a key in front of the path, as the error travels outwards; returns itself."""
        self.path = ".".join(part for part in (prefix, self.path) if part)
        return self

    def located(self, file: str | None, line: int | None) -> Self:
        """Say where it was read, unless that is known already; returns itself."""
        if self.file is None:
            self.file, self.line = file, line
        return self


class UnitError(ConfigError):
    """A number without its unit, with one that is none, or outside its range."""


class FilterError(ConfigError):
    """A filter expression that is none.

    Attributes:
        position: How many letters of the expression stand before what is wrong.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str = "filter",
        value: object = None,
        allowed: str = "",
        position: int = 0,
    ) -> None:
        super().__init__(problem, path=path, value=value, allowed=allowed)
        self.position = position


class ScenarioError(ConfigError):
    """A scenario that is not one: broken syntax, too large, an impossible timeline."""


class GenerationError(ConfigError):
    """A change for a config that somebody else has changed meanwhile.

    Attributes:
        given: The generation that the change was for.
        present: The generation that runs.
    """

    def __init__(
        self, problem: str, *, given: int = 0, present: int = 0, allowed: str = ""
    ) -> None:
        super().__init__(problem, allowed=allowed)
        self.given = given
        self.present = present


class InterfaceError(UsernetError, OSError):
    """A network interface does not exist, is of the wrong type, or went away.

    Attributes:
        interface: Its name; empty where it is unknown.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, problem: str, *, interface: str = "") -> None:
        super().__init__(problem)
        self.interface = interface

    def __str__(self) -> str:
        """``interface: problem``."""
        problem = str(self.args[0])
        return f"{self.interface}: {problem}" if self.interface else problem


class PrivilegeError(UsernetError, PermissionError):
    """The operating system refuses, for want of a capability.

    Attributes:
        capability: What is missing, such as ``CAP_NET_RAW``.
        grant: The command that grants it.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, problem: str, *, capability: str = "", grant: str = "") -> None:
        super().__init__(problem)
        self.capability = capability
        self.grant = grant

    def __str__(self) -> str:
        """``problem: needs CAPABILITY; grant it with: COMMAND``."""
        text = str(self.args[0])
        if self.capability:
            text += f": needs {self.capability}"
        if self.grant:
            text += f"; grant it with: {self.grant}"
        return text


class TraceError(UsernetError, ValueError):
    """A trace file that is not a trace.

    Attributes:
        file: The file, if any.
        line: The line in it, counted from 1, if known.
    """

    exit_code: ClassVar[int] = 5

    def __init__(self, problem: str, *, file: str | None = None, line: int | None = None) -> None:
        super().__init__(problem)
        self.file = file
        self.line = line

    def __str__(self) -> str:
        """``file:line: problem``, without what is not known."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{place}: {self.args[0]}" if place else str(self.args[0])


class CaptureError(UsernetError, OSError):
    """A capture cannot be written: the disk is full, the folder is missing.

    Attributes:
        file: The capture file; empty where it is unknown.
    """

    exit_code: ClassVar[int] = 6

    def __init__(self, problem: str, *, file: str = "") -> None:
        super().__init__(problem)
        self.file = file

    def __str__(self) -> str:
        """``file: problem``."""
        return f"{self.file}: {self.args[0]}" if self.file else str(self.args[0])


class EngineError(UsernetError, RuntimeError):
    """The engine refused a change as a whole, or stopped."""

    exit_code: ClassVar[int] = 7


class NoHostError(UsernetError, RuntimeError):
    """A network call where no host is current, so that it is unknown whose network is meant."""

    exit_code: ClassVar[int] = 8


class EscapeError(UsernetError, RuntimeError):
    """Something would go round the simulated network, to the operating system's own.

    In virtual time this cannot work: the system's sockets know nothing of the virtual clock.
    """

    exit_code: ClassVar[int] = 8


class DeadlockError(UsernetError, RuntimeError):
    """Nothing is ready, nothing is scheduled: in virtual time nothing can ever happen again.

    The message says where each task waits, and what stands in each socket.
    """

    exit_code: ClassVar[int] = 9


class HandshakeError(UsernetError, ConnectionError):
    """No peer of a tunnel answers: a wrong key, a wrong endpoint, or nothing gets through.

    WireGuard answers nobody whom it does not know, so that these look alike from outside.
    """

    exit_code: ClassVar[int] = 10


class UnknownNameError(UsernetError, gaierror):
    """Nobody knows a name, or it has no address of the family that was asked for."""

    exit_code: ClassVar[int] = 11


class AuthenticationError(UsernetError, PermissionError):
    """Who asks is not who may: a proxy's password, or the user of an agent."""

    exit_code: ClassVar[int] = 17


class ProgramError(UsernetError, OSError):
    """A program that was to be started is there, and cannot be run.

    Attributes:
        program: Its name or path, as it was given.
    """

    exit_code: ClassVar[int] = 126
    """As in a shell."""

    def __init__(self, problem: str, *, program: str = "") -> None:
        super().__init__(problem)
        self.program = program

    def __str__(self) -> str:
        """``program: problem``."""
        return f"{self.program}: {self.args[0]}" if self.program else str(self.args[0])


class MissingProgramError(ProgramError):
    """There is no program of the name that was given."""

    exit_code: ClassVar[int] = 127
    """As in a shell."""


class NetworkFailure(NamedTuple):
    """How a command ends that the network has failed."""

    exit_code: int
    """What the command exits with."""
    message: str
    """``whom: what happened: what to do``."""


class _Kind(NamedTuple):
    exit_code: int
    numbers: tuple[int, ...]
    type: type[OSError] | None
    problem: str
    advice: str


_KINDS = (
    _Kind(11, (), gaierror, "unknown name", "is it spelt right, and do the name servers know it?"),
    _Kind(
        12,
        (errno.ECONNREFUSED,),
        ConnectionRefusedError,
        "refused",
        "nothing listens there: is the port right, and does the server run?",
    ),
    _Kind(
        13,
        (
            errno.ENETUNREACH,
            errno.EHOSTUNREACH,
            errno.ENETDOWN,
            errno.EHOSTDOWN,
            errno.EADDRNOTAVAIL,
        ),
        None,
        "unreachable",
        "no way leads there: of a tunnel, do its addresses and AllowedIPs go with it?",
    ),
    _Kind(
        14,
        (errno.ETIMEDOUT,),
        TimeoutError,
        "timed out",
        "no answer came: is it up, and does a firewall let it through?",
    ),
    _Kind(
        15,
        (errno.ECONNRESET, errno.ECONNABORTED),
        ConnectionResetError,
        "reset",
        "the other end ended the connection",
    ),
    _Kind(
        16,
        (errno.EADDRINUSE,),
        None,
        "address in use",
        "another program listens there: stop it, or choose another port",
    ),
)


def network_failure(error: BaseException) -> NetworkFailure | None:
    """What a failure of the network, as the system has it, means to a command; None for others.

    Args:
        error: As it was caught. Whom it is about is its ``filename``, if it has one.
    """
    if not isinstance(error, OSError):
        return None
    for kind in _KINDS:
        if error.errno in kind.numbers or (kind.type and isinstance(error, kind.type)):
            about = [str(error.filename)] if error.filename else _own_words(error)
            return NetworkFailure(kind.exit_code, ": ".join([*about, kind.problem, kind.advice]))
    return None


def _own_words(error: OSError) -> list[str]:
    """What an error says that does not say whom it is about."""
    words = error.strerror or str(error)
    return [words] if words else []
