"""The border to the Rust core: an engine and its sockets, plain values.

Times are nanoseconds, records are JSON, addresses are ``(numeric address, port)``. Calls are O(1):
a lock and at most one copy. What cannot be done right now answers None (or 0 bytes sent), and an
event says when it can; what failed raises the `OSError` that Linux has for it. A wrong argument
raises `ValueError`, a host or an option that is not there `ConfigError`, and anything asked of an
engine that has stopped `EngineError`; only `close` and `abort` are always fine.
"""

from typing import final

from typing_extensions import Buffer

__all__ = ["Engine", "Socket", "Tunnel", "public_key"]

_Address = tuple[str, int]

def public_key(private_key: bytes) -> bytes:
    """X25519 of the key and 9 (RFC 7748, 6.1): 32 bytes of 32."""

@final
class Engine:
    """A graph of apps and what runs it: on its own thread, or in virtual time."""

    def __new__(cls, seed: int, *, virtual: bool, precise: bool, busy_poll: bool) -> Engine: ...
    def apply(self, actions: str) -> int: ...
    def schedule(self, at: int, actions: str) -> None: ...
    def unschedule(self) -> None: ...
    def advance(self, until: int) -> None: ...
    def advance_to_event(self, until: int) -> bool:
        """Virtual time: run up to `until`, or to the breath after which socket events wait."""
    def next_deadline(self) -> int | None:
        """Virtual time: when the engine has something to do next; now, if at once."""
    def now(self) -> int: ...
    def statistics(self) -> str: ...
    def series(self, app: str) -> str:
        """What an app has written down over time; ``null`` where there is nothing."""
    def tell(self, app: str, message: str) -> str:
        """Give an app a message, as JSON; its answer."""
    def drops(self, after: int) -> str:
        """The latest drops behind the first `after` that there ever were."""
    def wait(self, timeout: float) -> None: ...
    def keep_log(self) -> None: ...
    def log(self) -> bytes: ...
    def stop(self) -> None: ...
    def fileno(self) -> int:
        """Real time: a descriptor that is readable while socket events wait."""
    def drain(self) -> list[tuple[int, int]]:
        """All socket events since the last call: keys and readiness flags.

        The flags: 1 readable, 2 writable, 4 connected, 8 the peer has finished sending, 16 failed,
        32 everything sent was acknowledged, 128 it is over with a socket that was spliced.
        """
    def connect(
        self, host: str, remote: _Address, local: _Address | None, options: str
    ) -> Socket: ...
    def listen(self, host: str, local: _Address, backlog: int, options: str) -> Socket: ...
    def bind(self, host: str, local: _Address, remote: _Address | None, options: str) -> Socket: ...
    def echo(self, host: str, options: str) -> Socket: ...
    def source_for(self, host: str, remote: str) -> str: ...
    def tunnel(self, app: str) -> Tunnel: ...

@final
class Socket:
    """A socket of a host; one that nobody has any more is closed."""

    @property
    def key(self) -> int:
        """What `Engine.drain` calls it."""
    def accept(self) -> Socket | None: ...
    def send(self, data: Buffer) -> int:
        """How many bytes there was room for."""
    def receive(self, limit: int) -> bytes | None:
        """What is there, at most so much; no bytes at the end of a connection."""
    def receive_into(self, into: Buffer) -> int | None: ...
    def readable(self) -> int:
        """How many bytes `receive` or `receive_from` would give now."""
    def send_to(self, data: Buffer, remote: _Address) -> bool:
        """Whether there was room."""
    def receive_from(self) -> tuple[bytes, _Address] | None: ...
    def take_report(self) -> tuple[str, tuple[int, int], _Address, int] | None:
        """What ICMP said about what it sent, once: from whom, type and code, about what, hop limit.

        Of an echo socket replies too; its addresses have the sequence number as port.
        """
    def shutdown(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def splice(self, fd: int) -> None:
        """Have the engine carry bytes between a connection and a duplicate of a stream socket.

        The connection stands or is on its way. Both are the engine's from now on: `close` does
        nothing any more, only `abort` ends them. In virtual time it raises `EscapeError`.
        """
    def spliced(self) -> tuple[int, int, str]:
        """Bytes from the stream socket and to it; and how it ended, "open" where it has not."""
    def wait_connected(self, timeout: float) -> int | None:
        """After `splice`: wait until the connection stands (0), or the errno it failed with.

        The interpreter's lock is free meanwhile. None where so many seconds were not enough.
        """
    def local(self) -> _Address | None: ...
    def remote(self) -> _Address | None: ...
    def unacknowledged(self) -> int: ...
    def take_error(self) -> int:
        """The errno of what it failed with, once; 0 for nothing."""
    def options(self) -> str: ...
    def set_options(self, options: str) -> None: ...
    def info(self) -> str: ...

@final
class Tunnel:
    """A WireGuard device whose peers come and go while it runs."""

    @property
    def key(self) -> int:
        """What `Engine.drain` calls it: readable (1) while strangers have called."""
    def strangers(self) -> list[bytes]:
        """The public keys of strangers who have called, each once: a call waits for 5 s."""
    def refuse(self, public_key: bytes) -> None:
        """Nobody knows this stranger."""
    def set_peer(self, peer: str) -> None: ...
    def remove_peer(self, public_key: bytes) -> bool:
        """Whether there was such a peer."""
