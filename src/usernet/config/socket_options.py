"""Options of sockets: what a program may say of one socket, or of all sockets of a host.

They are read as the keys of impairments are: durations, sizes and counts with their units, errors
that name the key and what is right.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypedDict, Unpack, get_args

from usernet.config.known import known
from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usernet.config import units

__all__ = ["Congestion", "SocketOptionKeys", "SocketOptions"]

Congestion: TypeAlias = Literal["cubic", "reno", "bbr"]
"""Who decides how much may be under way: CUBIC (RFC 9438), NewReno (RFC 6582) or BBR."""


class SocketOptionKeys(TypedDict, total=False):
    """What the options of a socket can be made of; a key left out has its default."""

    congestion: Congestion
    """The congestion control of TCP."""
    nodelay: bool
    """Send small segments at once, as ``TCP_NODELAY`` does."""
    ecn: bool
    """Use Explicit Congestion Notification (RFC 3168) where the peer does too."""
    pacing: bool
    """Spread a window over the round trip; BBR always does."""
    send_buffer: units.Size
    """Bytes that may wait to be sent or acknowledged."""
    receive_buffer: units.Size
    """Bytes that may wait to be read; the window grows up to this as a connection needs it."""
    keepalive_idle: units.Duration | None
    """How long nothing may come before a keepalive probe goes out; none goes out where None."""
    keepalive_interval: units.Duration
    """Time between two keepalive probes."""
    keepalive_count: int
    """After how many unanswered probes the connection ends."""
    user_timeout: units.Duration | None
    """How long sent bytes may stay unacknowledged (RFC 5482); about 15 minutes where None."""
    delayed_ack: units.Duration
    """How long an acknowledgement may wait: up to 500ms (RFC 9293, 3.8.6.3)."""
    hop_limit: int
    """The hop limit (TTL) of what the socket sends."""
    reuse: bool
    """Let several sockets have the address, as ``SO_REUSEPORT`` does."""


@dataclass(frozen=True, slots=True, init=False)
class SocketOptions:
    """Options of a socket; of a host they are those that its sockets start with.

    ``SocketOptions(congestion="bbr", send_buffer="8mb", keepalive_idle="30s")``: the keys and
    what they take are those of `SocketOptionKeys`; the attributes hold what was read, in bytes
    and nanoseconds.

    Raises:
        ConfigError: A key is unknown, or a value wrong.
    """

    congestion: Congestion = "cubic"
    nodelay: bool = False
    ecn: bool = False
    pacing: bool = True
    send_buffer: int = 4 << 20
    receive_buffer: int = 6 << 20
    keepalive_idle: int | None = None
    keepalive_interval: int = 75_000_000_000
    keepalive_count: int = 9
    user_timeout: int | None = None
    delayed_ack: int = 40_000_000
    hop_limit: int = 64
    reuse: bool = False

    def __init__(self, **keys: Unpack[SocketOptionKeys]) -> None:
        self._fill(_DEFAULTS, keys, "")

    @classmethod
    def of(cls, keys: Mapping[str, object], path: str = "options") -> Self:
        """Read a mapping.

        Args:
            keys: Keys and values as in `SocketOptionKeys`.
            path: The key path of the mapping, to name in an error.

        Raises:
            ConfigError: As the constructor.
        """
        return cls().patched(keys, path)

    def replace(self, **changes: Unpack[SocketOptionKeys]) -> Self:
        """A copy with some keys changed.

        Raises:
            ConfigError: As the constructor.
        """
        return self.patched(changes, "")

    def patched(self, keys: Mapping[str, object], path: str = "") -> Self:
        """A copy with what a mapping says laid over it; ``path`` names the mapping in an error."""
        copy = object.__new__(type(self))
        copy._fill(self.to_core(), keys, path)
        return copy

    def to_core(self) -> dict[str, object]:
        """The options as the core reads them: plain values."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def _fill(self, base: Mapping[str, object], keys: Mapping[str, object], path: str) -> None:
        prefix = f"{path}." if path else ""
        for name in keys:
            known(name, _READERS, path=prefix + name, what="option")
        given = {name: _READERS[name](value, prefix + name) for name, value in keys.items()}
        for name, value in {**base, **given}.items():
            object.__setattr__(self, name, value)


_Reader: TypeAlias = "Callable[[Any, str], object]"

_LARGEST_BUFFER = 1 << 30
"""What a TCP window can be at most (RFC 7323, 2.3)."""
_LONGEST_DELAY = 500_000_000
"""RFC 9293, 3.8.6.3."""


def _congestion(value: object, path: str) -> object:
    return known(str(value), get_args(Congestion), path=path, what="congestion control")


def _flag(value: object, path: str) -> object:
    if not isinstance(value, bool):
        raise ConfigError("not a flag", path=path, value=value, allowed="True or False")
    return value


def _buffer(value: Any, path: str) -> object:  # noqa: ANN401 - as it came from the user
    from usernet.config import units  # noqa: PLC0415 - start-up time

    size = units.byte_count(value, path=path)
    if not 1 <= size <= _LARGEST_BUFFER:
        allowed = "1b to 1gb (RFC 7323, 2.3)"
        raise ConfigError("no size for a buffer", path=path, value=str(value), allowed=allowed)
    return size


def _period(value: Any, path: str) -> object:  # noqa: ANN401
    from usernet.config import units  # noqa: PLC0415 - start-up time

    time = units.nanoseconds(value, path=path)
    if not time:
        raise ConfigError("a time of 0", path=path, value=str(value), allowed="more")
    return time


def _perhaps(value: object, path: str) -> object:
    return None if value is None or value == "none" else _period(value, path)


def _delay(value: Any, path: str) -> object:  # noqa: ANN401
    from usernet.config import units  # noqa: PLC0415 - start-up time

    time = units.nanoseconds(value, path=path)
    if time > _LONGEST_DELAY:
        allowed = "up to 500ms (RFC 9293, 3.8.6.3)"
        raise ConfigError("too long", path=path, value=str(value), allowed=allowed)
    return time


def _count(most: int) -> _Reader:
    def read(value: Any, path: str) -> object:  # noqa: ANN401
        from usernet.config import units  # noqa: PLC0415 - start-up time

        return units.number(value, path=path, least=1, most=most)

    return read


_READERS: dict[str, _Reader] = {
    "congestion": _congestion,
    "nodelay": _flag,
    "ecn": _flag,
    "pacing": _flag,
    "send_buffer": _buffer,
    "receive_buffer": _buffer,
    "keepalive_idle": _perhaps,
    "keepalive_interval": _period,
    "keepalive_count": _count(2**32 - 1),
    "user_timeout": _perhaps,
    "delayed_ack": _delay,
    "hop_limit": _count(255),
    "reuse": _flag,
}
_DEFAULTS = {one.name: one.default for one in fields(SocketOptions)}
