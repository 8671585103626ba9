"""Network namespaces and the programs in them: places for traffic that touches nobody's network."""

from usernet.sandbox.command import Command, Ended
from usernet.sandbox.namespace import Namespace
from usernet.sandbox.path import CLIENT, PROGRAM, SERVER, Path, path
from usernet.sandbox.traffic import Datagram, Transfer, datagrams, download, stream

__all__ = [
    "CLIENT",
    "PROGRAM",
    "SERVER",
    "Command",
    "Datagram",
    "Ended",
    "Namespace",
    "Path",
    "Transfer",
    "datagrams",
    "download",
    "path",
    "stream",
]
