"""Network namespaces and the programs in them: places for traffic that touches nobody's network."""

from usernet.sandbox.command import Command, Ended
from usernet.sandbox.namespace import Namespace
from usernet.sandbox.path import CLIENT, SERVER, Path, path

__all__ = ["CLIENT", "SERVER", "Command", "Ended", "Namespace", "Path", "path"]
