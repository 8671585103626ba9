"""Owners: which processes of a network have which conversations (proc_net(5), proc_pid_fd(5))."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.sandbox.leftovers import inhabitants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from usernet.engine.conversation import Conversation

__all__ = ["owners"]

_TCP, _UDP = int(socket.IPPROTO_TCP), int(socket.IPPROTO_UDP)
_TABLES = {"tcp": _TCP, "tcp6": _TCP, "udp": _UDP, "udp6": _UDP}
_LINK = re.compile(r"socket:\[(\d+)\]")

_End = tuple[str, int]
_ANYWHERE: _End = ("", 0)


def owners(
    network: int, conversations: Iterable[Conversation]
) -> Mapping[Conversation, frozenset[str]]:
    """What the processes are called that have these conversations; nobody where none is found.

    A process is called as its program's file is, and as it calls itself (comm, proc_pid_comm(5)).
    A datagram socket without a peer has all that its port has.

    Args:
        network: The inode number of their network namespace.
        conversations: Which; of TCP and UDP, for of others nobody is ever found.
    """
    pids = inhabitants(network)
    sockets = _sockets(pids)
    wanted = {conversation: _inodes(sockets, conversation) for conversation in conversations}
    holders = _holders(pids, {inode for inodes in wanted.values() for inode in inodes})
    return {
        conversation: frozenset(name for inode in inodes for name in holders.get(inode, ()))
        for conversation, inodes in wanted.items()
    }


_Sockets = dict[tuple[int, _End, _End], set[int]]


def _inodes(sockets: _Sockets, conversation: Conversation) -> set[int]:
    """The sockets that hear a conversation: the most particular ones."""
    local, remote = conversation.local, conversation.remote
    everywhere = ("", local[1])
    found: set[int] = set()
    for to in (remote, _ANYWHERE):
        for at in (local, everywhere):
            found = found or sockets.get((conversation.protocol, at, to), set())
    return found


def _sockets(pids: Iterable[int]) -> _Sockets:
    """The sockets of a network, as any of its processes sees them."""
    for pid in pids:
        found: _Sockets = {}
        with contextlib.suppress(OSError):
            for table, protocol in _TABLES.items():
                for local, remote, inode in _rows(Path(f"/proc/{pid}/net/{table}").read_text()):
                    found.setdefault((protocol, local, remote), set()).add(inode)
            return found
    return {}


def _rows(table: str) -> Iterator[tuple[_End, _End, int]]:
    for line in table.splitlines()[1:]:
        words = line.split()
        inode = int(words[9])
        if inode:  # none where it belongs to nobody any more
            yield _end(words[1]), _end(words[2]), inode


def _end(text: str) -> _End:
    """An address in words of the machine's order, and a port; none where it is any."""
    address, _, port = text.partition(":")
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    parsed = ipaddress.ip_address(packed)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return "" if parsed.is_unspecified else str(parsed), int(port, 16)


def _holders(pids: Iterable[int], inodes: set[int]) -> dict[int, set[str]]:
    """The names of the processes that hold these sockets."""
    found: dict[int, set[str]] = {}
    for pid in pids:
        if not inodes:
            break
        for inode in inodes.intersection(_held(pid)):
            found.setdefault(inode, set()).update(_names(pid))
    return found


def _held(pid: int) -> Iterator[int]:
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                if link := _LINK.fullmatch(os.readlink(f"{folder}/{name}")):
                    yield int(link[1])


def _names(pid: int) -> set[str]:
    names: set[str] = set()
    with contextlib.suppress(OSError):
        names.add(Path(f"/proc/{pid}/comm").read_text().removesuffix("\n"))
    with contextlib.suppress(OSError):
        names.add(os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)"))
    return names
