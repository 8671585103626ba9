"""Socket: what the module `socket` calls a socket, on a host of the network.

It never blocks: where a real socket would wait, it raises `BlockingIOError` if it is non-blocking,
and `EscapeError` if it is not, for nobody could move the clock meanwhile. An IPv6 socket speaks
IPv4 too, with mapped addresses, unless ``IPV6_V6ONLY`` is set; it then consists of two sockets of
the core.
"""

from __future__ import annotations

import contextlib
import contextvars
import errno
import itertools
import json
import os
import socket as system
import weakref
from typing import TYPE_CHECKING, Self

from usernet.errors import EngineError
from usernet.net import current
from usernet.net.address import SocketAddress, any_towards, show, to_core, towards
from usernet.net.bridge import CONNECTED, FAILED, GONE, READABLE, WRITABLE
from usernet.net.never_waits import NeverWaits
from usernet.net.options import Options, Value
from usernet.net.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from types import TracebackType

    from typing_extensions import Buffer

    from usernet.net.border import Address, CoreSocket
    from usernet.net.bridge import Bridge
    from usernet.net.host import Host

__all__ = ["FIRST_DESCRIPTOR", "Socket", "by_descriptor"]

FIRST_DESCRIPTOR = 1_000_000_000
"""Descriptors of virtual sockets count from here: no real one is that large."""

_ANY: dict[int, Address] = {system.AF_INET: ("0.0.0.0", 0), system.AF_INET6: ("::", 0)}

_NONBLOCK: int = getattr(system, "SOCK_NONBLOCK", 0)
_CLOEXEC: int = getattr(system, "SOCK_CLOEXEC", 0)
"""What Linux takes as a part of the type."""

_descriptors = itertools.count(FIRST_DESCRIPTOR)
_open: weakref.WeakValueDictionary[int, Socket] = weakref.WeakValueDictionary()


def by_descriptor(descriptor: int) -> Socket | None:
    """The socket whose `fileno` this is."""
    return _open.get(descriptor)


def _error(number: int, what: str = "") -> OSError:
    return OSError(number, what or os.strerror(number))


