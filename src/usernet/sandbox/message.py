"""Messages between `usernet run` and the process that holds its network: JSON, and descriptors."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, field
from typing import Self, cast

__all__ = ["Channel", "Message", "receive"]

_MOST_BYTES = 1 << 16
_MOST_DESCRIPTORS = 16


@dataclass(frozen=True, slots=True)
class Message:
    """What one side said.

    Attributes:
        what: In a word.
        values: With these.
        descriptors: Which are the receiver's own.
    """

    what: str
    values: dict[str, object] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()

    def number(self, name: str) -> int:
        """A value that is a number."""
        return cast("int", self.values[name])

    def text(self, name: str) -> str:
        """A value that is text."""
        return str(self.values[name])


class Channel:
    """One end of a pair of sockets, on which messages go whole, in order, both ways."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Two ends that belong together."""
        first, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(first), cls(second)

    def fileno(self) -> int:
        """Readable when there is a message, or when the other end is gone."""
        return self._end.fileno()

    def tell(self, what: str, descriptors: tuple[int, ...] = (), **values: object) -> bool:
        """Say something; whether the other side is still there."""
        text = json.dumps({"what": what, **values}).encode()
        try:
            socket.send_fds(self._end, [text], descriptors)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def hear(self) -> Message | None:
        """What the other side says next; None when it has ended."""
        try:
            text, descriptors = receive(self._end, _MOST_BYTES)
        except ConnectionResetError:
            return None
        if not text:
            return None
        values = cast("dict[str, object]", json.loads(text))
        return Message(str(values.pop("what")), values, descriptors)

    def close(self) -> None:
        """Give it back; the other side hears the end."""
        self._end.close()


def receive(end: socket.socket, most_bytes: int) -> tuple[bytes, tuple[int, ...]]:
    """One message, and descriptors that no program inherits.

    Raises:
        OSError: There is none to come.
    """
    text, descriptors, _, _ = socket.recv_fds(end, most_bytes, _MOST_DESCRIPTORS)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return text, tuple(descriptors)
