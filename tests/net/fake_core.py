"""An ideal network behind the border: what `usernet._core` promises, in Python, for virtual time.

Every packet takes `delay`; nothing is lost. A send takes what there is room for, and what was sent
is acknowledged when the reader has it. It is what the loop and the transports are tested against.
"""

from __future__ import annotations

import errno
import heapq
import itertools
import json
import os
from collections import deque
from typing import TYPE_CHECKING

from usernet.errors import EscapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Buffer

READABLE, WRITABLE, CONNECTED, FINISHED, FAILED, FLUSHED = 1, 2, 4, 8, 16, 32
Address = tuple[str, int]
UNSPECIFIED = {"0.0.0.0", "::"}


def fail(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class Engine:
    """Hosts by name, each with its addresses, on one wire."""

    def __init__(self, hosts: dict[str, list[str]], *, delay: int = 1_000_000) -> None:
        self.hosts = hosts
        self.delay = delay
        self.buffer = 64 * 1024
        self._now = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._events: dict[int, int] = {}
        self._bound: dict[tuple[str, str, str, int], Socket] = {}
        self._ports = itertools.count(49152)
        self._keys = itertools.count(1)
        self.sockets: dict[int, Socket] = {}

    def at(self, delay: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._now + delay, next(self._count), do))

    def event(self, socket: Socket, flags: int) -> None:
        if socket.key in self.sockets:
            self._events[socket.key] = self._events.get(socket.key, 0) | flags

    def now(self) -> int:
        return self._now

    def next_deadline(self) -> int | None:
        return self._due[0][0] if self._due else None

    def advance(self, until: int) -> None:
        while self._due and self._due[0][0] <= until:
            self._now, _, do = heapq.heappop(self._due)
            do()
        self._now = until

    def advance_to_event(self, until: int) -> bool:
        while not self._events and self._due and self._due[0][0] <= until:
            self.advance(self._due[0][0])
        if not self._events:
            self._now = until
        return bool(self._events)

    def fileno(self) -> int:
        raise NotImplementedError

    def drain(self) -> list[tuple[int, int]]:
        events, self._events = self._events, {}
        return list(events.items())

    def source_for(self, host: str, remote: str) -> str:
        for own in self.hosts[host]:
            if (":" in own) == (":" in remote):
                return own
        raise fail(errno.ENETUNREACH)

    def place(self, host: str, kind: str, local: Address, socket: Socket) -> Address:
        address, port = local
        if address not in UNSPECIFIED and address not in self.hosts[host]:
            raise fail(errno.EADDRNOTAVAIL)
        port = port or next(self._ports)
        if (host, kind, address, port) in self._bound:
            raise fail(errno.EADDRINUSE)
        self._bound[host, kind, address, port] = socket
        socket.places.append((host, kind, address, port))
        return address, port

    def find(self, kind: str, remote: Address) -> Socket | None:
        for host, addresses in self.hosts.items():
            if remote[0] in addresses:
                wild = "::" if ":" in remote[0] else "0.0.0.0"
                exact = self._bound.get((host, kind, *remote))
                return exact or self._bound.get((host, kind, wild, remote[1]))
        return None

    def release(self, socket: Socket) -> None:
        for place in socket.places:
            self._bound.pop(place, None)

    def connect(self, host: str, remote: Address, local: Address | None, options: str) -> Socket:
        source = self.source_for(host, remote[0])
        socket = Socket(self, host, options)
        wanted = local or (source, 0)
        socket.here = self.place(host, "tcp", (wanted[0], wanted[1]), socket)
        if socket.here[0] in UNSPECIFIED:
            socket.here = source, socket.here[1]
        socket.there = remote
        self.at(self.delay, lambda: self._syn(socket, remote))
        return socket

    def _syn(self, client: Socket, remote: Address) -> None:
        listener = self.find("tcp", remote)
        if listener is None or not listener.listening:
            self.at(self.delay, lambda: client.fail(errno.ECONNREFUSED))
            return
        server = Socket(self, listener.host, listener.options())
        server.here, server.there = remote, client.here
        server.peer, client.peer = client, server
        server.connected = True
        listener.backlog.append(server)
        self.event(listener, READABLE)
        self.at(self.delay, client.establish)

    def listen(self, host: str, local: Address, backlog: int, options: str) -> Socket:
        socket = Socket(self, host, options)
        socket.here = self.place(host, "tcp", local, socket)
        socket.listening = True
        return socket

    def bind(self, host: str, local: Address, remote: Address | None, options: str) -> Socket:
        socket = Socket(self, host, options)
        if remote is not None and local[0] in UNSPECIFIED:
            local = self.source_for(host, remote[0]), local[1]
        socket.here = self.place(host, "udp", local, socket)
        socket.there = remote
        socket.datagram = True
        return socket

    def echo(self, host: str, options: str) -> Socket:
        socket = Socket(self, host, options)
        socket.datagram = socket.echoes = True
        return socket

    def statistics(self) -> str:
        owners = [socket.host for socket in self.sockets.values()]
        plain = dict.fromkeys(("forwarded", "sockets_refused", "memory", "memory_used"), 0)
        apps = {
            host: {
                "kind": "host",
                "interfaces": {},
                "dropped": {},
                "sockets": {"listen": owners.count(host)},
                **plain,
            }
            for host in self.hosts
        }
        names = ("breaths", "generation", "packets_lent", "pool_bytes", "packets_refused")
        counted = {"time_ns": self._now, **dict.fromkeys(names, 0)}
        return json.dumps({"apps": apps, "links": {}, **counted})

    def log(self) -> bytes:
        return b""


