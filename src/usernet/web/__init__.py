"""The HTTP API of a running line, and its page: one more way to its `Control`."""

from usernet.web.server import Server
from usernet.web.token import Token

__all__ = ["Server", "Token"]