class Socket(NeverWaits):
    """A TCP or UDP socket of a host.

    Args:
        family: ``AF_INET`` or ``AF_INET6``.
        type: ``SOCK_STREAM`` or ``SOCK_DGRAM``.
        proto: 0, or the protocol that goes with the type.
        host: The host it is on; else the one that is current when it is first used.
    """

    def __init__(
        self,
        family: int = system.AF_INET,
        type: int = system.SOCK_STREAM,  # noqa: A002 - as in the module socket
        proto: int = 0,
        *,
        host: Host | None = None,
    ) -> None:
        super().__init__(0.0 if type & _NONBLOCK else system.getdefaulttimeout())
        self.family: system.AddressFamily = system.AddressFamily(family)
        self.type: system.SocketKind = system.SocketKind(type & ~(_NONBLOCK | _CLOEXEC))
        self.proto = proto
        self.said: Options = Options()
        self._host = host or current.host_or_none()
        self._bridge: Bridge | None = None
        self._local: Address | None = None
        self._cores: list[CoreSocket] = []
        self._state = "new"
        self._watcher: tuple[Context, Callable[[int], None]] | None = None
        self._error = 0
        self.ready: Readiness = Readiness()
        self._descriptor = next(_descriptors)
        _open[self._descriptor] = self

    @classmethod
    def adopt(cls, host: Host, core: CoreSocket, family: int) -> Self:
        """A connected TCP socket of the core, as a socket that nobody watches yet."""
        adopted = cls(family, system.SOCK_STREAM, system.IPPROTO_TCP, host=host)
        adopted._cores, adopted._state = [core], "connected"
        adopted.setblocking(False)
        adopted.ready.happened(READABLE | WRITABLE)
        return adopted

    def __repr__(self) -> str:
        kind = "tcp" if self.type == system.SOCK_STREAM else "udp"
        local, remote = self._local, None
        with contextlib.suppress(EngineError):
            if self._cores:
                local, remote = self._cores[0].local(), self._cores[0].remote()
        here, there = ("{}:{}".format(*one) if one else "nowhere" for one in (local, remote))
        return f"<usernet {kind} socket {here} -> {there}, {self._state}>"

    def __hash__(self) -> int:
        # Its number, not its place in memory: sets of them have one order in every run.
        return self._descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # ---- what it is ----

    @property
    def host(self) -> Host:
        """The host it is on.

        Raises:
            NoHostError: It was made for no host, and none is current.
        """
        if self._host is None:
            self._host = current.current_host()
        return self._host

    @property
    def core(self) -> CoreSocket:
        """The core's socket.

        Raises:
            OSError: It has none: it is closed (``EBADF``) or not connected (``ENOTCONN``).
        """
        if not self._cores:
            raise _error(errno.EBADF if self._state == "closed" else errno.ENOTCONN)
        return self._cores[0]

    @property
    def is_listening(self) -> bool:
        """Whether it waits for connections."""
        return self._state == "listening"

    def fileno(self) -> int:
        """A descriptor for `add_reader` and `add_writer` of the loop; -1 when closed."""
        return -1 if self._state == "closed" else self._descriptor

    def getsockname(self) -> SocketAddress:
        """Its own address."""
        self.reserve()
        local = self._cores[0].local() if self._cores else self._local
        if self._state == "closed":
            raise _error(errno.EBADF)
        return show(local or _ANY[self.family], self.family)

    def getpeername(self) -> SocketAddress:
        """The peer's address."""
        remote = self.core.remote() if self._state == "connected" else None
        if remote is None:
            raise _error(errno.ENOTCONN)
        return show(remote, self.family)

    # ---- how it is to behave ----

    def setsockopt(
        self, level: int, name: int, value: Value | bytearray | None, length: int = 0
    ) -> None:
        """Set an option: those of tcp(7), ip(7), socket(7) that mean something here."""
        given = bytes(length) if value is None else value
        plain = bytes(given) if isinstance(given, bytearray) else given
        if self.said.set(level, name, plain):
            for core in self._cores:
                core.set_options(json.dumps(self.said.core))

    def getsockopt(self, level: int, name: int, length: int = 0) -> Value:
        """Read an option."""
        if level == system.SOL_SOCKET and name in _ABOUT:
            return _ABOUT[name](self)
        now = json.loads(self._cores[0].options()) if self._cores else self.said.core
        value = self.said.get(level, name, now)
        if length and isinstance(value, int):
            return value.to_bytes(4, "little")[:length]
        return value

    def take_error(self) -> int:
        """What it has failed with, once: an errno, or 0."""
        number, self._error = self._error, 0
        return number or next((n for core in self._cores if (n := core.take_error())), 0)

    # ---- how it comes about ----

    def bind(self, address: object) -> None:
        """Take a local address; TCP does so when it connects or listens."""
        if self._local is not None or self._state != "new":
            raise _error(errno.EINVAL)
        local = to_core(address, self.family)
        if self.type == system.SOCK_DGRAM:
            self._bind_datagram(local, None)
        self._local = local

    def open(self) -> None:
        """Have a UDP socket that was bound to nothing take any free port."""
        if self.type == system.SOCK_DGRAM and not self._cores:
            self._bind_datagram(_ANY[self.family], None)

    def _bind_datagram(self, local: Address, remote: Address | None) -> None:
        engine, options = self.host.network.engine, self._options()
        first = engine.bind(self.host.name, local, remote, options)
        self._take([first], "connected" if remote else "bound")
        bound = first.local()
        if self._is_dual(local) and remote is None and bound is not None:
            self._take([first, self._twin(bound[1])], "bound")

    def _twin(self, port: int) -> CoreSocket:
        """The half of a socket of both families that speaks IPv4."""
        engine = self.host.network.engine
        return engine.bind(self.host.name, ("0.0.0.0", port), None, self._options())

    def _is_dual(self, local: Address) -> bool:
        return self.family == system.AF_INET6 and local[0] == "::" and not self.said.v6only

    def reserve(self) -> None:
        """Find the free port that a TCP socket bound to port 0 is to have."""
        if self._local is not None and self._local[1] == 0 and not self._cores:
            self.check()

    def check(self) -> None:
        """Find out whether a TCP socket can have the address that it was bound to.

        Raises:
            OSError: It is taken, or not the host's.
        """
        if self.type == system.SOCK_STREAM and self._local is not None and not self._cores:
            engine = self.host.network.engine
            holder = engine.listen(self.host.name, self._local, 1, self._options())
            self._local = holder.local() or self._local
            holder.close()

    def listen(self, backlog: int = 128) -> None:
        """Wait for connections."""
        if self.type != system.SOCK_STREAM:
            raise _error(errno.EOPNOTSUPP)
        if self._state == "listening":
            return
        local = self._local or _ANY[self.family]
        engine, name, options = self.host.network.engine, self.host.name, self._options()
        first = engine.listen(name, local, max(backlog, 1), options)
        cores = [first]
        bound = first.local()
        if self._is_dual(local) and bound is not None:
            cores.append(engine.listen(name, ("0.0.0.0", bound[1]), max(backlog, 1), options))
        self._take(cores, "listening")

    def connect(self, address: object) -> None:
        """Begin to connect; UDP is connected at once."""
        remote = to_core(address, self.family)
        if self.type == system.SOCK_DGRAM:
            bound = self._cores[0].local() if self._cores else None
            self._drop_cores()
            self._bind_datagram(towards(remote, bound) or any_towards(remote), remote)
            return
        if self._state != "new":
            is_under_way = self._state == "connecting"
            raise _error(errno.EALREADY if is_under_way else errno.EISCONN)
        if self.getblocking():
            self.would_block("connect")
        self.reserve()
        engine = self.host.network.engine
        local = towards(remote, self._local)
        core = engine.connect(self.host.name, remote, local, self._options())
        self._take([core], "connecting")
        raise _error(errno.EINPROGRESS)

    def connect_ex(self, address: object) -> int:
        """As `connect`, with the errno as result."""
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or errno.EINVAL
        return 0

    def accept(self) -> tuple[Socket, SocketAddress]:
        """Take a connection that waits."""
        if self._state != "listening":
            raise _error(errno.EINVAL)
        accepted = self.accept_core()
        if accepted is None:
            self.would_block("accept")
        connection = Socket.adopt(self.host, accepted, self.family)
        connection._watch(accepted)
        connection.settimeout(system.getdefaulttimeout())
        return connection, connection.getpeername()

    def accept_core(self) -> CoreSocket | None:
        """Take a connection that waits, bare; None where none does."""
        for core in self._cores:
            accepted = core.accept()
            if accepted is not None:
                return accepted
        self.ready.nothing_to_read()
        return None

    # ---- what it carries ----

    def send(self, data: Buffer, flags: int = 0) -> int:
        """Send what there is room for; a datagram whole or not at all."""
        size = memoryview(data).nbytes
        sent = self._connected("send").send(data)
        if sent < size:
            self.ready.no_room()
        if sent == 0 and size:
            self.would_block("send")
        self.host.network.bridge.soon()
        return sent

    def sendall(self, data: Buffer, flags: int = 0) -> None:
        """Send all of it; where there is not room for all, it would block."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view) :]

    def sendto(self, data: Buffer, *where: object) -> int:
        """Send a datagram: ``sendto(data, address)`` or ``sendto(data, flags, address)``."""
        if self.type != system.SOCK_DGRAM or self._state == "connected":
            return self.send(data)
        remote = to_core(self.host.resolved(where[-1], self.family), self.family)
        if not self.send_datagram(data, remote):
            self.ready.no_room()
            self.would_block("sendto")
        return memoryview(data).nbytes

    def send_datagram(self, data: Buffer, remote: Address) -> bool:
        """Send a datagram to an address of the core; False where there is no room."""
        if not self._cores:
            self.open()
        wanted = len(self._cores) > 1 and ":" not in remote[0]
        sent = self._cores[wanted].send_to(data, remote)
        self.host.network.bridge.soon()
        return sent

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive up to that many bytes, or a datagram cut to them."""
        if self.type == system.SOCK_DGRAM:
            return self.recvfrom(size)[0]
        data = self._connected("recv").receive(size)
        if data is None:
            self.ready.nothing_to_read()
            self.would_block("recv")
        return data

    def recv_into(self, buffer: Buffer, size: int = 0, flags: int = 0) -> int:
        """Receive into a buffer."""
        view = memoryview(buffer).cast("B")
        view = view[:size] if size else view
        if self.type == system.SOCK_DGRAM:
            data = self.recvfrom(len(view))[0]
            view[: len(data)] = data
            return len(data)
        count = self._connected("recv_into").receive_into(view)
        if count is None:
            self.ready.nothing_to_read()
            self.would_block("recv_into")
        return count

    def _connected(self, call: str) -> CoreSocket:
        """The core's socket, once it stands."""
        core = self.core
        if self._state == "connecting":
            self.would_block(call)
        return core

    def recvfrom(self, size: int, flags: int = 0) -> tuple[bytes, SocketAddress | None]:
        """Receive a datagram, cut to that many bytes, and from whom it came."""
        if self.type == system.SOCK_STREAM:
            return self.recv(size), None
        got = self.receive_datagram()
        if got is None:
            self.would_block("recvfrom")
        return got[0][:size], show(got[1], self.family)

    def receive_datagram(self) -> tuple[bytes, Address] | None:
        """The next datagram, and its sender as the core names it; None where none waits."""
        for core in self._cores:
            got = core.receive_from()
            if got is not None:
                return got
        self.ready.nothing_to_read()
        return None

    def recvfrom_into(self, buffer: Buffer, size: int = 0) -> tuple[int, SocketAddress | None]:
        """Receive a datagram into a buffer."""
        view = memoryview(buffer).cast("B")
        data, sender = self.recvfrom(size or len(view))
        view[: len(data)] = data
        return len(data), sender

    # ---- how it ends ----

    def shutdown(self, how: int) -> None:
        """Finish sending; there is no way to refuse what the peer sends, short of closing."""
        if self._state != "connected":
            raise _error(errno.ENOTCONN)
        if how != system.SHUT_RD:
            self.core.shutdown()

    def close(self) -> None:
        """Close; what was sent before still goes out."""
        if self._state == "closed":
            return
        self._drop_cores()
        self._state = "closed"
        self.ready.happened(GONE)
        _open.pop(self._descriptor, None)

    def _drop_cores(self) -> None:
        cores, self._cores = self._cores, []
        for core in cores:
            if self.said.aborts:
                core.abort()
            else:
                core.close()
        if cores and self._bridge is not None:
            for core in cores:
                self._bridge.forget(core.key)
            self._bridge.soon()

    # ---- who waits for it ----

    def hand_over(self) -> CoreSocket:
        """The core's socket of a connection, for a transport that watches it from now on."""
        core = self.core
        if self._bridge is not None:
            self._bridge.forget(core.key)
        return core

    def _take(self, cores: list[CoreSocket], state: str) -> None:
        known = {core.key for core in self._cores}
        self._cores, self._state = cores, state
        if state in ("bound", "connected"):
            self.ready.happened(WRITABLE)
        for core in cores:
            if core.key not in known:
                self._watch(core)

    def watched_by(self, context: Context, on_events: Callable[[int], None]) -> None:
        """Have this called with the flags of each event, in this context, in place of `ready`."""
        self._watcher = context, on_events
        for core in self._cores:
            self._watch(core)

    def _watch(self, core: CoreSocket) -> None:
        context, on_events = self._watcher or (contextvars.copy_context(), self._happened)
        self._bridge = self.host.network.bridge
        self._bridge.watch(core.key, context, on_events)

    def _happened(self, flags: int) -> None:
        if self._state == "connecting":
            self._finish_connecting(flags)
        self.ready.happened(flags)

    def _finish_connecting(self, flags: int) -> None:
        if flags & GONE:
            self._error, self._state = errno.ECONNABORTED, "failed"
        elif flags & CONNECTED:
            self._state = "connected"
        elif flags & FAILED:
            self._error, self._state = self.core.take_error() or errno.ECONNABORTED, "failed"

    def _options(self) -> str:
        return json.dumps(self.said.core)


_ABOUT: dict[int, Callable[[Socket], int]] = {
    system.SO_ERROR: Socket.take_error,
    system.SO_TYPE: lambda socket: int(socket.type),
    system.SO_DOMAIN: lambda socket: int(socket.family),
    system.SO_PROTOCOL: lambda socket: socket.proto,
    system.SO_ACCEPTCONN: lambda socket: int(socket.is_listening),
}
