"""Launch: the start of the program itself, which ends with the process that starts it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from typing import TYPE_CHECKING, NoReturn

from usernet.errors import MissingProgramError, ProgramError
from usernet.sandbox.signals import Watch, held_back
from usernet.sandbox.system_calls import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["launch"]

_SHELL = "/bin/sh"
_MISSING = {errno.ENOENT, errno.ENOTDIR}


def launch(command: Sequence[str], watch: Watch) -> int:
    """Start a program as a shell would; it has the files, the folder and the group of this process.

    Args:
        command: The program and its arguments.
        watch: What this process does with signals, and the program is not to.

    Returns:
        Its process id.

    Raises:
        MissingProgramError: There is none of this name.
        ProgramError: It cannot be run.
    """
    reads, writes = os.pipe2(os.O_CLOEXEC)
    with held_back():
        parent = os.getpid()
        child = os.fork()
        if not child:
            _become(command, watch, parent, writes)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        problem = pipe.read()
    if problem:
        os.waitpid(child, 0)
        raise _refusal(command[0], int(problem))
    return child


def _refusal(program: str, number: int) -> ProgramError:
    if number in _MISSING:
        return MissingProgramError("not found", program=program)
    return ProgramError(f"cannot be run: {os.strerror(number)}", program=program)


def _become(command: Sequence[str], watch: Watch, parent: int, told: int) -> NoReturn:
    """In the child: become the program, or tell the number of the error."""
    try:
        watch.forget()
        die_with_parent(signal.SIGKILL)
        if os.getppid() == parent:  # else it has ended already
            signal.pthread_sigmask(signal.SIG_SETMASK, watch.mask)
            _execute(command)
    except OSError as error:
        os.write(told, str(error.errno).encode())
    finally:
        os._exit(127)


def _execute(command: Sequence[str]) -> None:
    """As execvp(3): a file without a format of its own is a script for the shell."""
    try:
        os.execvp(command[0], list(command))
    except OSError as error:
        found = shutil.which(command[0])
        if error.errno == errno.ENOEXEC and found is not None:
            os.execv(_SHELL, [_SHELL, found, *command[1:]])
        if error.errno == errno.EACCES and not _is_anywhere(command[0]):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
        raise


def _is_anywhere(name: str) -> bool:
    """Whether a file of this name can be seen: a folder in PATH may be closed to this user."""
    folders = os.get_exec_path() if os.path.dirname(name) == "" else [""]
    return any(os.path.lexists(os.path.join(folder, name)) for folder in folders)
