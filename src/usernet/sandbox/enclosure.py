"""Enclosure: a program that runs in a network of its own, seen from outside.

::

    usernet run ──── a channel ──── supervisor          in the network's namespaces, but for
        │                               │               `usernet run`; all in one process group
        └── TUN device ═════════════ program and all that it starts
"""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from usernet import errors
from usernet.errors import EngineError, UsernetError
from usernet.sandbox.leftovers import children, end_all, inhabitants
from usernet.sandbox.message import Channel, Message
from usernet.sandbox.network import Device, Namespaces, Plan, enclose, identity
from usernet.sandbox.signals import held_back
from usernet.sandbox.supervisor import supervise
from usernet.sandbox.system_calls import adopt_orphans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from usernet.sandbox.signals import Watch

__all__ = ["Enclosure"]

_FAULT = 1


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a supervisor is.

    Attributes:
        descriptors: Of the device, where this network is new, and of the namespaces.
        peer: Of the device.
        others: Which processes are left to end when the program has ended.
        linger: Whether the network ends with the program.
    """

    descriptors: tuple[int, ...]
    peer: str
    others: Callable[[], set[int]]
    linger: bool


class Enclosure:
    """A program, not yet started, in a network of its own or in that of another.

    It has to be made before this process has threads, since it forks.

    Args:
        command: The program and its arguments.
        watch: What this process does with signals.
        into: What the network is like, or which one it is.

    Attributes:
        device: The outer end of the network's interface; None where it is another's.
        namespaces: The network's own.

    Raises:
        PrivilegeError: The system forbids it; the error says which setting does.
        InterfaceError: There is no device to be had.
    """

    def __init__(self, command: Sequence[str], watch: Watch, into: Plan | Namespaces) -> None:
        adopt_orphans()
        self.device: Device | None = None
        self.namespaces: Namespaces
        self._channel, theirs = Channel.pair()
        with held_back():
            self._supervisor: int | None = os.fork()
            if not self._supervisor:
                self._channel.close()
                _hold(theirs, command, watch, into)
        theirs.close()
        try:
            self.device, self.namespaces = self._made(into)
        except BaseException:
            self._close()
            raise

    def fileno(self) -> int:
        """Readable when `code` has something to say."""
        return self._channel.fileno()

    def start(self) -> None:
        """Start the program.

        Raises:
            MissingProgramError: There is none of this name.
            ProgramError: It cannot be run.
        """
        self._channel.tell("run")
        self._hear()

    def code(self) -> int:
        """Wait for the end of the program, and of everything it left behind.

        Returns:
            Its exit code; minus the signal's number if a signal ended it.

        Raises:
            EngineError: The process that held the network was killed; the program went with it.
        """
        return self._hear().number("code")

    def signal(self, number: int) -> None:
        """This process got a signal; the program is to have it too, if it has not."""
        self._channel.tell("signal", number=number)

    def close(self) -> None:
        """End whatever still runs, and let go of the network. Safe to call twice."""
        if self._supervisor is None:
            return
        self._close()
        if self.device is not None:
            os.close(self.device.descriptor)
            self.namespaces.close()

    def _close(self) -> None:
        supervisor, self._supervisor = self._supervisor, None
        self._channel.close()
        if supervisor is not None:
            os.waitpid(supervisor, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _made(self, into: Plan | Namespaces) -> tuple[Device | None, Namespaces]:
        message = self._hear()
        if isinstance(into, Namespaces):
            return None, into
        device, *namespaces = message.descriptors
        return Device(device, message.text("peer") or None), Namespaces(*namespaces)

    def _hear(self) -> Message:
        message = self._channel.hear()
        if message is None:
            self._bury()
            raise EngineError("the process that held the network was killed, so all in it ended")
        if message.what == "failed":
            raise _told(message)
        return message

    def _bury(self) -> None:
        """Do what the supervisor can do no more."""
        network = identity(self.namespaces.network) if hasattr(self, "namespaces") else None
        is_own = self.device is not None
        end_all(lambda: children() | (inhabitants(network) if network and is_own else set()))
        self._supervisor = None


def _told(message: Message) -> UsernetError:
    """The error that the other process told of."""
    kind = getattr(errors, message.text("kind"))
    told = kind(message.text("message"))
    assert isinstance(told, UsernetError)
    return told


def _hold(channel: Channel, command: Sequence[str], watch: Watch, into: Plan | Namespaces) -> None:
    """In the forked process: be the supervisor, and end."""
    try:
        adopt_orphans()
        place = _enter(into)
        channel.tell("ready", place.descriptors, peer=place.peer)
        for descriptor in place.descriptors:
            os.close(descriptor)
        supervise(channel, command, watch, place.others, linger=place.linger)
    except UsernetError as error:
        channel.tell("failed", kind=type(error).__name__, message=str(error))
    except BaseException:
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(_FAULT)


def _enter(into: Plan | Namespaces) -> _Place:
    if isinstance(into, Namespaces):
        into.join()
        return _Place((), "", children, linger=False)
    device, namespaces = enclose(into)
    network = identity(namespaces.network)
    every = (device.descriptor, *namespaces.descriptors)
    return _Place(every, device.peer or "", lambda: inhabitants(network) | children(), linger=True)