class Socket:
    """A socket of a host: both ends of a connection call each other, a delay later."""

    def __init__(self, engine: Engine, host: str, options: str) -> None:
        self.engine, self.host = engine, host
        self.key = next(engine._keys)
        engine.sockets[self.key] = self
        self._options: dict[str, object] = json.loads(options)
        self.places: list[tuple[str, str, str, int]] = []
        self.here: Address | None = None
        self.there: Address | None = None
        self.peer: Socket | None = None
        self.listening = self.connected = self.datagram = self.echoes = False
        self.backlog: deque[Socket] = deque()
        self.outgoing = bytearray()
        self.under_way = 0
        self.shut = self.fin_sent = self.fin_seen = self.gone = False
        self.incoming = bytearray()
        self.datagrams: deque[tuple[bytes, Address]] = deque()
        self.error = 0
        self.hungry = True

    def establish(self) -> None:
        self.connected = True
        self.engine.event(self, CONNECTED | WRITABLE)
        self._pump()

    def fail(self, number: int) -> None:
        self.error = number
        self.engine.event(self, FAILED)

    def accept(self) -> Socket | None:
        return self.backlog.popleft() if self.backlog else None

    def send(self, data: Buffer) -> int:
        if self.datagram:
            assert self.there is not None
            return memoryview(data).nbytes if self.send_to(data, self.there) else 0
        self._check()
        if self.shut:
            raise fail(errno.EPIPE)
        room = self.engine.buffer - len(self.outgoing) - self.under_way
        taken = bytes(memoryview(data).cast("B")[: max(room, 0)])
        self.hungry = self.hungry or len(taken) < memoryview(data).nbytes
        self.outgoing += taken
        self._pump()
        return len(taken)

    def _check(self) -> None:
        if self.error:
            number, self.error = self.error, 0
            self.gone = True
            raise fail(number)
        if self.gone:
            raise fail(errno.EPIPE)

    def _pump(self) -> None:
        if not self.connected or self.peer is None:
            return
        room = max(self.engine.buffer - len(self.peer.incoming) - self.under_way, 0)
        piece, self.outgoing = bytes(self.outgoing[:room]), self.outgoing[room:]
        if piece:
            self.under_way += len(piece)
            self.engine.at(self.engine.delay, lambda: self._arrive(piece))
        if self.shut and not self.outgoing and not self.fin_sent:
            self.fin_sent = True
            self.engine.at(self.engine.delay, self._fin)

    def _arrive(self, piece: bytes) -> None:
        peer = self.peer
        assert peer is not None
        if peer.key not in self.engine.sockets:
            self.engine.at(self.engine.delay, self._reset)
            return
        peer.incoming += piece
        self.engine.event(peer, READABLE)
        self.engine.at(self.engine.delay, lambda: self._acknowledged(len(piece)))

    def _acknowledged(self, count: int) -> None:
        self.under_way -= count
        if self.hungry:
            self.hungry = False
            self.engine.event(self, WRITABLE)
        if self.unacknowledged() == 0:
            self.engine.event(self, FLUSHED)
        self._pump()

    def _fin(self) -> None:
        peer = self.peer
        assert peer is not None
        peer.fin_seen = True
        self.engine.event(peer, READABLE | FINISHED)

    def _reset(self) -> None:
        self.outgoing.clear()
        self.connected = False
        self.fail(errno.ECONNRESET)

    def receive(self, limit: int) -> bytes | None:
        if self.datagram:
            return self.datagrams.popleft()[0][:limit] if self.datagrams else None
        if not self.incoming:
            if self.fin_seen:
                return b""
            self._check()
            return None
        data, self.incoming = bytes(self.incoming[:limit]), self.incoming[limit:]
        if self.peer is not None:
            self.engine.at(self.engine.delay, self.peer._pump)
        return data

    def readable(self) -> int:
        return len(self.incoming)

    def receive_into(self, into: Buffer) -> int | None:
        data = self.receive(memoryview(into).nbytes)
        if data is None:
            return None
        memoryview(into)[: len(data)] = data
        return len(data)

    def send_to(self, data: Buffer, remote: Address) -> bool:
        if self.error:
            self._check()
        source = self.engine.source_for(self.host, remote[0])
        sender = (source, self.here[1] if self.here else 0)
        copy = bytes(memoryview(data))
        if self.echoes:
            arrive = lambda: self._datagram(copy, remote)  # noqa: E731
            if any(remote[0] in addresses for addresses in self.engine.hosts.values()):
                self.engine.at(2 * self.engine.delay, arrive)
            return True
        self.engine.at(self.engine.delay, lambda: self._deliver(copy, sender, remote))
        return True

    def _deliver(self, data: bytes, sender: Address, remote: Address) -> None:
        target = self.engine.find("udp", remote)
        if target is None:
            if self.there is not None:
                self.engine.at(self.engine.delay, lambda: self.fail(errno.ECONNREFUSED))
        elif target.there in (None, sender):
            target._datagram(data, sender)

    def _datagram(self, data: bytes, sender: Address) -> None:
        self.datagrams.append((data, sender))
        self.engine.event(self, READABLE)

    def receive_from(self) -> tuple[bytes, Address] | None:
        if self.error:
            number, self.error = self.error, 0
            raise fail(number)
        return self.datagrams.popleft() if self.datagrams else None

    def take_report(self) -> tuple[str, tuple[int, int], Address, int] | None:
        return None

    def shutdown(self) -> None:
        self.shut = True
        self._pump()

    def close(self) -> None:
        if self.incoming and self.peer is not None and not self.fin_seen:
            self.abort()
            return
        if self.key in self.engine.sockets:
            self.shutdown()
            self._forget()

    def abort(self) -> None:
        if self.key in self.engine.sockets:
            self._forget()
            peer = self.peer
            if peer is not None and not self.gone:
                self.engine.at(self.engine.delay, peer._reset)

    def _forget(self) -> None:
        self.engine.release(self)
        self.engine.sockets.pop(self.key, None)
        self.engine._events.pop(self.key, None)
        _abort_all(self.backlog)

    def local(self) -> Address | None:
        return self.here

    def remote(self) -> Address | None:
        return self.there

    def unacknowledged(self) -> int:
        return len(self.outgoing) + self.under_way

    def splice(self, fd: int) -> None:
        raise EscapeError("virtual time")

    def spliced(self) -> tuple[int, int, str]:
        return 0, 0, "open"

    def wait_connected(self, timeout: float) -> int | None:
        raise fail(errno.EINVAL)

    def take_error(self) -> int:
        number, self.error = self.error, 0
        return number

    def options(self) -> str:
        return json.dumps(self._options)

    def set_options(self, options: str) -> None:
        self._options.update(json.loads(options))

    def info(self) -> str:
        return json.dumps({"state": "established", "srtt": 2 * self.engine.delay})


def _abort_all(sockets: Iterable[Socket]) -> None:
    for socket in sockets:
        socket.abort()
